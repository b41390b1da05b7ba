"""Run one graded test and return what it has shown. The same code runs on a laptop and in the grader's sandbox."""

import inspect
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from tests.harness.given import Given
from tests.harness.graded import TESTS, Case, GradedTest
from tests.harness.outcome import NOT_STARTED, Fault, Outcome, is_todo
from tests.harness.reference import Reference
from tests.harness.tree import Tree

MAX_MESSAGE = 600


def run(
    function: Callable[..., None],
    tree: Tree,
    identifier: str,
    seed: str = "0",
    arguments: Mapping[str, Any] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Outcome:
    """Call a test with its fixtures and collect its outcome, whatever student code does.

    Args:
        identifier: the name of the test and its case, part of every input's seed.
        arguments: the parameters of a parametrized test's case.
        dtype: of all floats; float64 serves to measure rounding when answers are made.

    Raises:
        KeyboardInterrupt: only this one passes, so that Ctrl-C works.
    """
    outcome = Outcome(sizes={name: value for name, value in (arguments or {}).items() if type(value) is int})
    fixtures = {
        "models": tree.models,
        "given": Given(seed, identifier, outcome),
        "reference": Reference(outcome),
        **(arguments or {}),
    }
    wanted = inspect.signature(function).parameters
    try:
        with neutral(dtype):
            function(**{name: fixtures[name] for name in wanted})
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit and the like are wrong answers too
        outcome.fault = fault(error, tree)
    return outcome


def run_case(test: GradedTest, case: Case, tree: Tree, seed: str, double: bool = False) -> Outcome:
    """Run a graded test's case on a tree, in float32 or in float64."""
    dtype = torch.float64 if double else torch.float32
    return run(test.function(), tree, test.identifier(case), seed, case.arguments, dtype)


@contextmanager
def neutral(dtype: torch.dtype) -> Iterator[None]:
    """Give every test the same default dtype and gradient mode, whatever student code does to them."""
    torch.set_default_dtype(dtype)
    torch.set_grad_enabled(True)
    with warnings.catch_warnings():
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
    if is_todo(error):
        return Fault(NOT_STARTED, message, place(error, tree))
    return Fault(type(error).__name__, message, place(error, tree))


def place(error: BaseException, tree: Tree) -> str:
    """Where an exception arose: file:line and function in the tree, else the line of the test."""
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if name := tree.relative(frame.filename):
            return f"{name}:{frame.lineno}, in {frame.name}"
    for frame in reversed(frames):
        path = Path(frame.filename)
        if frame.line and (path.name.startswith("test_") or path.parent == TESTS / "stress"):
            return f"this line of the test fails with what your code gave it:\n  {frame.line}"
    return "the test"
