"""What a student is told when a command stops: one sentence that says what to do, not a traceback."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.harness.tree import Tree

INSTALL = "pip install -r requirements.txt -r student/workbench/requirements.txt"
# What this brings, as it is imported.
PACKAGES = {"numpy", "rich", "safetensors", "torch", "tqdm"} | {
    *(
        "fpdf",
        "line_profiler",
        "markdown_it",
        "matplotlib",
        "optuna",
        "sacrebleu",
        "spacy",
        "tensorboard",
        "torchtext",
        "typer",
    )
}


class WorkbenchError(Exception):
    """Something that whoever types the command can mend; the message says how."""


class SettingsError(WorkbenchError):
    """A setting that does not exist, or a value that it cannot have; the message says what can be set."""


class DataError(WorkbenchError):
    """Data that is missing or is not what it should be. The message says what to do about it."""


def need(*packages: str) -> None:
    """Raises: ModuleNotFoundError, before anything is begun that would stop for one of these packages."""
    for name in packages:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def explained(error: BaseException, root: Path) -> str | None:
    """Words for an error that a student can mend; None for one that needs its traceback.

    Args:
        root: what files are named from.
    """
    if isinstance(error, WorkbenchError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and (package := str(error.name).split(".")[0]) in PACKAGES:
        return f"{package} is not installed; run: {INSTALL}"
    from tests.harness.outcome import is_todo  # here, since it needs some of these packages

    if is_todo(error):
        return f"{error} is not implemented yet: {_where(error, root)}. `{_python()} -m tests --watch` leads you there."
    return None


@contextlib.contextmanager
def students_code(tree: Tree, what: str = "your code") -> Iterator[None]:
    """Say where in a tree's models an error has come from, and what it says; TODOs and our own errors stay.

    Raises:
        WorkbenchError: the models' code has stopped, or lacks what was asked of it.
    """
    from tests.harness.outcome import is_todo

    try:
        yield
    except (WorkbenchError, ModuleNotFoundError):
        raise
    except Exception as error:
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if (tree.relative(frame.filename) or "").startswith("models/")
        ]
        if is_todo(error) or not (frames or isinstance(error, AttributeError | TypeError)):
            raise
        where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else str(tree.root)
        raise WorkbenchError(f"{what} stopped with {type(error).__name__}: {error} ({where})") from error


def _where(error: BaseException, root: Path) -> str:
    """File and line of the TODO."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    path = Path(frame.filename)
    return f"{path.relative_to(root) if path.is_relative_to(root) else path}:{frame.lineno}"


def _python() -> str:
    return "python" if sys.platform == "win32" else Path(sys.executable).name
