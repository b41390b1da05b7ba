"""Puts what a test expected beside what came, value by value, for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from harness.diagnosis import close
from harness.marks import Tolerance
from harness.outcome import Array, Outcome

WHOLE = 24  # numbers: a value with more is shown in part
WIDE = 6  # numbers of such a part

Row = tuple[str, list[str]]  # an index, and numbers


@dataclass(frozen=True)
class Compared:
    """One value of a test.

    Attributes:
        expected, got: shape and dtype, or the sentence that was shown.
        difference: what differs; of numbers the largest difference, how many differ, and the index of the first.
        excerpt: of a wrong value, lines of numbers: all if they are few, else a piece of the first row that differs.
    """

    name: str
    right: bool
    expected: str
    got: str
    difference: str = ""
    excerpt: tuple[str, ...] = ()


def compare(expected: Outcome, got: Outcome, tolerance: Tolerance) -> list[Compared]:
    """All values that a test shows, in its order. A test that stopped has shown only some of them."""
    return [_compare(name, right, got.shown.get(name), tolerance) for name, right in expected.shown.items()]


def _compare(name: str, right: Array | str, got: Array | str | None, tolerance: Tolerance) -> Compared:
    if got is None:
        return Compared(name, False, _described(right), "nothing was shown")
    described = _described(right), _described(got)
    if isinstance(right, str) or isinstance(got, str):
        same = isinstance(right, str) and isinstance(got, str) and right == got
        return Compared(name, same, *described, "" if same else "another form")
    if right.shape != got.shape:
        return Compared(name, False, *described, "another shape", _excerpt(_rows(right), _rows(got)))
    wrong = ~close(got, right, tolerance)
    if not wrong.any():
        same = right.dtype == got.dtype
        return Compared(name, same, *described, "" if same else "another dtype")
    first = tuple(int(index) for index in np.argwhere(wrong)[0])
    with np.errstate(all="ignore"):
        largest = np.abs(got[wrong].astype(np.float64) - right[wrong].astype(np.float64)).max()
    where = f", first at {_index(first)}" if first else ""
    difference = f"up to {largest:.4g}, in {np.count_nonzero(wrong)} of {wrong.size}{where}"
    return Compared(name, False, *described, difference, _excerpt(_rows(right, first), _rows(got, first)))


def _described(value: Array | str) -> str:
    return value if isinstance(value, str) else f"{value.shape} {value.dtype}"


def _rows(values: Array, around: tuple[int, ...] = ()) -> list[Row]:
    """Each row of a small tensor; of a large one the piece of one row that is around an index."""
    if values.size <= WHOLE:
        rows = np.ndindex(values.shape[:-1]) if values.size else ()
        return [(_index(row), _numbers(np.atleast_1d(values[row]))) for row in rows]
    *row, place = around or (0,) * values.ndim
    start = max(0, min(place - WIDE // 2, values.shape[-1] - WIDE))
    columns = f"{start}:{min(start + WIDE, values.shape[-1])}"
    return [(_index((*row, columns)), _numbers(values[tuple(row)][start : start + WIDE]))]


def _index(places: Sequence[int | str]) -> str:
    return f"[{', '.join(map(str, places))}]" if places else ""


def _numbers(values: Array) -> list[str]:
    return [f"{value:.5g}" if isinstance(value, np.floating) else str(value) for value in values]


def _excerpt(right: Sequence[Row], got: Sequence[Row]) -> tuple[str, ...]:
    """Pairs of lines, expected and came, with the numbers in columns."""
    named = [("expected", *row) for row in right], [("came", *row) for row in got]
    lines = [line for pair in zip_longest(*named) for line in pair if line]
    index_width = max(len(index) for _, index, _ in lines) if lines else 0
    width = max((len(number) for _, _, numbers in lines for number in numbers), default=0)
    return tuple(
        f"{side:<8} {index:<{index_width}} {' '.join(number.rjust(width) for number in numbers)}"
        for side, index, numbers in lines
    )
