"""pytest plugin: run graded tests on a tree and report the judge's words without a traceback of the harness.

python -m pytest tests/models --tree=student|solution|PATH
"""

import os
import sys
from bdb import BdbQuit
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from traceback import StackSummary
from typing import Any, NoReturn

import pytest
import torch

from harness import answers, collect, hints
from harness.answers import Answers
from harness.contract import Assignment
from harness.draws import measured
from harness.graded import TESTS, GradedTest
from harness.hints import Hints, hinted
from harness.judge import CAUSE, PARAMETERS, RANDOM, Kind, Verdict, differ, judge
from harness.limit import Limit, exit_now, is_debugged
from harness.makers import Makers
from harness.outcome import Outcome
from harness.run import cut, place, run
from harness.submission.listed_files import read_tree
from harness.submission.preflight import inspect_tree
from harness.tree import Tree
from harness.verdicts import TIMEOUTS, find_tree, out_of_time, preflight

ROOT = TESTS.parent
VERDICT = pytest.StashKey[Verdict]()
OUTCOME = pytest.StashKey[Outcome]()


class SharedState:
    """What graded tests share in one pytest run: the tree, its preflight, the stored answers and hints.

    Attributes:
        timeouts: test module -> how many of its tests ran out of time.
    """

    def __init__(self, tree: Path) -> None:
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)  # for tiny tensors, threads only wait for each other
        self.tree = Tree(tree)
        self.tree.activate()
        self.timeouts: Counter[str] = Counter()

    @cached_property
    def assignment(self) -> Assignment:
        return Assignment.load(ROOT / "student" / "assignment.json")

    @cached_property
    def _decided(self) -> dict[str, Verdict]:
        """Test module -> the preflight's verdict for all its tests."""
        files = read_tree(self.tree.root, self.assignment)
        decided = preflight(files, inspect_tree(self.tree.root, files, self.assignment), self.assignment)
        return {
            deliverable.tests: decided[deliverable.id]
            for deliverable in self.assignment.deliverables
            if deliverable.id in decided
        }

    def try_case(self, test: GradedTest, item: pytest.Function) -> "CaseResult":
        """Run a case of a test on the tree and judge it."""
        case, config = collect.case_of(item), item.config
        if test.module in self._decided:
            return CaseResult(self._decided[test.module])
        try:
            expected = stored_answers(test.module)
            right, seed = expected.outcomes[test.identifier(case)], expected.seeds[test.identifier(case)]
        except (FileNotFoundError, KeyError):
            path = answers.public_file(test.module).relative_to(ROOT)
            return CaseResult(Verdict(Kind.MISSING, f"No public answer in {path}; take it from the handout again."))

        def give_up(stack: StackSummary) -> NoReturn:
            config.stash[GIVE_UP](item, out_of_time(place(stack, self.tree), unstoppable=True).within(case))

        limit, caught = Limit(give_up, config.stash[LOG]), list[BaseException]()
        # pytest --trace replaces the item's function.
        once = partial(run, item.obj, self.tree, test.identifier(case), seed, case.arguments)
        silent = partial(without_breakpoints, once)  # later runs of the test do not stop at breakpoints again
        outcome = limit.call(partial(once, caught=caught))
        if limit.stack or not outcome:
            self.timeouts[test.module] += 1
            return CaseResult(out_of_time(place(limit.stack or StackSummary(), self.tree)).within(case))
        outcome = measured(outcome, right)
        verdict = judge(outcome, right, test.tolerance, test.size_names)
        makers = Makers(self.tree)
        again = limit.call(partial(makers.watch, silent)) if verdict.shown and not is_debugged(None) else None
        if again:
            verdict = replace(verdict, maker=makers.of.get(verdict.shown, ""))
            filled = verdict.kind in (Kind.VALUES, Kind.NOT_FINITE) and verdict.why != PARAMETERS
            if filled and differ(outcome, measured(again, right)):
                verdict = replace(verdict, message=f"{verdict.message}\n{RANDOM}", why=CAUSE)
        if verdict.shown and not caught and config.getoption("usepdb", False):
            limit.call(partial(silent, caught=caught, stop_at=verdict.shown))
        return CaseResult(verdict.within(case), outcome, next(iter(caught), None))


def without_breakpoints(run: Callable[..., Outcome], **options: Any) -> Outcome:
    """Run a test with breakpoints disabled."""
    hook, sys.breakpointhook = sys.breakpointhook, lambda *_, **__: None
    try:
        return run(**options)
    finally:
        sys.breakpointhook = hook


@dataclass(frozen=True)
class CaseResult:
    """The result of a case: no outcome where nothing has run to its end.

    Attributes:
        error: what the test ended with or, with pytest --pdb, what stops it where it shows the first wrong value.
    """

    verdict: Verdict
    outcome: Outcome | None = None
    error: BaseException | None = None


@cache
def stored_answers(module: str) -> Answers:
    """The public answers of a test module."""
    return Answers.load(answers.public_file(module))


@cache
def stored_hints(module: str) -> Hints:
    """The known wrong outcomes of a test module; none if the rubric's hints are off."""
    path = hints.public_file(module)
    return Hints.load(path) if path.exists() else Hints()


SHARED = pytest.StashKey[SharedState]()
LOG = pytest.StashKey[int]()  # the descriptor of standard error, which is not captured
GIVE_UP = pytest.StashKey[Callable[[pytest.Function, Verdict], NoReturn]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("assignment")
    group.addoption("--tree", default=None, help="the tree to test: student (default), solution or a path")


def pytest_configure(config: pytest.Config) -> None:
    try:
        _tree(config)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    log = os.dup(2)
    config.stash[LOG] = log
    config.add_cleanup(lambda: os.close(log))
    config.stash.setdefault(GIVE_UP, give_up)


def give_up(item: pytest.Function, verdict: Verdict) -> NoReturn:
    """End the process because of a test that cannot be stopped; earlier failures are not reported."""
    release_output(item.config)
    print(f"\n{item.nodeid}", verdict.message, sep="\n", file=sys.stderr)
    exit_now(1)


def release_output(config: pytest.Config) -> None:
    """Show printed output from now on."""
    if capture := config.pluginmanager.getplugin("capturemanager"):
        capture.suspend_global_capture(in_=True)


def _tree(config: pytest.Config) -> Path:
    return find_tree(config.getoption("--tree") or "student")


def shared_state(config: pytest.Config) -> SharedState:
    """The state of this pytest run, made when the first graded test needs it."""
    if SHARED not in config.stash:
        config.stash[SHARED] = SharedState(_tree(config))
    return config.stash[SHARED]


@pytest.fixture
def models() -> None:
    """The models of the tree under test: `models.naive.LSTM.LSTM` is a class."""


@pytest.fixture
def given() -> None:
    """Deterministic inputs, sizes and parameter values (harness/given.py)."""


@pytest.fixture
def show() -> None:
    """Takes the values that have to equal the solution's (harness/show.py)."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a graded test through the harness, which brings the real fixtures, and fail with the judge's words."""
    if not collect.is_graded(pyfuncitem.path):
        return None
    (test,) = collect.from_items([pyfuncitem])
    shared = shared_state(pyfuncitem.config)
    if shared.timeouts[test.module] >= TIMEOUTS:
        pytest.skip("Not run: too many tests of this deliverable ran out of time.")
    try:
        tried = shared.try_case(test, pyfuncitem)
    except BdbQuit:  # the end of input, such as Ctrl-D; pytest handles `quit`
        pytest.exit("Quitting debugger")
    verdict = tried.verdict
    if tried.outcome and not verdict.passed:
        name = test.identifier(collect.case_of(pyfuncitem))
        verdict = hinted({name: verdict}, {name: tried.outcome}, stored_hints(test.module))[name]
        pyfuncitem.stash[OUTCOME] = tried.outcome
    pyfuncitem.stash[VERDICT] = verdict
    if not verdict.passed:
        raise failure(pyfuncitem.config, "\n".join(verdict.words(test.summary)), tried.error, shared.tree)
    return True


def failure(config: pytest.Config, words: str, error: BaseException | None, tree: Tree) -> BaseException:
    """The judge's words as pytest's failure; if student code raised, --tb and --pdb show where."""
    if error is None:
        return pytest.fail.Exception(words, pytrace=False)
    cut(error, tree)
    frames = config.getoption("tbstyle", "auto") in ("long", "short", "native")
    return pytest.fail.Exception(words, pytrace=frames).with_traceback(error.__traceback__)
