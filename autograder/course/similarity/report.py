"""What comparing a class found: the groups and pairs to read, and the file in which other commands find them."""

import json
from collections.abc import Collection, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.course.errors import CourseError
from autograder.course.similarity.comparison import COMMON, THRESHOLD, Comparison, Match, compare
from autograder.course.similarity.fingerprints import Baseline, Files
from autograder.course.similarity.groups import groups
from autograder.course.similarity.regions import Lines, Region, regions
from autograder.course.similarity.works import Bar, Works
from harness.files import refusal, replace

NAME = "similarity.json"
MARK = '"similarity_format"'  # in each of our files; no other file is replaced
FORMAT = 2
FEW = 50  # works: fewer are read faster than processes start
SHOWN = 3  # pairs of a group that have a page


class SimilarityError(CourseError):
    """Works that cannot be compared or a report that cannot be read; the message says why, and what to do."""


@dataclass(frozen=True)
class Pair:
    """Two works that share more than independent works of this class do.

    Attributes:
        one, other: identifiers; one of an earlier term begins with the name of its folder and a slash.
        names: who handed them in, for people.
        earlier: whether the other work is of an earlier term.
        score: the weight of what they share; none for a pair of a group, where all fingerprints count alike.
        unusual: how rare the score is, as a power of ten; see `comparison`; none for a pair of a group.
        shares: the score as a share of what each work would share with its twin, from 0 to 1.
        regions: the lines that match.
        page: the name of its page beside the report; "" where it has none.
    """

    one: str
    other: str
    names: tuple[str, str]
    earlier: bool
    score: float | None
    unusual: float | None
    shares: tuple[float, float]
    regions: tuple[Region, ...]
    page: str = ""

    @property
    def files(self) -> list[str]:
        """The files of either work that have a matching region."""
        return sorted({lines.path for region in self.regions for lines in (region.one, region.other)})


@dataclass(frozen=True)
class Group:
    """Works that are nearly the same as a whole, however many they are.

    Attributes:
        ids, names: of each work, first those of the class; see `Pair`.
        pairs: the first work with some of the others.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    pairs: tuple[Pair, ...]

    @property
    def members(self) -> list[tuple[str, str]]:
        """Identifier and name of each work."""
        return list(zip(self.ids, self.names, strict=True))


@dataclass(frozen=True)
class Found:
    """What was compared, how, and which works are to be read.

    Attributes:
        groups: the largest first. The first work of each was compared with the other works of the class in place of
            the whole group, so that copies of one work neither hide one another nor anything else.
        pairs: the most unusual first; `more` others are as unusual as asked for.
        works, earlier: how many works were compared.
        compared: pairs, with one work for each group.
    """

    groups: tuple[Group, ...]
    pairs: tuple[Pair, ...]
    more: int
    works: int
    earlier: int
    compared: int
    threshold: float
    common: float

    @property
    def all_pairs(self) -> list[Pair]:
        """The pairs of groups, and the others."""
        return [pair for group in self.groups for pair in group.pairs] + [*self.pairs]


class _Class:
    """The works of a class and of earlier terms, their fingerprints, and the groups of nearly the same works."""

    def __init__(self, works: Works, earlier: Works, baseline: Baseline, bar: Bar) -> None:
        self._works, self._earlier, self._baseline = {**works, **earlier}, frozenset(earlier), baseline
        self._prints = fingerprints({id: work.files for id, work in self._works.items()}, baseline, bar)
        of_person: dict[str, list[str]] = {}
        for id, work in self._works.items():
            for person in work.people:
                of_person.setdefault(person, []).append(id)
        self._same = [*of_person.values()]
        self.groups = groups(*self._parts(frozenset()), self._same)

    def _parts(self, left_out: Collection[str]) -> tuple[dict[str, NDArray[np.uint64]], dict[str, NDArray[np.uint64]]]:
        """The fingerprints of the class and those of earlier terms."""
        kept = {id: numbers for id, numbers in self._prints.items() if id not in left_out}
        earlier = {id: numbers for id, numbers in kept.items() if id in self._earlier}
        return {id: numbers for id, numbers in kept.items() if id not in earlier}, earlier

    def compare(self, threshold: float, common: float, asked: tuple[str, str] | None = None) -> Comparison:
        """Compare pairs, with what is asked for of each group in its place, or else with its first work."""
        left_out: set[str] = set()
        for group in self.groups:
            left_out |= {*group} - ({*group}.intersection(asked or ()) or {group[0]})
        return compare(*self._parts(left_out), threshold=threshold, common=common, same=self._same, asked=asked)

    def pair(self, match: Match, common: Collection[int], page: str) -> Pair:
        """Look closely at a pair that was compared."""
        shares = match.share, match.other_share
        return self._pair(match.one, match.other, match.score, match.unusual, shares, common, page)

    def same(self, one: str, other: str, common: Collection[int], page: str) -> Pair:
        """Look closely at a pair of a group."""
        first, second = self._prints[one], self._prints[other]
        both = len(np.intersect1d(first, second))
        return self._pair(one, other, None, None, (both / len(first), both / len(second)), common, page)

    def _pair(
        self, one: str, other: str, score: float | None, unusual: float | None, shares: tuple[float, float],
        common: Collection[int], page: str,
    ) -> Pair:  # fmt: skip
        first, second = self._works[one], self._works[other]
        matching = regions(first.files, second.files, self._baseline, common)
        names, earlier = (first.name, second.name), other in self._earlier
        return Pair(one, other, names, earlier, score, unusual, shares, tuple(matching), page)


def find(
    works: Works, earlier: Works, baseline: Baseline, bar: Bar, *,
    threshold: float = THRESHOLD, most: int = 100, common: float = COMMON,
) -> Found:  # fmt: skip
    """Compare a class, and find the lines that match in some pairs of each group and in the most unusual other pairs.

    Args:
        works, earlier: by identifier; no identifier is in both.
        bar: shows progress.
        threshold, common: see `comparison.compare`.
        most: pairs outside groups to look at closely.
    """
    everyone = {**works, **earlier}
    read = _Class(works, earlier, baseline, bar)
    comparison = read.compare(threshold, common)
    page = map("pair-{:03}.html".format, count(1))
    alike = sorted((ids for ids in read.groups if ids[0] in works), key=len, reverse=True)
    same = [
        Group(
            tuple(ids),
            tuple(everyone[id].name for id in ids),
            tuple(read.same(ids[0], other, comparison.common, next(page)) for other in ids[1 : SHOWN + 1]),
        )
        for ids in bar(alike, "groups", len(alike))
    ]
    matches = comparison.matches[:most]
    pairs = [read.pair(match, comparison.common, next(page)) for match in bar(matches, "matching lines", len(matches))]
    more = len(comparison.matches) - len(pairs)
    return Found(tuple(same), tuple(pairs), more, len(works), len(earlier), comparison.pairs, threshold, common)


def find_one(works: Works, earlier: Works, baseline: Baseline, bar: Bar, ids: tuple[str, str], common: float) -> Found:
    """Compare a class, and look closely at one pair, however usual it is."""
    for id in ids:
        if id not in works and id not in earlier:
            raise SimilarityError(f"{id} is no work of this class or of an earlier term; take an id from the report")
    one, other = sorted(ids, key=lambda id: (id in earlier, id))
    if one in earlier or one == other:
        raise SimilarityError(f"{one} and {other}: expected two works, at least one of them of this class")
    read = _Class(works, earlier, baseline, bar)
    comparison = read.compare(THRESHOLD, common, (one, other))
    match = next((match for match in comparison.matches if (match.one, match.other) == (one, other)), None)
    if match is None:
        raise SimilarityError(f"{one} and {other} share nothing that other works do not have, or are the same person's")
    pair = read.pair(match, comparison.common, "")
    return Found((), (pair,), 0, len(works), len(earlier), comparison.pairs, THRESHOLD, common)


def fingerprints(works: Mapping[str, Files], baseline: Baseline, bar: Bar) -> dict[str, NDArray[np.uint64]]:
    """The fingerprints of each work; of many works by several processes."""
    if len(works) < FEW:
        return {id: baseline.fingerprints(works[id]) for id in bar(works, "reading code", len(works))}
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as pool:
        arrays = pool.map(baseline.fingerprints, works.values(), chunksize=8)
        return dict(zip(works, bar(arrays, "reading code", len(works)), strict=True))


def save(found: Found, path: Path) -> None:
    """Write the report.

    Raises:
        SimilarityError: for a file that this command has not made.
    """
    if why := refusal(path, MARK):
        raise SimilarityError(f"{why}; move it away, or name another folder")
    replace(path, (json.dumps({"similarity_format": FORMAT, **asdict(found)}, indent=1) + "\n").encode())


def load(path: Path) -> Found:
    """Read a report.

    Raises:
        SimilarityError: for a file that is missing or no report.
    """
    try:
        content = json.loads(path.read_bytes())
        if content.pop("similarity_format") != FORMAT:
            raise SimilarityError(f"{path} was written by another version: run `python -m autograder similarity` again")
        content["groups"] = tuple(map(_read_group, content["groups"]))
        content["pairs"] = tuple(map(_read_pair, content["pairs"]))
        return Found(**content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SimilarityError(f"{path} cannot be read as a report on similarity: {error}") from None


def _read_group(fields: dict[str, Any]) -> Group:
    return Group(tuple(fields["ids"]), tuple(fields["names"]), tuple(map(_read_pair, fields["pairs"])))


def _read_pair(fields: dict[str, Any]) -> Pair:
    found = [Region(Lines(*one), Lines(*other), tokens) for one, other, tokens in fields["regions"]]
    names, shares = tuple(fields["names"]), tuple(fields["shares"])
    return Pair(**{**fields, "names": names, "shares": shares, "regions": tuple(found)})
