"""Run graded tests with pytest in this process and note their verdicts."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tqdm import tqdm

from collect_submission import Assignment
from tests.harness import collect
from tests.harness.graded import TESTS
from tests.harness.hints import hinted
from tests.harness.judge import Verdict
from tests.harness.outcome import Outcome
from tests.harness.plugin import OUTCOME, ROOT, VERDICT, stored_hints
from tests.harness.view import Standing, say_what_is_needed

REPAIR = "It is damaged: take it from the handout again."
INTERRUPTED_STATUS = pytest.ExitCode.INTERRUPTED


class Recorder:
    """A pytest plugin that notes every graded test's verdict and moves a progress bar on a terminal."""

    def __init__(self, assignment: Assignment) -> None:
        self.standings = {each.tests: Standing(each) for each in assignment.deliverables}
        self.running = ""
        self.damaged: list[str] = []
        self.cases: dict[str, Verdict] = {}  # identifier of a test and case -> its verdict
        self.outcomes: dict[str, Outcome] = {}
        self._bar: tqdm[Any] | None = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            reasons = [line for line in report.longreprtext.splitlines() if line.startswith("E")]
            self.damaged.append("\n".join([f"{report.nodeid} cannot be read:", *reasons, REPAIR]))

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
        (test,) = collect.from_items([item])
        verdicts = self.standings[test.module].verdicts
        if test.key not in verdicts or verdicts[test.key].passed:
            verdicts[test.key] = verdict
        name = test.identifier(collect.case_of(item))
        self.cases[name] = verdict
        if OUTCOME in item.stash:
            self.outcomes[name] = item.stash[OUTCOME]
        if self._bar:
            self._bar.update()

    def pytest_sessionfinish(self) -> None:
        if self._bar:
            self._bar.close()

    def explain(self, module: str) -> None:
        """Let all tests of a deliverable that have run decide about their hints."""
        cases = {name: verdict for name, verdict in self.cases.items() if name.split("::")[0] == module}
        outcomes = {name: outcome for name, outcome in self.outcomes.items() if name in cases}
        verdicts = self.standings[module].verdicts
        for name, verdict in hinted(cases, outcomes, stored_hints(module)).items():
            key = name.partition("[")[0]
            if verdicts[key] is cases[name]:  # of its cases the one that is shown
                verdicts[key] = self.cases[name] = verdict

    def finish(self, assignment: Assignment) -> None:
        """Choose hints, and let failing integration tests say which needed deliverable fails."""
        for module in self.standings:
            self.explain(module)
        say_what_is_needed(self.standings, assignment)


def run_pytest(chosen: Sequence[str], tree: Path, recorder: Recorder, *more: str) -> int:
    """Run tests in this process, quietly and without the user's own plugins and options, and return pytest's status.

    Args:
        chosen: test modules, or tests as `module::name`, relative to tests/.
        more: further options of pytest.
    """
    files = [str(TESTS / each) for each in chosen]
    plugins = ("terminal", "cacheprovider", "unraisableexception", "threadexception")  # the last two collect garbage
    options = [*(f"-pno:{name}" for name in plugins), "--continue-on-collection-errors", "-o", "addopts="]
    with _plain_pytest():
        return int(pytest.main([*options, *more, f"--rootdir={ROOT}", f"--tree={tree}", *files], plugins=[recorder]))


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
