"""Run one graded test and return what it has shown. The same code runs on a laptop and in the grader's sandbox."""

import inspect
import re
import traceback
import warnings
from bdb import BdbQuit
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.eager import eager
from harness.given import Given
from harness.graded import TESTS, Case, GradedTest
from harness.outcome import NOT_STARTED, Fault, Outcome, is_todo
from harness.show import Show
from harness.tree import Tree

MAX_MESSAGE = 600
ENDS = (KeyboardInterrupt, BdbQuit, pytest.exit.Exception)  # exceptions that end all tests


def run(
    function: Callable[..., None],
    tree: Tree,
    identifier: str,
    seed: str = "0",
    arguments: Mapping[str, Any] | None = None,
    dtype: torch.dtype = torch.float32,
    caught: list[BaseException] | None = None,
    stop_at: str = "",
    nodes: bool = False,
) -> Outcome:
    """Call a test with its fixtures and collect its outcome, whatever student code does.

    Args:
        identifier: the name of the test and its case, part of every input's seed.
        arguments: the parameters of a parametrized test's case.
        dtype: of all floats; float64 serves to measure rounding when answers are made.
        caught: takes the exception that has stopped the test, for a debugger.
        stop_at, nodes: see Show.

    Raises:
        KeyboardInterrupt, BdbQuit, pytest.exit.Exception: only these pass, so that Ctrl-C and a debugger's `quit` work.
    """
    outcome = Outcome(sizes={name: value for name, value in (arguments or {}).items() if type(value) is int})
    fixtures = {
        "models": tree.models,
        "given": Given(seed, identifier, outcome),
        "show": Show(outcome, stop_at, nodes),
        **(arguments or {}),
    }
    wanted = inspect.signature(function).parameters
    try:
        with neutral(dtype):
            function(**{name: fixtures[name] for name in wanted})
    except ENDS:
        raise
    except BaseException as error:  # SystemExit and others are wrong answers, too
        outcome.fault = fault(error, tree)
        if caught is not None:
            caught.append(error)
    return outcome


def run_case(test: GradedTest, case: Case, tree: Tree, seed: str, double: bool = False) -> Outcome:
    """Run a graded test's case on a tree, in float32 or in float64."""
    dtype = torch.float64 if double else torch.float32
    return run(test.function(), tree, test.identifier(case), seed, case.arguments, dtype)


@contextmanager
def neutral(dtype: torch.dtype) -> Iterator[None]:
    """Give every test the same default dtype and gradient mode and no compiler, whatever student code changes."""
    torch.set_default_dtype(dtype)
    torch.set_grad_enabled(True)
    with warnings.catch_warnings(), eager():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            torch.set_default_dtype(torch.float32)
            torch.set_grad_enabled(True)


def fault(error: BaseException, tree: Tree) -> Fault:
    """Describe an exception by its kind, its message and the last line of the student's that was running."""
    message = "\n".join(str(error).strip().splitlines()[:6])[:MAX_MESSAGE]
    if isinstance(error, SyntaxError) and tree.relative(error.filename or ""):
        return Fault(type(error).__name__, str(error.msg), f"{tree.relative(error.filename or '')}:{error.lineno or 1}")
    where = place(traceback.extract_tb(error.__traceback__), tree)
    if is_todo(error) or _is_bare(error, tree):
        return Fault(NOT_STARTED, message, where)
    return Fault(type(error).__name__, message, where, _is_own(error, tree))


def cut(error: BaseException, tree: Tree) -> None:
    """End an exception's traceback at the last line of the student or the test, so that a debugger stops there."""
    steps = []
    step = error.__traceback__
    while step:
        steps.append(step)
        step = step.tb_next
    files = [step.tb_frame.f_code.co_filename for step in steps]
    inside = [index for index, file in enumerate(files) if tree.relative(file)] or [
        index for index, file in enumerate(files) if _is_test(file)
    ]
    if inside:
        steps[inside[-1]].tb_next = None


def _is_own(error: BaseException, tree: Tree) -> bool:
    """Whether an exception was raised by a `raise` in the tree."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames and tree.relative(frames[-1].filename) and re.match(r"raise \w", frames[-1].line or ""))


def _is_bare(error: BaseException, tree: Tree) -> bool:
    """Whether an exception comes from a line `raise NotImplementedError` of the tree without a message."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, NotImplementedError) and not error.args and bool(tree.relative(frames[-1].filename))


def place(frames: traceback.StackSummary, tree: Tree) -> str:
    """Where code was: file:line and function of the innermost frame in the tree, else the line of the test."""
    for frame in reversed(frames):
        if name := tree.relative(frame.filename):
            return f"{name}:{frame.lineno}, in {frame.name}"
    for frame in reversed(frames):
        if frame.line and _is_test(frame.filename):
            return f"this line of the test fails with what your code gave it:\n  {frame.line}"
    return "the test"


def _is_test(file: str) -> bool:
    return Path(file).name.startswith("test_") or Path(file).parent == TESTS / "stress"
