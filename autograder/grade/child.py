"""What runs inside a child: import the overlay, run items, send what they have shown. No secret is in its memory."""

import contextlib
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.grade import sandbox, wire
from autograder.grade.wire import Item
from tests.harness.graded import GradedTest
from tests.harness.outcome import Outcome, encode
from tests.harness.run import fault, run
from tests.harness.tree import Tree


def work(overlay: Path, items: Sequence[Item], tests: Mapping[str, GradedTest]) -> None:
    """Run the items in order and send one frame for each."""
    tree = Tree(overlay, overlay)
    tree.activate()
    for index, item in enumerate(items):
        try:
            outcome = do(item, tree, tests)
            payload = encode({"": outcome})
        except BaseException as error:  # KeyboardInterrupt, or an outcome that does not encode
            payload = encode({"": Outcome(fault=fault(error, tree))})
        with contextlib.suppress(BaseException):  # student code may have put anything in its place
            sys.stdout.flush()  # before the frame, after whose arrival nobody reads what was printed
        _send(wire.pack(index, payload))


def do(item: Item, tree: Tree, tests: Mapping[str, GradedTest]) -> Outcome:
    if item.what == "probe":
        return Outcome(shown=dict.fromkeys(sandbox.opens(*item.paths), ""))
    if item.what == "import":
        try:
            importlib.import_module(item.name)
        except BaseException as error:
            return Outcome(fault=fault(error, tree))
        return Outcome()
    test = tests[item.name]
    case = next(case for case in test.cases if case.name == item.case)
    return run(test.function(), tree, test.identifier(case), item.seed, case.arguments)


def _send(frame: bytes) -> None:
    while frame:
        frame = frame[os.write(sandbox.RESULT, frame) :]
