"""Load the tree under test: a student's, the solution's, or an overlay of the two.

The tree's root goes on `sys.path`, so `models` is the tree's. Modules are imported only when a test first names them:
a syntax error in one file costs only the tests that need that file.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = ("models", "theory")


class Tree:
    """A folder that holds `models/`, as students hand it in.

    Args:
        root: the tree's folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.models = Package("models")

    def activate(self) -> None:
        """Make this tree's modules the ones that are imported from now on."""
        if not sys.modules.keys().isdisjoint(PACKAGES):  # else spare a forked child the pages of all modules' names
            for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
                del sys.modules[name]
        sys.path[:] = [str(self.root), *(entry for entry in sys.path if entry != str(self.root))]
        importlib.invalidate_caches()

    def relative(self, filename: str) -> str | None:
        """The file's name inside the tree, with forward slashes; None for a file elsewhere."""
        path = Path(filename)
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else None


class Package:
    """A package whose modules are imported when they are named: `models.naive.LSTM` is that module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        full = f"{self._name}.{name}"
        module: ModuleType = importlib.import_module(full)
        return Package(full) if hasattr(module, "__path__") else module
