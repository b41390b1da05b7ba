"""What a student is told when a command stops: one sentence that says what to do, not a traceback."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from tests.harness.outcome import is_todo

# What requirements.txt beside this file brings, as it is imported.
PACKAGES = frozenset(
    ["fpdf", "markdown_it", "matplotlib", "optuna", "sacrebleu", "spacy", "tensorboard", "torchtext", "typer"]
)


class WorkbenchError(Exception):
    """Something that whoever types the command can mend; the message says how."""


def explained(error: BaseException, root: Path) -> str | None:
    """Words for an error that a student can mend; None for one that needs its traceback.

    Args:
        root: what files are named from.
    """
    if isinstance(error, WorkbenchError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name in PACKAGES:
        return f"{error.name} is not installed; run: pip install -r student/workbench/requirements.txt"
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
