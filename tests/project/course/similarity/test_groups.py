"""Rings of copies, and works that are no ring."""

import random
from itertools import combinations

import numpy as np
import pytest

from autograder.course.similarity.comparison import Index
from autograder.course.similarity.fingerprints import Baseline
from autograder.course.similarity.groups import LEAST, SAME, groups
from tests.project.course.similarity import corpus
from tests.project.course.similarity.conftest import Disguised, Prints, Works


def test_a_class_of_four_rings(prints: Prints) -> None:
    works = {f"{name}{number:02}": numbers for name, numbers in prints.items() for number in range(13)}
    found = groups(works, {})
    assert found == [[f"{name}{number:02}" for number in range(13)] for name in sorted(prints)]


@pytest.mark.parametrize("name", ["careful", "habits"])
def test_a_ring_in_all_disguises(name: str, disguised: Disguised, prints_of_parts: Prints) -> None:
    ring = {f"{disguise}, {n}": disguised(name, disguise) for disguise in corpus.DISGUISES for n in (1, 2)}
    others = {other: numbers for other, numbers in prints_of_parts.items() if other != name}
    assert groups(ring | others, {}) == [sorted(ring)]


def test_a_whole_work_in_all_disguises_at_once(baseline: Baseline, prints: Prints, rewrites: Works) -> None:
    copy = corpus.DISGUISES["all of these"](rewrites["habits"], random.Random(1))  # of all, the least like its source
    assert groups(prints | {"zz": baseline.fingerprints(copy)}, {}) == [["habits", "zz"]]


def test_independent_works_are_far_from_being_a_group(prints: Prints) -> None:
    index = Index(prints, {})
    highest = max(index.alike(work)[other] for work, other in combinations(range(len(prints)), 2))
    assert 0 < highest < SAME / 4


def test_how_much_is_alike_is_the_shared_part_of_both() -> None:
    index = Index({"a": np.arange(8, dtype=np.uint64), "b": np.arange(6, 10, dtype=np.uint64)}, {})
    assert list(index.alike(0)) == [1, 0.2]


@pytest.mark.parametrize("own", [0, LEAST - 1])
def test_works_with_nothing_of_their_own_are_no_group(own: int) -> None:
    works = {f"work{number}": np.arange(own, dtype=np.uint64) for number in range(20)}
    assert groups(works, {}) == []


def test_a_copy_of_the_handout_has_nothing_of_its_own(baseline: Baseline) -> None:
    handed_out = baseline.fingerprints(corpus.handout())
    assert groups({f"work{number}": handed_out for number in range(20)}, {}) == []


def test_those_of_the_class_come_first_and_works_of_one_student_do_not_connect() -> None:
    work, other = np.arange(50, dtype=np.uint64), np.arange(100, 150, dtype=np.uint64)
    now, before = {"b": work, "c": work, "d": other}, {"a/1": work, "a/2": other}
    assert groups(now, before) == [["b", "c", "a/1"], ["d", "a/2"]]
    assert groups(now, before, same=[["d", "a/2"], ["b", "c"]]) == [["b", "c", "a/1"]]
    assert groups(now, {}, same=[["b", "c"]]) == []
