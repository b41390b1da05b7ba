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
    from torch import Tensor

    from tests.harness.tree import Tree

INSTALL = "pip install -r requirements.txt -r student/workbench/requirements.txt"
# What this brings, as it is imported.
PACKAGES = {"numpy", "rich", "safetensors", "torch", "tqdm"} | {
    *(
        "filelock",
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
    if package := _missing(error):
        return f"{package} is not installed; run: {INSTALL}"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename} cannot be used: {error.strerror}; name another place, or mend this one"
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
    except WorkbenchError:
        raise
    except Exception as error:
        places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError):  # of a file that did not get as far as having a frame
            places.append((error.filename or "", error.lineno))
        own = [place for place in places if (tree.relative(place[0]) or "").startswith("models/")]
        if is_todo(error) or _missing(error) or not (own or isinstance(error, AttributeError | TypeError)):
            raise
        where = f"{own[-1][0]}:{own[-1][1]}" if own else str(tree.root)
        words = error.msg if isinstance(error, SyntaxError) else error
        raise WorkbenchError(f"{what} stopped with {type(error).__name__}: {words} ({where})") from error


def expect(found: object, sizes: dict[str, int], what: str) -> Tensor:
    """What the student's code has returned, where it is a tensor of these sizes.

    Args:
        sizes: by the letter that the docstrings have for each, in their order.

    Raises:
        WorkbenchError: it is something else; what follows would stop far from where the mistake is.
    """
    import torch

    if isinstance(found, torch.Tensor) and found.shape == tuple(sizes.values()):
        return found
    came = f"a tensor {tuple(found.shape)}" if isinstance(found, torch.Tensor) else f"a {type(found).__name__}"
    raise WorkbenchError(
        f"{what} returned {came}; expected ({', '.join(sizes)}), here {tuple(sizes.values())}. "
        f"`{_python()} -m tests --watch` tells more"
    )


def expect_gradient(loss: Tensor, what: str) -> None:
    """Raises: WorkbenchError, where nothing could be learned from a loss."""
    if not loss.requires_grad:
        raise WorkbenchError(f"no gradient can go back through what {what} returned; was something detached?")


def _missing(error: BaseException) -> str | None:
    """Which of the packages that this brings an error is about."""
    package = str(error.name).split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return package if package in PACKAGES else None


def _where(error: BaseException, root: Path) -> str:
    """File and line of the TODO."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    path = Path(frame.filename)
    return f"{path.relative_to(root) if path.is_relative_to(root) else path}:{frame.lineno}"


def _python() -> str:
    return "python" if sys.platform == "win32" else Path(sys.executable).name
