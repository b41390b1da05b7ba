"""Copies among independent work, and the index."""

import random
import subprocess
import sys
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from autograder.course.similarity.comparison import FEW, LITTLE, Index, compare
from autograder.course.similarity.fingerprints import LENGTH, WINDOW, Baseline, grams, winnowed
from autograder.course.similarity.tokens import Token
from tests.project.course.similarity import corpus
from tests.project.course.similarity.conftest import Disguised, Prints, Works


def made(count: int, rng: random.Random) -> Prints:
    """Works of which each has some fingerprints of its own, and some of a few that many have."""
    return {
        f"work{number}": np.array(sorted({*rng.sample(range(1000), 40), *rng.sample(range(2000, 2060), 25)}), np.uint64)
        for number in range(count)
    }


def test_independent_work_is_not_reported(prints: Prints) -> None:
    assert compare(prints).matches == ()


@pytest.mark.parametrize("disguise", corpus.DISGUISES)
@pytest.mark.parametrize("name", ["careful", "habits"])
def test_each_disguise_is_seen_through(name: str, disguise: str, disguised: Disguised, prints_of_parts: Prints) -> None:
    matches = compare(prints_of_parts | {"copy": disguised(name, disguise)}).matches
    assert [(match.one, match.other) for match in matches] in ([("copy", name)], [(name, "copy")])
    assert min(matches[0].share, matches[0].other_share) > 0.7


def test_a_copy_of_four_files_is_found(baseline: Baseline, prints: Prints, rewrites: Works) -> None:
    copy = corpus.some_files(rewrites["explicit"], rewrites["careful"], random.Random(1), count=4)
    matches = compare({**prints, "explicit": baseline.fingerprints(copy)}).matches
    assert {match.one for match in matches} | {match.other for match in matches} == {"careful", "explicit"}


def test_handout_and_solution_have_no_fingerprints(baseline: Baseline) -> None:
    assert not len(baseline.fingerprints(corpus.handout()))
    assert not len(baseline.fingerprints(corpus.DISGUISES["renamed"](corpus.solution(), random.Random(1))))


def test_a_file_with_a_mistake_still_matches(baseline: Baseline, prints_of_parts: Prints, parts: Works) -> None:
    broken = {path: content + b"\ndef f(:\n" for path, content in parts["terse"].items()}
    assert len(compare(prints_of_parts | {"copy": baseline.fingerprints(broken)}).matches) == 1


def test_the_index_gives_what_comparing_each_pair_gives() -> None:
    works = made(30, random.Random(1))
    index = Index(works, {})
    counts = Counter(int(number) for numbers in works.values() for number in numbers)

    def weight(number: int) -> float:
        count = counts[number]
        rarity = max(np.log(29 / (max(count, 2) - 1.5)), 0)
        return float(rarity * (1 if count <= max(FEW, 3) else LITTLE if count <= 15 else 0))

    assert len(index.common) > 10
    for (one, first), (other, second) in combinations(enumerate(sorted(works)), 2):
        expected = sum(map(weight, {*works[first].tolist()} & {*works[second].tolist()}))
        assert index.scores(one)[other] == pytest.approx(expected, abs=1e-4)


def test_the_order_of_works_changes_nothing() -> None:
    works = made(25, random.Random(2))
    turned = dict(reversed(works.items()))
    assert compare(works, threshold=-9) == compare(turned, threshold=-9)
    assert compare(works, threshold=-9).matches


def test_what_many_write_alike_counts_little() -> None:
    rng = random.Random(3)
    works = made(40, rng)
    rare, usual = np.arange(5000, 5040, dtype=np.uint64), np.arange(6000, 6040, dtype=np.uint64)
    for name in works:
        works[name] = np.union1d(works[name], usual[: 40 if int(name[4:]) < 20 else 0])
    for name in ("work1", "work2"):
        works[name] = np.union1d(works[name], rare)
    first, *others = compare(works, threshold=-9).matches
    assert {first.one, first.other} == {"work1", "work2"}
    assert first.score > 3 * others[0].score


def test_earlier_works_are_compared_with_the_class_alone() -> None:
    works = made(6, random.Random(4))
    copied = made(1, random.Random(5))["work0"]
    now, before = works | {"now": copied}, {"a/1": copied, "a/2": copied}
    comparison = compare(now, before, threshold=-9)
    pairs = {(match.one, match.other) for match in comparison.matches}
    assert {("now", "a/1"), ("now", "a/2")} <= pairs
    assert not any(one.startswith("a/") for one, _ in pairs)
    assert comparison.pairs == 7 * 6 // 2 + 7 * 2


def test_works_of_one_student_are_not_compared() -> None:
    works = made(6, random.Random(4)) | {"twin": made(6, random.Random(4))["work0"]}
    assert {"twin", "work0"} in [{m.one, m.other} for m in compare(works, threshold=-9).matches]
    matches = compare(works, threshold=-9, same=[["twin", "work0"]]).matches
    assert {"twin", "work0"} not in [{match.one, match.other} for match in matches]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_tiny_class(count: int) -> None:
    copied = np.arange(100, dtype=np.uint64)
    works = {f"work{number}": copied for number in range(count)} | {"empty": np.zeros(0, np.uint64)}
    assert len(compare(works).matches) == (count == 2)


def test_a_shared_run_of_tokens_leaves_a_shared_fingerprint() -> None:
    rng = random.Random(1)
    for _ in range(200):
        run, *rest = (
            [Token(str(rng.random()), 1) for _ in range(count)] for count in (LENGTH + WINDOW - 1, 5, 9, 3, 30)
        )
        assert {*winnowed(grams(rest[0] + run + rest[1]))} & {*winnowed(grams(rest[2] + run + rest[3]))}


def test_fingerprints_do_not_depend_on_the_process() -> None:
    source = b"x = {a.b(): [c.d, 2] for a in range(3) if a and c}"
    program = (
        "from autograder.course.similarity.fingerprints import Baseline as B; "
        f"print(*B(frozenset(), frozenset()).fingerprints({{'a.py': {source!r}}}))"
    )
    environment = {"PYTHONHASHSEED": "1"}  # this process has another one, most likely a random one
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, env=environment, cwd=corpus.ROOT
    )
    here = Baseline(frozenset(), frozenset()).fingerprints({"a.py": source})
    assert [*map(int, run.stdout.split())] == here.tolist() != []
