"""The tree whose models are trained and used."""

from __future__ import annotations

from pathlib import Path

from harness.tree import Tree
from workbench.errors import WorkbenchError, has_surrogates
from workbench.folders import ROOT


def open_tree(root: Path) -> Tree:
    """Open a tree; its models are used from now on.

    Raises:
        WorkbenchError: the folder holds no models.
    """
    if not (root / "models").is_dir():
        raise WorkbenchError(f"{root}: expected a folder that holds models/, such as student; name it by --tree")
    tree = Tree(root)
    tree.activate()
    return tree


def recorded(folder: Path) -> str:
    """A folder as settings.json records it: relative to the project's root if inside, so that both can be moved.

    Raises:
        WorkbenchError: its name is not UTF-8, and JSON is.
    """
    folder = folder.resolve()
    if has_surrogates(str(folder)):
        raise WorkbenchError(f"{folder}: expected a name in UTF-8, which settings.json can hold; rename the folder")
    return folder.relative_to(ROOT).as_posix() if folder.is_relative_to(ROOT) else str(folder)
