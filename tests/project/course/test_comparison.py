import numpy as np
import pytest

from autograder.course.comparison import Compared, compare
from harness.marks import Tolerance
from harness.outcome import Outcome


def one(right, got) -> Compared:
    """The comparison of one value."""
    (compared,) = compare(Outcome({"h": right}), Outcome({} if got is None else {"h": got}), Tolerance())
    return compared


SMALL = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_right_values_have_no_excerpt() -> None:
    assert one(SMALL, SMALL.copy()) == Compared("h", True, "(2, 3) float32", "(2, 3) float32")
    assert one("a tuple of 2", "a tuple of 2") == Compared("h", True, "a tuple of 2", "a tuple of 2")


def test_few_numbers_are_shown_whole_expected_above_what_came() -> None:
    compared = one(SMALL, SMALL + np.float32([[0, 0, 0], [0, 0.5, -2]]))
    assert (compared.right, compared.difference) == (False, "up to 2, in 2 of 6, first at [1, 1]")
    assert compared.excerpt == (
        "expected [0]   0   1   2",
        "came     [0]   0   1   2",
        "expected [1]   3   4   5",
        "came     [1]   3 4.5   3",
    )
    assert one(np.float32(1.5), np.float32(-1.5)).excerpt == ("expected   1.5", "came      -1.5")


def test_of_many_numbers_a_piece_of_the_first_row_that_differs_is_shown() -> None:
    right = np.zeros((3, 50), dtype=np.int64)
    got = right.copy()
    got[1, 20] = got[2, 0] = 7
    compared = one(right, got)
    assert compared.difference == "up to 7, in 2 of 150, first at [1, 20]"
    assert compared.excerpt == ("expected [1, 17:23] 0 0 0 0 0 0", "came     [1, 17:23] 0 0 0 7 0 0")


def test_other_shapes_dtypes_and_forms_are_named() -> None:
    shape = one(SMALL, np.zeros((50, 2), dtype=np.float32))
    assert (shape.expected, shape.got, shape.difference) == ("(2, 3) float32", "(50, 2) float32", "another shape")
    assert shape.excerpt == ("expected [0]      0 1 2", "came     [0, 0:2] 0 0", "expected [1]      3 4 5")
    assert one(SMALL, SMALL.astype(np.float64)).difference == "another dtype"
    assert one(SMALL, "None") == Compared("h", False, "(2, 3) float32", "None", "another form")
    assert one("None", SMALL).difference == "another form"
    assert one(SMALL, None) == Compared("h", False, "(2, 3) float32", "nothing was shown")


@pytest.mark.parametrize("value", [np.nan, np.inf, np.finfo(np.float32).max])
def test_numbers_that_are_not_finite_or_huge_are_shown(value: float) -> None:
    compared = one(SMALL, np.full_like(SMALL, value))
    assert not compared.right
    assert f"{np.float32(value):.5g}" in compared.excerpt[1]


def test_empty_tensors_are_shown() -> None:
    empty = np.zeros((0, 3), dtype=np.float32)
    assert one(empty, empty).right
    assert one(empty, SMALL).excerpt[-1] == "came     [1] 3 4 5"
