"""Measures how well copies are told from independent work, beside copydetect, and what a large class costs.

    python -m tests.project.course.similarity.measure [--class-size 60] [--seed 2]
    python -m tests.project.course.similarity.measure --groups [--class-size 60]
    python -m tests.project.course.similarity.measure --speed 2000

Each source of a copy is a rewrite by a person. The class around it is made from the *other* rewrites and the solution,
and the copier's own part is that of a classmate. A pair of copier and source is positive, every other pair negative.
Precision and recall are at the default thresholds. "First" does not depend on a threshold: the copies that score higher
than every other pair of their class. copydetect gets handout and solution as boilerplate and compares works as one file
each. Made classmates share whole functions, which it has no means to know as common.
"""

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from autograder.course.similarity.comparison import THRESHOLD, Index, compare
from autograder.course.similarity.fingerprints import Baseline, Files
from autograder.course.similarity.groups import SAME
from autograder.course.similarity.report import find
from autograder.course.similarity.works import Work
from tests.project.course.similarity import corpus

Pairs = set[frozenset[str]]
Scores = dict[frozenset[str], float]
DISPLAYED = 0.33  # copydetect's default: the share of a file's tokens that match
SAMPLES = 5  # copies of each work in each disguise, for groups
MADE = 120  # works that are made one by one for a large class
NOISE = 25  # copydetect's default: the shortest match, in characters, and with no window


class Case(NamedTuple):
    """A class with one copier."""

    kind: str
    mates: dict[str, Files]
    others: dict[str, Files]  # the sources, and the copier under "copy"
    copied: Pairs


class Tally(NamedTuple):
    """Copies that were told, other pairs that were, copies that were not, and copies above every other pair."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    first: int = 0

    def plus(self, scores: Scores, threshold: float, copied: Pairs) -> "Tally":
        told = {pair for pair, score in scores.items() if score >= threshold}
        highest = max((score for pair, score in scores.items() if pair not in copied), default=0)
        first = sum(scores.get(pair, -np.inf) > highest for pair in copied)
        right = len(told & copied)
        missed = len(copied) - right
        return Tally(self.right + right, self.wrong + len(told) - right, self.missed + missed, self.first + first)

    def __str__(self) -> str:
        told = self.right + self.wrong
        precision = f"{self.right / told:4.0%}" if told else "   -"
        recall = f"{self.right / (self.right + self.missed):4.0%}" if self.right + self.missed else "   -"
        return f"{precision} {recall} {self.first:3} of {self.right + self.missed:2} {self.wrong:6} wrong"


def cases(size: int, rng: random.Random) -> Iterator[Case]:
    """Each kind of copy from each source."""
    works = corpus.independent()
    for name, source in works.items():
        rest = [work for other, work in works.items() if other != name]
        if size:
            mates = corpus.classmates([*rest, corpus.solution()], size, rng)
        else:
            mates = {other: work for other, work in works.items() if other != name}
        first, *_ = mates
        yield Case("nothing copied", mates, {name: source}, set())
        pair = {frozenset((name, "copy"))}
        for kind, disguise in corpus.DISGUISES.items():
            yield Case(kind, mates, {name: source, "copy": disguise(source, rng)}, pair)
        own = mates[first]
        if size:
            yield Case(
                "a classmate's, disguised",
                mates,
                {"copy": corpus.DISGUISES["all of these"](own, rng)},
                {frozenset((first, "copy"))},
            )
        others = {mate: work for mate, work in mates.items() if mate != first}
        for kind, copy in (
            ("2 of 13 files, disguised", corpus.some_files(own, source, rng)),
            ("4 of 13 files, disguised", corpus.some_files(own, source, rng, 4)),
            ("30% of functions, disguised", corpus.some_functions(own, source, rng, 0.3)),
            ("50% of functions, disguised", corpus.some_functions(own, source, rng, 0.5)),
        ):
            yield Case(kind, others, {name: source, "copy": copy}, pair)
    for (name, source), (second, other) in combinations(works.items(), 2):
        rest = {third: work for third, work in works.items() if third not in (name, second)}
        mates = corpus.classmates([*rest.values(), corpus.solution()], size, rng) if size else rest
        copied = {frozenset((name, "copy")), frozenset((second, "copy"))}
        both = {name: source, second: other, "copy": corpus.two_sources(source, other, rng)}
        yield Case("two sources, disguised", mates, both, copied)


class Ours:
    """This project's comparison, at its default threshold."""

    def __init__(self) -> None:
        self._baseline = Baseline.of(corpus.handout(), corpus.solution())
        self._known: dict[int, NDArray[np.uint64]] = {}

    threshold = THRESHOLD

    def scores(self, case: Case) -> Scores:
        works = {id: self._fingerprints(files) for id, files in {**case.mates, **case.others}.items()}
        matches = compare(works, threshold=-np.inf).matches
        return {frozenset((match.one, match.other)): match.unusual for match in matches}

    def _fingerprints(self, files: Files) -> NDArray[np.uint64]:
        key = hash(frozenset(files.items()))  # a class is compared with many copies
        if key not in self._known:
            self._known[key] = self._baseline.fingerprints(files)
        return self._known[key]


class Copydetect:
    """The package copydetect with its defaults: two works are told where it would display them."""

    def __init__(self) -> None:
        try:
            import copydetect
        except ImportError:
            sys.exit("copydetect is not installed: pip install copydetect, or leave it out with --ours")
        self._package: Any = copydetect
        given = [corpus.handout(), corpus.solution()]
        self._boilerplate = np.unique(np.concatenate([[*self._print(files, []).hashes] for files in given]))
        self._known: dict[int, Any] = {}

    def _print(self, files: Files, boilerplate: Any) -> Any:
        import io

        text = io.StringIO("\n".join(files[path].decode() for path in sorted(files)))
        return self._package.CodeFingerprint("work.py", NOISE, 1, boilerplate, fp=text)

    threshold = DISPLAYED

    def scores(self, case: Case) -> Scores:
        prints = {}
        for id, files in {**case.mates, **case.others}.items():
            key = hash(frozenset(files.items()))
            if key not in self._known:
                self._known[key] = self._print(files, self._boilerplate)
            prints[id] = self._known[key]
        scores = {}
        for one, other in combinations(prints, 2):
            _, shares, _ = self._package.compare_files(prints[one], prints[other])
            scores[frozenset((one, other))] = float(max(shares))
        return scores


def compare_detectors(size: int, seed: int, only_ours: bool) -> None:
    detectors: list[Ours | Copydetect] = [Ours()] if only_ours else [Ours(), Copydetect()]
    tallies: dict[str, list[Tally]] = {}
    for case in tqdm(cases(size, random.Random(seed)), "cases", leave=False, delay=1):
        kinds = tallies.setdefault(case.kind, [Tally()] * len(detectors))
        for number, detector in enumerate(detectors):
            kinds[number] = kinds[number].plus(detector.scores(case), detector.threshold, case.copied)
    around = f"around each copier {size} made classmates" if size else "the rewrites alone"
    print(f"Class: {around}; seed {seed}; threshold {THRESHOLD:g}, copydetect {DISPLAYED:g}")
    print(f"{'precision, recall, first, wrong':30} {'ours':33} {'' if only_ours else 'copydetect'}")
    for kind, row in tallies.items():
        print(f"{kind:30}", *(f"{tally!s:33}" for tally in row))


def measure_groups(size: int, seed: int) -> None:
    """How much is alike, as groups count it, in independent works, and in each work and its disguised copy."""
    baseline, rng = Baseline.of(corpus.handout(), corpus.solution()), random.Random(seed)
    works = corpus.independent()
    made = corpus.classmates([*works.values(), corpus.solution()], size, rng)
    print(f"{SAME:.2f}  and more is nearly the same")
    for kind, group in (("rewrites", works), (f"{size} made classmates", made)):
        alike = _alike({name: baseline.fingerprints(files) for name, files in group.items()})
        print(f"{max(alike, default=0):.2f}  at most, {kind}")
    for kind, disguise in corpus.DISGUISES.items():
        pairs = [{"one": files, "other": disguise(files, rng)} for files in works.values() for _ in range(SAMPLES)]
        alike = [_alike({id: baseline.fingerprints(files) for id, files in pair.items()})[0] for pair in pairs]
        print(f"{min(alike):.2f}  at least, {kind}")


def _alike(prints: dict[str, NDArray[np.uint64]]) -> list[float]:
    index = Index(prints, {})
    return [float(share) for work in range(len(prints)) for share in index.alike(work)[work + 1 :]]


def measure_speed(count: int, seed: int) -> None:
    """Seconds and memory of a class of made works, without making them and without pages.

    To make a work takes longer than to compare it, so all but MADE take each file from a random one of these.
    """
    rng = random.Random(seed)
    sources = [*corpus.independent().values(), corpus.solution()]
    made = corpus.classmates(sources, min(count, MADE), rng)
    works = {id: Work(id, frozenset(), files) for id, files in made.items()}
    pool = [*made.values()]
    for number in range(len(made), count):
        files = {path: rng.choice(pool)[path] + b"\n# " + str(number).encode() for path in pool[0]}
        works[f"student{number:04}"] = Work("", frozenset(), files)
    baseline = Baseline.of(corpus.handout(), corpus.solution())
    before, start = _memory(), time.monotonic()
    found = find(works, {}, baseline, _bar)
    seconds = time.monotonic() - start
    print(f"{len(works)} works, {found.compared:,} pairs: {seconds:.0f} s, at most {_memory()} MiB ({before} before)")


def _memory() -> int:
    """The most memory of this process, in MiB; each of the processes that read code takes less."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _bar(items: Iterable[Any], name: str, total: int) -> Iterable[Any]:
    return tqdm(items, name, total, leave=False, delay=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--class-size", type=int, default=60, help="made classmates; 0: the rewrites alone")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--ours", action="store_true", help="without copydetect")
    parser.add_argument("--groups", action="store_true", help="measure how far copies and independent works are apart")
    parser.add_argument("--speed", type=int, metavar="WORKS", help="measure time and memory instead")
    options = parser.parse_args()
    if options.speed:
        measure_speed(options.speed, options.seed)
    elif options.groups:
        measure_groups(options.class_size, options.seed)
    else:
        compare_detectors(options.class_size, options.seed, options.ours)


if __name__ == "__main__":
    main()
