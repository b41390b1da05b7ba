"""What a student is told when a command stops: one sentence that says what to do, not a traceback."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path

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


def _where(error: BaseException, root: Path) -> str:
    """File and line of the TODO."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    path = Path(frame.filename)
    return f"{path.relative_to(root) if path.is_relative_to(root) else path}:{frame.lineno}"


def _python() -> str:
    return "python" if sys.platform == "win32" else Path(sys.executable).name
