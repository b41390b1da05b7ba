"""Run the catalogue's misconceptions: which tests each of them fails, and with what outcome."""

import contextlib
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from autograder.prepare import catalogue
from autograder.prepare.catalogue import Misconception
from harness.answers import Answers
from harness.draws import measured
from harness.graded import GradedTest
from harness.hints import Hints, portray
from harness.judge import Verdict, judge
from harness.outcome import Outcome
from harness.run import run_case
from harness.tree import PACKAGES, Tree


@dataclass(frozen=True)
class Failure:
    """The outcome of a misconception in one test and case, and the judge's verdict on it."""

    verdict: Verdict
    outcome: Outcome


@dataclass(frozen=True)
class Task:
    """A misconception, its deliverable's tests and their right answers.

    Attributes:
        luck: seeds torch's random numbers; another text gives other values where results are random.
    """

    root: Path
    misconception: Misconception
    tests: tuple[GradedTest, ...]
    answers: Answers
    luck: str = ""


def failures(task: Task) -> dict[str, Failure]:
    """Run a misconception: identifier of a test and case that fails -> how, in the tests' order."""
    failed: dict[str, Failure] = {}
    entry = task.misconception
    source = (task.root / "solution" / entry.file).read_text(encoding="utf-8")
    wrong = catalogue.apply(entry, source)
    with changed(task.root, entry.file, wrong) as folder, activated(folder) as tree:
        for test in task.tests:
            for case in test.cases:
                identifier = test.identifier(case)
                right = task.answers.outcomes[identifier]
                torch.default_generator.manual_seed(zlib.crc32(f"{task.luck} {entry} {identifier}".encode()))
                outcome = measured(run_case(test, case, tree, task.answers.seeds[identifier]), right)
                verdict = judge(outcome, right, test.tolerance, test.size_names).within(case)
                if not verdict.passed:
                    failed[identifier] = Failure(verdict, outcome)
    return failed


def complaint(failed: Mapping[str, Failure]) -> str:
    """What is wrong with a misconception, judged by the tests that it fails; "" where nothing is."""
    if not failed:
        return "no test notices it; change the entry, or add a test that does"
    slips = [name for name, failure in failed.items() if "NameError" in str(failure.outcome.fault)]
    return f"{slips[0]} stops with a NameError; the entry names something that is not there" if slips else ""


def hints_of(right: Answers, wrong: Sequence[tuple[Misconception, Mapping[str, Failure]]]) -> Hints:
    """The hints to store: sketches of the right and the wrong outcomes, with a hint for each misconception."""
    hints = Hints({identifier: portray(outcome) for identifier, outcome in right.outcomes.items()})
    for entry, failed in wrong:
        varies = "." if entry.renamed else entry.varies  # values go with names: another wrong name, other values
        hints.add(str(entry), entry.hint, {name: failure.outcome for name, failure in failed.items()}, varies)
    return hints


@contextlib.contextmanager
def activated(root: Path) -> Iterator[Tree]:
    """A tree whose modules are imported inside; the previous modules are restored on exit.

    One thread: the tensors are tiny, and threads that wait for a busy processor take a hundred times as long.
    """
    path, modules, threads = list(sys.path), dict(sys.modules), torch.get_num_threads()
    torch.set_num_threads(1)
    tree = Tree(root)
    tree.activate()
    try:
        yield tree
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        sys.modules.update({name: module for name, module in modules.items() if name.split(".")[0] in PACKAGES})
        sys.path[:] = path
        torch.set_num_threads(threads)


@contextlib.contextmanager
def changed(root: Path, file: str, source: str) -> Iterator[Path]:
    """A copy of the solution with another source in one of its files."""
    with tempfile.TemporaryDirectory(prefix="changed-") as folder:
        copy = Path(folder)
        shutil.copytree(root / "solution", copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (copy / file).write_text(source, encoding="utf-8")
        yield copy
