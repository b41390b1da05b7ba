"""What a graded test says about itself, besides gradescope-utils' `number`, `weight`, `visibility` and `tags`.

The marks are read on the trusted side when tests are collected; nothing that student code does can change them.
"""

from collections.abc import Callable
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
