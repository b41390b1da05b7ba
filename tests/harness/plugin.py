"""pytest plugin: run graded tests on a tree and report the judge's words without a traceback of the harness.

python -m pytest tests/models --tree=student|solution|PATH
"""

import os
from functools import cache, cached_property
from pathlib import Path

import pytest
import torch

from collect_submission import Assignment, inspect, read_tree
from tests.harness import answers, collect, hints
from tests.harness.answers import Answers
from tests.harness.graded import TESTS, Case, GradedTest
from tests.harness.hints import Hints, hinted
from tests.harness.judge import Kind, Verdict, judge
from tests.harness.outcome import Outcome
from tests.harness.run import run_case
from tests.harness.tree import Tree
from tests.harness.verdicts import find, preflight

ROOT = TESTS.parent
VERDICT = pytest.StashKey[Verdict]()
OUTCOME = pytest.StashKey[Outcome]()


class Bench:
    """Everything that graded tests share in one pytest run: the tree, its preflight, the stored answers and hints."""

    def __init__(self, tree: Path) -> None:
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)  # the tensors are tiny: threads only wait for each other
        self.tree = Tree(tree, ROOT / "student")
        self.tree.activate()

    @cached_property
    def assignment(self) -> Assignment:
        return Assignment.load(ROOT / "student" / "assignment.json")

    @cached_property
    def _decided(self) -> dict[str, Verdict]:
        """Test module -> the verdict that the preflight gives to all its tests."""
        files = read_tree(self.tree.root, self.assignment)
        decided = preflight(files, inspect(files, self.assignment), self.assignment)
        return {each.tests: decided[each.id] for each in self.assignment.deliverables if each.id in decided}

    def verdict(self, test: GradedTest, case: Case) -> tuple[Verdict, Outcome | None]:
        """Run a test on the tree and judge it. No outcome where nothing had to run."""
        if test.module in self._decided:
            return self._decided[test.module], None
        try:
            expected = stored_answers(test.module)
            right, seed = expected.outcomes[test.identifier(case)], expected.seeds[test.identifier(case)]
        except (FileNotFoundError, KeyError):
            path = answers.public(test.module).relative_to(ROOT)
            return Verdict(Kind.MISSING, f"No public answer in {path}; take it from the handout again."), None
        outcome = run_case(test, case, self.tree, seed)
        return judge(outcome, right, test.tolerance).within(case), outcome


@cache
def stored_answers(module: str) -> Answers:
    """The public answers of a test module."""
    return Answers.load(answers.public(module))


@cache
def stored_hints(module: str) -> Hints:
    """The known wrong outcomes of a test module; none where the rubric has hints off."""
    path = hints.public(module)
    return Hints.load(path) if path.exists() else Hints()


BENCH = pytest.StashKey[Bench]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("assignment")
    group.addoption("--tree", default=None, help="the tree to test: student (default), solution or a path")


def pytest_configure(config: pytest.Config) -> None:
    try:
        _tree(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def _tree(config: pytest.Config) -> Path:
    return find(config.getoption("--tree") or "student")


def bench(config: pytest.Config) -> Bench:
    """The run's bench, made when the first graded test needs it."""
    if BENCH not in config.stash:
        config.stash[BENCH] = Bench(_tree(config))
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
    verdict, outcome = bench(pyfuncitem.config).verdict(test, case)
    if outcome and not verdict.passed:
        name = test.identifier(case)
        verdict = hinted({name: verdict}, {name: outcome}, stored_hints(test.module))[name]
        pyfuncitem.stash[OUTCOME] = outcome
    pyfuncitem.stash[VERDICT] = verdict
    if not verdict.passed:
        pytest.fail("\n".join(verdict.words(test.summary)), pytrace=False)
    return True
