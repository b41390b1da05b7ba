"""While student code is tested torch runs it as it is written, in the threads that there are.

torch.compile takes minutes for an RNN, needs a compiler that many computers lack and the grader's sandbox starts none,
and computes what the code computes without it. So it gives back what it is given. Nor can student code ask for threads:
the tensors of tests are tiny, and in the grader there is one thread.
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
    """As torch.compile: of a function or a module, or with options alone a decorator."""
    return _compile if model is None else model


def _set_threads(number: int) -> None:
    """As torch.set_num_threads."""
