"""`python -m tests`: what is done, what is wrong first, and what comes next. Every word of a verdict is the judge's."""

import argparse
import io
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text
from tqdm import tqdm

from collect_submission import Assignment, Deliverable, Severity, inspect, place, read_tree
from tests.harness import collect
from tests.harness.graded import TESTS, GradedTest
from tests.harness.judge import Kind, Verdict
from tests.harness.plugin import ROOT, VERDICT
from tests.harness.verdicts import name_needed

STYLE = {"done": "green", "wrong": "red", "waits": "yellow", "not started": "dim", "not run": "dim"}
HEAD = f"    {'':<26}{'tests':>5} {'points':>6}  {'':<13}"
INTERRUPTED = 130  # as a shell reports Ctrl-C


@dataclass
class Standing:
    """How far a deliverable is: its tests, and the verdict of each that has run: of its cases, the first that fails."""

    deliverable: Deliverable
    tests: dict[str, GradedTest] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def passed(self) -> list[GradedTest]:
        return [test for key, test in self.tests.items() if key in self.verdicts and self.verdicts[key].passed]

    @property
    def points(self) -> float:
        whole = sum(test.weight for test in self.tests.values())
        return self.deliverable.points * sum(test.weight for test in self.passed) / whole if whole else 0.0

    @property
    def state(self) -> str:
        """done; wrong; waits, when all that fails is a needed deliverable's; not started; not run."""
        kinds = {verdict.kind for verdict in self.verdicts.values()} - {Kind.PASSED}
        if kinds - {Kind.NOT_STARTED}:
            return "wrong"
        if kinds:
            return "waits" if self.passed else "not started"
        return "done" if self.tests and len(self.passed) == len(self.tests) else "not run"

    @property
    def first_wrong(self) -> tuple[GradedTest, Verdict] | None:
        for key, verdict in self.verdicts.items():
            if verdict.kind not in (Kind.PASSED, Kind.NOT_STARTED):
                return self.tests[key], verdict
        return None


class Recorder:
    """A pytest plugin that notes every graded test's verdict and moves a progress bar on a terminal."""

    def __init__(self, assignment: Assignment) -> None:
        self.standings = {each.tests: Standing(each) for each in assignment.deliverables}
        self.running = ""
        self.damaged: list[str] = []
        self._bar: tqdm[Any] | None = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            reasons = [line for line in report.longreprtext.splitlines() if line.startswith("E")]
            self.damaged.append("\n".join([f"{report.nodeid} cannot be read:", *reasons]))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for test in collect.from_items(session.items):
            self.standings[test.module].tests[test.key] = test
        self._bar = tqdm(total=len(session.items), unit="test", leave=False, disable=None)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.running = nodeid.split("::")[-1]

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        verdict = item.stash.get(VERDICT, None)
        if call.when != "call" or verdict is None:
            return
        (test,) = collect.from_items([item])
        verdicts = self.standings[test.module].verdicts
        if test.key not in verdicts or verdicts[test.key].passed:
            verdicts[test.key] = verdict
        if self._bar:
            self._bar.update()

    def pytest_sessionfinish(self) -> None:
        if self._bar:
            self._bar.close()

    def finish(self, assignment: Assignment) -> None:
        """Let failing integration tests say which needed deliverable fails."""
        verdicts = {key: verdict for each in self.standings.values() for key, verdict in each.verdicts.items()}
        tests = [test for each in self.standings.values() for key, test in each.tests.items() if key in verdicts]
        for key, verdict in name_needed(verdicts, tests, assignment).items():
            self.standings[key.split("::")[0]].verdicts[key] = verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the graded tests and print the view; 0 when everything that was asked for is done."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a Windows console may know few letters
    assignment = Assignment.load(ROOT / "student" / "assignment.json")
    chosen, tree = _options(arguments, assignment)
    recorder = Recorder(assignment)
    status = run_pytest(chosen, tree, recorder)
    recorder.finish(assignment)
    for message in recorder.damaged:
        print(f"{message}\nIt is damaged: take it from the handout again.", file=sys.stderr)
    standings = [recorder.standings[each.tests] for each in chosen]
    if not any(standing.tests for standing in standings):
        return status or 1  # pytest or the lines above have said why
    console = Console(highlight=False, width=min(80, Console().width))
    Shown(console, assignment, standings, tree).show()
    if status == pytest.ExitCode.INTERRUPTED and not recorder.damaged:
        console.print(Text(f"\nStopped in {recorder.running}. When graded, a test has a few seconds.", style="red"))
        return INTERRUPTED
    return 0 if all(standing.state == "done" for standing in standings) else 1


def _options(arguments: Sequence[str] | None, assignment: Assignment) -> tuple[list[Deliverable], Path]:
    """The deliverables that are asked for, and the tree."""
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run the tests and say what to do next.")
    parser.add_argument("names", nargs="*", help="only these deliverables, e.g. LSTM or 1.2 (default: all)")
    parser.add_argument("--tree", default="student", help="student (default), solution or a path")
    options = parser.parse_args(arguments)
    parts = {part.id: part.number for part in assignment.parts}

    def is_named(each: Deliverable, name: str) -> bool:
        return name.lower() in (each.id, each.number, each.title.lower(), each.part, parts[each.part])

    for name in options.names:
        if not any(is_named(each, name) for each in assignment.deliverables):
            known = "\n".join(f"  {each.number} {each.title}" for each in assignment.deliverables)
            parser.exit(2, f"There is no deliverable {name!r}. There are\n{known}\n")
    chosen = [
        each for each in assignment.deliverables if not options.names or any(is_named(each, n) for n in options.names)
    ]
    tree = Path(options.tree)
    return chosen, tree if (tree / "models").is_dir() else ROOT / options.tree


def run_pytest(chosen: Sequence[Deliverable], tree: Path, recorder: Recorder) -> int:
    """Run the chosen deliverables' tests in this process, quietly and without the user's own plugins and options."""
    files = [str(TESTS / each.tests) for each in chosen]
    options = ["-p", "no:terminal", "-p", "no:cacheprovider", "--continue-on-collection-errors", "-o", "addopts="]
    with _plain_pytest():
        return int(pytest.main([*options, f"--rootdir={ROOT}", f"--tree={tree}", *files], plugins=[recorder]))


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


@dataclass
class Shown:
    """The view: deliverables in order, the first thing that is wrong, and what comes next."""

    console: Console
    assignment: Assignment
    standings: Sequence[Standing]
    tree: Path

    @cached_property
    def _files(self) -> dict[str, bytes]:
        return read_tree(self.tree, self.assignment)

    def show(self) -> None:
        self._print(self.assignment.title, "bold")
        self._print(f"\n{HEAD}in {self._shown('models')}/", "dim")
        part = ""
        for standing in self.standings:
            if standing.deliverable.part != part:
                part = standing.deliverable.part
                self._print(next(each.title for each in self.assignment.parts if each.id == part), "bold")
            self.console.print(self._line(standing))
        got = sum(each.points for each in self.standings)
        full = sum(each.deliverable.points for each in self.standings)
        self._print(f"\n{_points(got)} of {_points(full)} points with the published inputs", "bold")
        self._show_first_wrong()
        self._show_warnings()
        self._print(f"\n{self._next()}", "bold")

    def _print(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style=style))

    def _line(self, standing: Standing) -> Text:
        """One deliverable in 80 columns: number, title, tests passed, points, state, and where its work is."""
        deliverable = standing.deliverable
        tests = f"{len(standing.passed)}/{len(standing.tests)}"
        points = f"{_points(standing.points)}/{_points(deliverable.points)}"
        line = Text(f"{deliverable.number} {deliverable.title:<26}{tests:>5} {points:>6}  ")
        line.append(f"{standing.state:<13}", style=STYLE[standing.state])
        return line.append(self._place(deliverable).removeprefix("models/"), style="dim")

    def _show_first_wrong(self) -> None:
        for standing in self.standings:
            if standing.first_wrong:
                test, verdict = standing.first_wrong
                self._print(f"\nWrong first: {test.number} {standing.deliverable.title}", "red")
                for paragraph in verdict.words(test.summary):
                    self._print(textwrap.fill(paragraph, 78, initial_indent="  ", subsequent_indent="  "))
                self._print(f"  Test: {test.name}\n  in tests/{test.module}", "dim")
                return

    def _show_warnings(self) -> None:
        """Warnings of the preflight about the files at hand, but for what the list shows already."""
        files = {standing.deliverable.file for standing in self.standings}
        for finding in inspect(self._files, self.assignment):
            known = finding.rule in ("not-started", "nothing")
            if finding.severity is Severity.WARNING and finding.file in files and not known:
                self._print(textwrap.fill(f"Note: {finding}", 78, subsequent_indent="  "), "yellow")

    def _next(self) -> str:
        """The first wrong deliverable; where none is, what was finished last (saved last), and what follows it."""
        by_state = {state: [each for each in self.standings if each.state == state] for state in STYLE}
        if by_state["wrong"]:
            return f"Next: mend {self._named(by_state['wrong'][0])}"
        open_ones = by_state["not started"] or by_state["waits"] or by_state["not run"]
        if not open_ones:
            whole = len(self.standings) == len(self.assignment.deliverables)
            return "Everything is done. Pack it: python collect_submission.py" if whole else "All of this is done."
        if not by_state["done"]:
            return f"Next: {self._named(open_ones[0])}"
        last = max(by_state["done"], key=lambda each: (self._saved(each), self.standings.index(each)))
        after = [each for each in open_ones if self.standings.index(each) > self.standings.index(last)]
        counts = f"{len(last.passed)}/{len(last.tests)}"
        return f"{last.deliverable.title} {counts} done, next: {self._named((after or open_ones)[0])}"

    def _named(self, standing: Standing) -> str:
        return f"{standing.deliverable.title} ({self._shown(self._place(standing.deliverable))})"

    def _shown(self, path: str) -> str:
        """A path in the tree as one types it here."""
        full = self.tree / path.rpartition(":")[0] if ":" in path else self.tree / path
        try:
            shown = full.resolve().relative_to(Path.cwd().resolve()).as_posix()
        except ValueError:
            shown = str(full)
        return f"{shown}:{path.rpartition(':')[2]}" if ":" in path else shown

    def _place(self, deliverable: Deliverable) -> str:
        """file:line of where the work on a deliverable is."""
        return f"{deliverable.file}:{place(self._files, deliverable)}"

    def _saved(self, standing: Standing) -> float:
        path = self.tree / standing.deliverable.file
        return path.stat().st_mtime if path.exists() else 0.0


def _points(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
