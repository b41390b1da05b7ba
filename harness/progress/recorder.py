"""Runs graded tests with pytest in this process and records their verdicts."""

import os
import pdb
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tqdm import tqdm

from harness import collect
from harness.contract import Assignment
from harness.graded import TESTS
from harness.hints import hinted
from harness.judge import Verdict, telling_order
from harness.limit import exit_now
from harness.outcome import Outcome
from harness.plugin import GIVE_UP, OUTCOME, ROOT, VERDICT, release_output, stored_hints
from harness.progress.view import Standing, say_what_is_needed
from harness.verdicts import NOBODY, no_debugger

REPAIR = "Take it from the handout again."
INTERRUPTED_STATUS = pytest.ExitCode.INTERRUPTED


class Recorder:
    """A pytest plugin that records every graded test's verdict and moves a progress bar on a terminal.

    Args:
        end: ends the process if a test cannot be stopped, after the verdicts so far are recorded.
    """

    def __init__(self, assignment: Assignment, end: Callable[[], NoReturn] | None = None) -> None:
        self.standings = {deliverable.tests: Standing(deliverable) for deliverable in assignment.deliverables}
        self.running = ""
        self.damaged: list[str] = []
        self.cases: dict[str, Verdict] = {}  # identifier of a test and case -> its verdict
        self.outcomes: dict[str, Outcome] = {}
        self._end = end or partial(exit_now, 1)
        self._bar: tqdm[Any] | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[GIVE_UP] = self.give_up
        # pytest's debugger reads these options of the plugin `terminal`, which is off.
        config.option.color, config.option.code_highlight = "auto", "yes"

    def pytest_sessionstart(self) -> None:
        if os.environ.get("PYTHONBREAKPOINT") == NOBODY:
            pdb.set_trace = no_debugger

    def pytest_enter_pdb(self) -> None:
        if self._bar:
            self._bar.clear()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            reasons = [line for line in report.longreprtext.splitlines() if line.startswith("E")]
            self.damaged.append("\n".join([f"{report.nodeid} cannot be read:", *reasons, f"It is damaged. {REPAIR}"]))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for test in collect.from_items(session.items):
            self.standings[test.module].tests[test.key] = test
        self._bar = tqdm(total=len(session.items), unit="test", leave=False, disable=None)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.running = nodeid.split("::")[-1]

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        verdict = item.stash.get(VERDICT, None)
        if call.when != "call" or verdict is None or not isinstance(item, pytest.Function):
            return
        self.record(item, verdict)
        if self._bar:
            self._bar.update()

    def record(self, item: pytest.Function, verdict: Verdict) -> None:
        """Record the verdict of a case."""
        (test,) = collect.from_items([item])
        verdicts = self.standings[test.module].verdicts
        if test.key not in verdicts or _is_told_before(verdict, verdicts[test.key]):
            verdicts[test.key] = verdict
        name = test.identifier(collect.case_of(item))
        self.cases[name] = verdict
        if OUTCOME in item.stash:
            self.outcomes[name] = item.stash[OUTCOME]

    def give_up(self, item: pytest.Function, verdict: Verdict) -> NoReturn:
        """End the process because of a test that cannot be stopped."""
        self.record(item, verdict)
        self.pytest_sessionfinish()
        release_output(item.config)
        self._end()

    def pytest_sessionfinish(self) -> None:
        if self._bar:
            self._bar.close()

    def explain(self, module: str) -> None:
        """Choose hints for a deliverable from all its tests that have run."""
        cases = {name: verdict for name, verdict in self.cases.items() if name.split("::")[0] == module}
        outcomes = {name: outcome for name, outcome in self.outcomes.items() if name in cases}
        shown: dict[str, Verdict] = {}
        for name, verdict in hinted(cases, outcomes, stored_hints(module)).items():
            self.cases[name] = verdict
            key = name.partition("[")[0]
            if key not in shown or _is_told_before(verdict, shown[key]):
                shown[key] = verdict
        self.standings[module].verdicts |= shown

    def finish(self, assignment: Assignment) -> None:
        """Choose hints, and name needed deliverables in failing integration tests."""
        for module in {name.split("::")[0] for name, verdict in self.cases.items() if not verdict.passed}:
            self.explain(module)  # reading the hints of a module takes a while
        say_what_is_needed(self.standings, assignment)


def _is_told_before(verdict: Verdict, other: Verdict) -> bool:
    """Whether the verdict of one case of a test is shown before another's: failures first, then the more telling."""
    return not verdict.passed and (other.passed or telling_order(verdict) < telling_order(other))


def run_pytest(chosen: Sequence[str], tree: Path, recorder: Recorder, *more: str) -> int:
    """Run tests in this process, quietly and without the user's own plugins and options, and return pytest's status.

    Args:
        chosen: test modules, or tests as `module::name`, relative to tests/.
        more: further options of pytest.
    """
    missing = {file for test in chosen if not (TESTS / (file := test.partition("::")[0])).is_file()}
    recorder.damaged += [f"tests/{file} is missing. {REPAIR}" for file in sorted(missing)]
    present = [f"tests/{test}" for test in chosen if test.partition("::")[0] not in missing]
    if not present:
        return int(pytest.ExitCode.NO_TESTS_COLLECTED)
    plugins = (
        "terminal",
        "cacheprovider",
        "unraisableexception",
        "threadexception",
    )  # the last two run the garbage collector
    options = [*(f"-pno:{name}" for name in plugins), "--continue-on-collection-errors", "-o", "addopts="]
    where = [f"--rootdir={ROOT}", f"--tree={tree.resolve()}"]
    # Relative paths, because pytest takes brackets in a folder's name for the name of a case.
    with _plain_pytest(), chdir(ROOT):
        return int(pytest.main([*options, *more, *where, *present], plugins=[recorder]))


@contextmanager
def _plain_pytest() -> Iterator[None]:
    before = dict(os.environ)
    os.environ.pop("PYTEST_ADDOPTS", None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
