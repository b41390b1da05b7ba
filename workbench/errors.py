"""Errors, and the sentences that explain them to students instead of a traceback."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import sqlite3
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from workbench.folders import ROOT

if TYPE_CHECKING:
    from torch import Tensor

    from harness.tree import Tree

INSTALL = "pip install -r requirements.txt"
# What this brings, as it is imported.
PACKAGES = {
    "filelock", "line_profiler", "markdown_it", "matplotlib", "numpy", "optuna", "rich", "sacrebleu",
    "safetensors", "sklearn", "spacy", "tensorboard", "torch", "torchtext", "tqdm", "transformers", "typer", "typst",
}  # fmt: skip

SHOWN_FRAMES = 6  # of students' code; a recursion has hundreds


class WorkbenchError(Exception):
    """An error that the user can fix; the message says how."""


class SettingsError(WorkbenchError):
    """A setting that does not exist, or a value that it cannot have; the message says what can be set."""


class DataError(WorkbenchError):
    """Data that is missing or is not what it should be. The message says what to do about it."""


def need(*packages: str) -> None:
    """Raises: ModuleNotFoundError, if one of these packages is missing; called before work that needs them."""
    for name in packages:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def explained(error: BaseException) -> str | None:
    """A message for an error that a student can fix; None for an error that needs its traceback."""
    if isinstance(error, WorkbenchError):
        return str(error)
    if package := _missing(error):
        return f"{package} is not installed; run: {INSTALL}"
    from harness.outcome import is_todo  # here, since it needs some of these packages

    if is_todo(error):
        where = _place(traceback.extract_tb(error.__traceback__)[-1])
        return f"{error} is not implemented yet: {where}. `{_python()} -m tests --watch` leads you there."
    if frames := frames_of_models(error):
        return stopped("your code", error, frames)
    if isinstance(error, OSError):
        return _unusable(error)
    if fault := next((cause for cause in _chain(error) if isinstance(cause, sqlite3.Error)), None):
        return (
            f"trials.db in the search's --folder cannot be used: {fault}. Where the disk is full, make room, and the "
            "same command goes on; else name another --folder"
        )
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _unusable(error: OSError) -> str | None:
    """A message for an error about a file; None for other errors."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        file = error.filename or "what this command prints or writes"
        return (
            f"there is no room left for {file} ({error.strerror}). What was there before is whole: make room, and run "
            "the command again, `train` with --resume"
        )
    if error.filename is None:
        return None
    return f"{error.filename} cannot be used: {error.strerror}; name another place, or mend this one"


@contextlib.contextmanager
def students_code(tree: Tree, name: str = "your code") -> Iterator[None]:
    """Turn an error of a tree's models into a WorkbenchError that says where it was raised; TODOs are left as they are.

    Raises:
        WorkbenchError: the models' code has stopped, or lacks what was asked of it.
    """
    from harness.outcome import is_todo

    try:
        yield
    except WorkbenchError:
        raise
    except (Exception, SystemExit) as error:
        frames = frames_of_models(error)
        lacking = isinstance(error, AttributeError | TypeError)
        if is_todo(error) or _missing(error) or not (frames or lacking):
            raise
        raise WorkbenchError(stopped(name, error, frames, tree.root)) from error


def frames_of_models(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of students' code in an exception's traceback, the innermost last."""
    if not isinstance(error, Exception | SystemExit):  # Ctrl-C may come anywhere
        return []
    walk = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _is_students(frame)]
    frames = list(traceback.StackSummary.extract(iter(walk)))
    if isinstance(error, SyntaxError) and "models" in Path(error.filename or "").parts:  # it has no frame of its own
        line = (error.text or "").strip()
        frames.append(traceback.FrameSummary(error.filename or "", error.lineno, "<module>", line=line))
    return frames


def stopped(name: str, error: BaseException, frames: Sequence[traceback.FrameSummary], tree: Path | None = None) -> str:
    """A message that says what stopped, why and where, with the lines of students' code that led there."""
    words = error.msg if isinstance(error, SyntaxError) else str(error)
    said = f"{name} stopped with {type(error).__name__}{': ' if words else ''}{words}"
    if not frames:
        return f"{said} ({tree})"
    shown = frames[-SHOWN_FRAMES:]
    lines = [f"  {_place(frame)}, in {frame.name}\n    {frame.line}" for frame in shown]
    if len(frames) > len(shown):
        lines.insert(0, f"  ... ({len(frames) - len(shown)} lines before)")
    return "\n".join([f"{said} ({_place(frames[-1])})", *lines])


def _is_students(frame: FrameType) -> bool:
    """Whether a frame belongs to a module of a tree's models."""
    from harness.tree import PACKAGES

    return str(frame.f_globals.get("__name__")).split(".")[0] in PACKAGES


def _place(frame: traceback.FrameSummary) -> str:
    """File and line; the path is relative to the project's root if the file is inside."""
    path = Path(frame.filename)
    return f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{frame.lineno}"


def has_surrogates(text: str) -> bool:
    """Whether a text holds bytes that were not UTF-8, which Python passes on as halves of surrogate pairs."""
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def expect(value: object, sizes: dict[str, int], name: str) -> Tensor:
    """Check that the student's code has returned a tensor of these sizes, and return it.

    Args:
        sizes: by the letter that the docstrings have for each, in their order.

    Raises:
        WorkbenchError: it is something else; what follows would stop far from where the mistake is.
    """
    import torch

    if isinstance(value, torch.Tensor) and value.shape == tuple(sizes.values()):
        return value
    came = f"a tensor {tuple(value.shape)}" if isinstance(value, torch.Tensor) else f"a {type(value).__name__}"
    raise WorkbenchError(
        f"{name} returned {came}; expected ({', '.join(sizes)}), here {tuple(sizes.values())}. "
        f"`{_python()} -m tests --watch` tells more"
    )


def expect_gradient(loss: Tensor, name: str) -> None:
    """Raises: WorkbenchError, if a loss has no gradient."""
    if not loss.requires_grad:
        raise WorkbenchError(f"no gradient can go back through what {name} returned; was something detached?")


def _missing(error: BaseException) -> str | None:
    """The required package that is missing, if that is the error."""
    package = str(error.name).split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return package if package in PACKAGES else None


def _python() -> str:
    return "python" if sys.platform == "win32" else Path(sys.executable).name
