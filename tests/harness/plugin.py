"""pytest plugin: run graded tests on a tree and report the judge's words without a traceback of the harness.

python -m pytest tests/models --tree=student|solution|PATH
python -m pytest tests/models --update-references
"""

import importlib.metadata
import os
from functools import cached_property, partial
from pathlib import Path

import pytest
import torch

from collect_submission import Assignment, inspect, read_tree
from tests.harness import answers, collect
from tests.harness.answers import Answers
from tests.harness.graded import TESTS, Case, GradedTest
from tests.harness.judge import Kind, Verdict, judge
from tests.harness.outcome import Outcome
from tests.harness.run import run
from tests.harness.tree import Tree
from tests.harness.verdicts import preflight

ROOT = TESTS.parent
VERDICT = pytest.StashKey[Verdict]()


class Bench:
    """Everything that graded tests share in one pytest run: the tree, its preflight, the stored answers."""

    def __init__(self, tree: Path, update: bool) -> None:
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)  # the tensors are tiny: threads only wait for each other
        self.tree = Tree(tree, ROOT / "student")
        self.tree.activate()
        self.update = update
        self.new: dict[str, Answers] = {}
        self._answers: dict[str, Answers] = {}

    @cached_property
    def assignment(self) -> Assignment:
        return Assignment.load(ROOT / "student" / "assignment.json")

    @cached_property
    def _decided(self) -> dict[str, Verdict]:
        """Test module -> the verdict that the preflight gives to all its tests."""
        files = read_tree(self.tree.root, self.assignment)
        decided = preflight(files, inspect(files, self.assignment), self.assignment)
        return {each.tests: decided[each.id] for each in self.assignment.deliverables if each.id in decided}

    def verdict(self, test: GradedTest, case: Case) -> Verdict:
        """Run a test on the tree and judge it."""
        if test.module in self._decided:
            return self._decided[test.module]
        try:
            expected = self.expected(test.module)
            right, seed = expected.outcomes[test.identifier(case)], expected.seeds[test.identifier(case)]
        except (FileNotFoundError, KeyError):
            path = answers.public(test.module).relative_to(ROOT)
            return Verdict(Kind.MISSING, f"No reference in {path}; write it with --update-references.")
        return judge(self.run(test, case, seed), right, test.tolerance).within(case)

    def expected(self, module: str) -> Answers:
        if module not in self._answers:
            self._answers[module] = Answers.load(answers.public(module))
        return self._answers[module]

    def run(self, test: GradedTest, case: Case, seed: str, double: bool = False) -> Outcome:
        dtype = torch.float64 if double else torch.float32
        return run(test.function(), self.tree, test.identifier(case), seed, case.arguments, dtype)

    def renew(self, test: GradedTest, case: Case) -> None:
        """Make a test's public answer from the tree; `save` writes them all at the end."""
        seed, outcome = answers.make(test, case, "0", partial(self.run, test, case))
        module = self.new.setdefault(test.module, Answers(header=self.header()))
        module.seeds[test.identifier(case)] = seed
        module.outcomes[test.identifier(case)] = outcome

    def save(self) -> None:
        for module, made in self.new.items():
            made.save(answers.public(module))

    def header(self) -> dict[str, str]:
        versions = {package: importlib.metadata.version(package) for package in ("torch", "numpy")}
        return {**versions, "contract": self.assignment.version.split("+")[0]}


BENCH = pytest.StashKey[Bench]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("assignment")
    group.addoption("--tree", default=None, help="the tree to test: student (default), solution or a path")
    group.addoption("--update-references", action="store_true", help="rewrite tests/reference from the solution")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update-references") and config.getoption("--tree"):
        raise pytest.UsageError("--update-references takes the solution's answers: leave out --tree")
    tree = _tree(config)
    if not (tree / "models").is_dir():
        raise pytest.UsageError(f"--tree: {tree} holds no folder 'models'; name the folder that does")


def _tree(config: pytest.Config) -> Path:
    """The tree under test: a path, or a folder beside tests/ wherever pytest was started."""
    tree = Path(config.getoption("--tree") or ("solution" if config.getoption("--update-references") else "student"))
    return tree if (tree / "models").is_dir() else ROOT / tree


def bench(config: pytest.Config) -> Bench:
    """The run's bench, made when the first graded test needs it."""
    if BENCH not in config.stash:
        config.stash[BENCH] = Bench(_tree(config), bool(config.getoption("--update-references")))
    return config.stash[BENCH]


@pytest.fixture
def models() -> None:
    """The models of the tree under test: `models.naive.LSTM.LSTM` is a class."""


@pytest.fixture
def given() -> None:
    """Deterministic inputs, sizes and parameter values (harness/given.py)."""


@pytest.fixture
def reference() -> None:
    """Takes the tensors that have to equal the solution's (harness/reference.py)."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a graded test through the harness, which brings the real fixtures, and fail with the judge's words."""
    if not collect.is_graded(pyfuncitem.path):
        return None
    (test,) = collect.from_items([pyfuncitem])
    case = collect.case_of(pyfuncitem)
    shared = bench(pyfuncitem.config)
    if shared.update:
        shared.renew(test, case)
        return True
    verdict = shared.verdict(test, case)
    pyfuncitem.stash[VERDICT] = verdict
    if not verdict.passed:
        pytest.fail("\n".join(verdict.words(test.summary)), pytrace=False)
    return True


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    shared = session.config.stash.get(BENCH, None)
    if shared and shared.update and exitstatus == 0:
        shared.save()
