"""`python -m tests --stress`: checks properties that hold for every size and need no stored answers.

Hidden inputs on Gradescope have other values and sizes than the published ones. Code that relies on a size, on a row's
neighbours or on an earlier call fails there and passes here. Each function in tests/stress/<part>.py states one
property that finds such code; this module draws its inputs, many times, and says with which of them it does not hold.
"""

import importlib
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from traceback import StackSummary
from typing import Any, NoReturn

import torch
from torch import Tensor

from harness.contract import Assignment, Deliverable
from harness.given import Given
from harness.judge import Kind, judge
from harness.limit import Limit, exit_now
from harness.marks import Tolerance
from harness.outcome import NOT_STARTED, Outcome
from harness.run import ENDS, fault, neutral, place
from harness.show import Show, describe
from harness.submission.listed_files import read_tree
from harness.submission.preflight import inspect_tree
from harness.tree import Tree
from harness.verdicts import out_of_time, preflight

DRAWS = 12  # for every property; the first has the smallest sizes, the second the largest
MARK = "__deliverable__"
STDERR = 2  # the descriptor, since student code may have replaced sys.stderr

Property = Callable[[Any, Given], None]


class Violation(Exception):
    """A property that does not hold; the message says where."""


def stress(deliverable: str) -> Callable[[Property], Property]:
    """State a property of a deliverable. The docstring says it in one sentence.

    The function takes the student's models and `given`; it calls `same`, `same_again` and `has_shape`.
    """

    def mark(function: Property) -> Property:
        setattr(function, MARK, deliverable)
        return function

    return mark


def same(name: str, got: object, expected: object) -> None:
    """Demand that two results are equal up to rounding; both are tensors or tuples of tensors."""
    _compare(_shown(name, got), _shown(name, expected))


def same_again(call: Callable[..., object], arguments: Sequence[Any], others: Sequence[Any]) -> None:
    """Demand that a call returns the same after another call, and that neither changes its arguments."""
    before = _shown("argument", tuple(arguments))
    first = _shown("the result of the same call", call(*arguments))
    _compare(_shown("argument", tuple(arguments)), before)
    call(*others)
    _compare(_shown("the result of the same call", call(*arguments)), first)


def has_shape(name: str, tensor: object, *shape: int) -> None:
    """Demand a tensor of this shape."""
    if not isinstance(tensor, Tensor) or tuple(tensor.shape) != shape:
        actual = f"shape {tuple(tensor.shape)}" if isinstance(tensor, Tensor) else describe(tensor)
        raise Violation(f"{name}: expected shape {shape}, got {actual}.")


def _shown(name: str, value: object) -> Outcome:
    outcome = Outcome()
    Show(outcome)(name, value)
    return outcome


def _compare(got: Outcome, expected: Outcome) -> None:
    verdict = judge(got, expected, Tolerance())
    if not verdict.passed:
        raise Violation(verdict.message)


class Drawn(Given):
    """Inputs of one draw. Sizes may be equal here, and 1."""

    def __init__(self, number: int, name: str) -> None:
        super().__init__(f"stress {number}", name)
        self.number = number
        self.sizes: dict[str, int] = {}

    def size(self, name: str, low: int, high: int) -> int:
        drawn = low + int(self._raw("size", name)) % (high - low + 1)
        self.sizes[name] = {0: low, 1: high}.get(self.number, drawn)
        return self.sizes[name]

    def __str__(self) -> str:
        return ", ".join(f"{name} = {size}" for name, size in self.sizes.items())


@dataclass(frozen=True)
class Failure:
    """A draw with which a property does not hold."""

    drawn: Drawn
    message: str
    not_started: bool = False

    @property
    def extent(self) -> int:
        """The sum of the sizes; a failure with small sizes is easier to examine."""
        return sum(self.drawn.sizes.values())


def properties(id: str) -> list[Property]:
    """The properties of a deliverable, in the order in which they are written in tests/stress/<part>.py."""
    functions = vars(importlib.import_module(f"tests.stress.{id.partition('.')[0]}")).values()
    return [function for function in functions if getattr(function, MARK, None) == id]


def failures(function: Property, tree: Tree) -> Iterator[Failure]:
    """Try a property with every draw, and stop after a draw that runs out of time."""
    limit = Limit(lambda stack: _give_up(_summary_of(function), stack, tree), STDERR)
    for number in range(DRAWS):
        drawn = Drawn(number, function.__name__)
        failure = limit.call(partial(_failure, function, tree, drawn))
        if limit.stack:
            yield Failure(drawn, out_of_time(place(limit.stack, tree)).message)
            return
        if failure:
            yield failure


def _failure(function: Property, tree: Tree, drawn: Drawn) -> Failure | None:
    """Try a property with one draw."""
    try:
        with neutral(torch.float32):
            function(tree.models, drawn)
    except ENDS:
        raise
    except Violation as violation:
        return Failure(drawn, str(violation))
    except BaseException as error:  # student code may raise anything
        stopped = fault(error, tree)
        return Failure(drawn, f"{stopped.where}\n{stopped.kind}: {stopped.message}", stopped.kind == NOT_STARTED)
    return None


def _give_up(summary: str, stack: StackSummary, tree: Tree) -> NoReturn:
    print(_indented(f"FAILS   {summary}\n{out_of_time(place(stack, tree), unstoppable=True).message}"))
    exit_now(1)


def main(assignment: Assignment, chosen: Sequence[Deliverable], root: Path) -> int:
    """Try all properties of the chosen deliverables and print those that fail; return 0 if none fails.

    Args:
        root: the tree with the student's files.

    Raises:
        KeyboardInterrupt: after Ctrl-C; the failures so far are printed.
    """
    torch.set_num_threads(1)  # the tensors are tiny
    tree = Tree(root)
    tree.activate()
    files = read_tree(tree.root, assignment)
    decided = preflight(files, inspect_tree(tree.root, files, assignment), assignment)
    wrong = tried = refused = 0
    for deliverable in chosen:
        print(f"{deliverable.number} {deliverable.title}", flush=True)
        if deliverable.id in decided:
            print(_indented(decided[deliverable.id].message))
            refused += decided[deliverable.id].kind is Kind.REFUSED
        else:
            results = [_report(function, tree) for function in properties(deliverable.id)]
            tried, wrong = tried + len(results), wrong + sum(results)
    if tried:
        print(f"\n{_summary(wrong)}")
    return 1 if wrong or refused else 0


def _report(function: Property, tree: Tree) -> bool:
    """Print whether a property holds; if not, print the smallest sizes that show it."""
    summary = _summary_of(function)
    try:
        failing = list(failures(function, tree))
    except KeyboardInterrupt:
        print(_indented(f"STOPPED {summary}"), flush=True)
        raise
    if not failing:
        print(_indented(f"holds   {summary}"), flush=True)
        return False
    smallest = min(failing, key=lambda failure: failure.extent)
    if smallest.not_started:
        print(_indented(f"waits   {summary}\n{smallest.message}"), flush=True)
        return False
    draws = f"With {smallest.drawn} ({len(failing)} of {DRAWS} draws fail)"
    print(_indented(f"FAILS   {summary}\n{draws}:\n{smallest.message}"))
    return True


def _summary_of(function: Property) -> str:
    return (function.__doc__ or function.__name__).strip()


def _indented(text: str) -> str:
    first, *others = text.splitlines()
    lines = [textwrap.fill(first, 79, initial_indent="  ", subsequent_indent=" " * 10)]
    return "\n".join(
        [*lines, *(textwrap.fill(line, 79, initial_indent=" " * 10, subsequent_indent=" " * 10) for line in others)]
    )


def _summary(wrong: int) -> str:
    if wrong:
        return f"{wrong} of these fail. Each is a function of a few lines in tests/stress/."
    return "Nothing was found to depend on sizes, neighbours or earlier calls."
