"""Tests run student code without torch.compile and without further threads.

torch.compile takes minutes for an RNN and needs a compiler, which many computers lack and the grader's sandbox cannot
start. The result is the same without it, so here it returns its argument. Student code cannot ask for threads, because
the tensors of tests are tiny and the grader has one thread.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def eager() -> Iterator[None]:
    """Make torch.compile and the functions that set threads do nothing, on a laptop and in the grader alike."""
    instead = {"compile": _compile, "set_num_threads": _set_threads, "set_num_interop_threads": _set_threads}
    before = {name: getattr(torch, name) for name in instead}
    _put(instead)
    try:
        yield
    finally:
        _put(before)


def _put(functions: Mapping[str, Any]) -> None:
    for name, function in functions.items():
        setattr(torch, name, function)


def _compile(model: Any = None, **options: Any) -> Any:
    """Stands in for torch.compile, called with a function or a module, or with options only as a decorator."""
    return _compile if model is None else model


def _set_threads(number: int) -> None:
    """Stands in for torch.set_num_threads."""
