"""Runs in a child: imports the overlay, runs items and sends what they show. The child holds no secret."""

import contextlib
import importlib
import os
import random
import signal
import sys
import traceback
import warnings
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from autograder.grade import probe, sandbox, wire
from autograder.grade.wire import Item
from harness.graded import GradedTest
from harness.outcome import Fault, Outcome, encode
from harness.run import fault, neutral, run
from harness.tree import Tree

SEEDS = (torch.default_generator.manual_seed, np.random.seed, random.seed)  # kept before student code replaces them
FIRST_LINES, LAST_LINES, MAX_LINE = 20, 60, 400  # of a traceback, so that it fits into a frame


def work(overlay: Path, items: Sequence[Item], tests: Mapping[str, GradedTest]) -> None:
    """Run the items in order and send one frame for each."""
    warnings.simplefilter("ignore")  # a warning about a file's syntax at import would count as printed
    errors = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    vars(sys).update(
        stderr=errors, __stderr__=errors
    )  # counts as printed, too; descriptor 2 is for native code (`sandbox`)
    tree = Tree(overlay)
    tree.activate()
    for index, item in enumerate(items):
        try:
            outcome = do(item, tree, tests)
            payload = _fitting(encode({"": outcome}, nodes=True))
        except BaseException as error:  # also KeyboardInterrupt, and an outcome that cannot be encoded
            payload = _fitting(encode({"": Outcome(fault=fault(error, tree))}))
        with contextlib.suppress(BaseException):  # student code may have replaced both
            sys.stdout.flush()  # before the frame: after it arrives, nobody reads what was printed
            sys.stderr.flush()
        _send(wire.pack(index, payload))


def _fitting(payload: bytes) -> bytes:
    """The payload, or a fault that says that it is too long."""
    header = int.from_bytes(payload[:8], "little")
    if len(payload) <= wire.MAX_PAYLOAD and header <= wire.MAX_HEADER:
        return payload
    size, limit = (len(payload), wire.MAX_PAYLOAD) if header <= wire.MAX_HEADER else (header, wire.MAX_HEADER)
    words = f"what your code returned takes {size >> 10:,} KiB; at most {limit >> 10:,} KiB can be compared"
    return encode({"": Outcome(fault=Fault("TooLarge", words, "the result"))})


def do(item: Item, tree: Tree, tests: Mapping[str, GradedTest]) -> Outcome:
    if item.kind == "probe":
        return Outcome(shown=dict.fromkeys(probe.find_problems(tree.root, *item.paths), ""))
    _fix_draws(item)
    if item.kind == "import":
        try:
            with neutral(torch.float32):
                importlib.import_module(item.name)
        except BaseException as error:
            return Outcome(fault=fault(error, tree))
        return Outcome()
    if item.kind == "traceback":
        lines = _traceback(_caught(item, tree, tests), tree)
        return Outcome(shown={str(number): line for number, line in enumerate(lines)})
    return _run(item, tree, tests)


def _fix_draws(item: Item) -> None:
    """Seed the global random numbers, so that code which draws gets the same verdict in every grading."""
    number = zlib.crc32(f"{item.name} {item.case}".encode())  # of nothing secret: student code can read it
    for seed in SEEDS:
        seed(number)


def _run(item: Item, tree: Tree, tests: Mapping[str, GradedTest], caught: list[BaseException] | None = None) -> Outcome:
    test = tests[item.name]
    case = next(case for case in test.cases if case.name == item.case)
    return run(test.function(), tree, test.identifier(case), item.seed, case.arguments, caught=caught, nodes=item.nodes)


def _caught(item: Item, tree: Tree, tests: Mapping[str, GradedTest]) -> list[BaseException]:
    """The exception that stops a test, if one does."""
    caught: list[BaseException] = []
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, item.seconds)
    try:
        _run(item, tree, tests, caught)
    except BaseException as error:  # one that `run` lets through
        caught.append(error)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return caught


def _interrupt(*_: object) -> None:
    raise TimeoutError("interrupted here, because the test does not end")


def _traceback(caught: Sequence[BaseException], tree: Tree) -> list[str]:
    """The lines that Python prints of an exception, with frames of the student's files alone; of many, both ends."""
    exceptions = [traceback.TracebackException.from_exception(error) for error in caught]
    lines = "".join(part for exception in exceptions for part in _of_tree(exception, tree).format()).splitlines()
    if len(lines) > FIRST_LINES + LAST_LINES:
        lines[FIRST_LINES:-LAST_LINES] = [f"... {len(lines) - FIRST_LINES - LAST_LINES} lines ..."]
    return [line.replace(f"{tree.root}/", "")[:MAX_LINE] for line in lines]


def _of_tree(exception: traceback.TracebackException, tree: Tree) -> traceback.TracebackException:
    """The same exception, and those that it came from, without frames of other files."""
    waiting = [exception]
    while waiting:
        one = waiting.pop()
        one.stack[:] = [frame for frame in one.stack if tree.relative(frame.filename)]
        waiting += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other]
    return exception


def _send(frame: bytes) -> None:
    while frame:
        frame = frame[os.write(sandbox.RESULT, frame) :]
