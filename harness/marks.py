"""What a graded test says about itself, besides gradescope-utils' `number`, `weight`, `visibility` and `tags`.

The marks are read on the trusted side when tests are collected; nothing that student code does can change them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


@dataclass(frozen=True)
class Tolerance:
    """Two numbers are equal when |expected - got| <= atol + rtol * |expected|."""

    rtol: float = 1e-4
    atol: float = 1e-5


def tolerance(rtol: float = Tolerance.rtol, atol: float = Tolerance.atol) -> Callable[[Test], Test]:
    """Compare this test's floats more or less strictly than by default."""
    return _mark("__tolerance__", Tolerance(rtol, atol))


@dataclass(frozen=True)
class SizeNames:
    """Which names of sizes stand for batch sizes and which for lengths; all others stand for sizes of layers."""

    batches: tuple[str, ...]
    lengths: tuple[str, ...]

    def split(self, names: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
        """The names of batch sizes, those of lengths, and those of layers."""
        batches, lengths, layers = list[str](), list[str](), list[str]()
        for name in names:
            (batches if name in self.batches else lengths if name in self.lengths else layers).append(name)
        return batches, lengths, layers


COMMON = SizeNames(batches=("N", "B"), lengths=("T", "L", "S"))  # the letters of all parts


def size_names(batches: str = "", lengths: str = "") -> Callable[[Test], Test]:
    """Declare further names of batch sizes and of lengths, separated by spaces.

    In every test N and B are batch sizes, and T, L and S are lengths.
    A size is what `given.size` draws, or a number among a case's arguments. Verdicts speak of "another length (T)".
    """
    names = SizeNames((*COMMON.batches, *batches.split()), (*COMMON.lengths, *lengths.split()))
    return _mark("__size_names__", names)


def steered_by(*names: str) -> Callable[[Test], Test]:
    """Name the shown score tensors whose argmax over the last axis steers what comes next.

    Where two scores nearly tie, rounding would choose the token. Such a seed is drawn again when answers are made.
    """
    return _mark("__steered_by__", names)


def integration(**only: str) -> Callable[[Test], Test]:
    """Say that a test uses the student's own upstream pieces: its row may name a needed deliverable that fails.

    Args:
        only: what some of its cases alone use: an argument that is true in them, or an argument's value -> the needed
            deliverable. `attention="seq2seq.Attention"` says that cases with `attention=True` use it.
    """
    return _mark("__integration__", only)


def _mark(name: str, value: Any) -> Callable[[Test], Test]:
    def decorate(test: Test) -> Test:
        setattr(test, name, value)
        return test

    return decorate
