"""Finds which function of a student made a shown value, by running the test once more."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

from harness.show import Show
from harness.tree import Tree

T = TypeVar("T")


class Makers:
    """Records for each shown value the last function of the tree that the test called before showing it.

    Functions that this one calls are not recorded: a test of `forward` is about `forward`, whatever that calls.

    Attributes:
        of: name of a shown value -> "models/naive/LSTM.py:LSTM.forward"
    """

    def __init__(self, tree: Tree) -> None:
        self.of: dict[str, str] = {}
        self._tree = tree
        self._inside: dict[str, str | None] = {}  # a file's name -> its name in the tree
        self._last = ""
        self._depth = 0  # calls inside the recorded one

    def watch(self, run: Callable[[], T]) -> T:
        """Run a test and record the makers of its values."""
        before = sys.getprofile()
        sys.setprofile(self._note)
        try:
            return run()
        finally:
            sys.setprofile(before)

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        if self._depth:
            self._depth += {"call": 1, "return": -1}.get(event, 0)
        elif event == "call":
            code = frame.f_code
            if code is Show._claim.__code__:
                self.of[frame.f_locals["name"]] = self._last
            elif file := self._file(code.co_filename):
                self._last, self._depth = f"{file}:{code.co_qualname}", 1

    def _file(self, name: str) -> str | None:
        if name not in self._inside:
            self._inside[name] = self._tree.relative(name)
        return self._inside[name]
