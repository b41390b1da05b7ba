"""`python -m tests`: what is done, what is wrong first, and what comes next. Every word of a verdict is the judge's."""

import argparse
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text
from tqdm import tqdm

from collect_submission import Assignment, Deliverable, Finding, Severity, inspect, read_tree
from tests.harness import collect
from tests.harness.graded import TESTS, GradedTest
from tests.harness.judge import Kind, Verdict
from tests.harness.plugin import ROOT, VERDICT

STYLE = {"done": "green", "wrong": "red", "not started": "dim"}


@dataclass
class Standing:
    """How far a deliverable is: its tests with the first verdict of each that does not pass."""

    deliverable: Deliverable
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    tests: dict[str, GradedTest] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        return sum(verdict.passed for verdict in self.verdicts.values())

    @property
    def points(self) -> float:
        whole = sum(test.weight for test in self.tests.values())
        got = sum(test.weight for key, test in self.tests.items() if self.verdicts[key].passed)
        return self.deliverable.points * got / whole if whole else 0.0

    @property
    def state(self) -> str:
        if self.verdicts and self.passed == len(self.verdicts):
            return "done"
        kinds = {verdict.kind for verdict in self.verdicts.values()}
        return "not started" if kinds <= {Kind.NOT_STARTED} else "wrong"

    @property
    def first_wrong(self) -> tuple[GradedTest, Verdict] | None:
        for key, verdict in self.verdicts.items():
            if not verdict.passed:
                return self.tests[key], verdict
        return None


class Recorder:
    """A pytest plugin that notes every graded test's verdict and moves a progress bar on a terminal."""

    def __init__(self, assignment: Assignment) -> None:
        self.standings = {each.tests: Standing(each) for each in assignment.deliverables}
        self._bar: tqdm[Any] | None = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._bar = tqdm(total=len(session.items), unit="test", leave=False, disable=None)

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        verdict = item.stash.get(VERDICT, None)
        if call.when != "call" or verdict is None:
            return
        (test,) = collect.from_items([item])
        standing = self.standings[test.module]
        standing.tests[test.key] = test
        if test.key not in standing.verdicts or standing.verdicts[test.key].passed:
            # of several cases, the first that fails counts
            standing.verdicts[test.key] = verdict
        if self._bar:
            self._bar.update()

    def pytest_sessionfinish(self) -> None:
        if self._bar:
            self._bar.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the graded tests and print the view; 0 when everything that was asked for is done."""
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run the tests and say what to do next.")
    parser.add_argument("names", nargs="*", help="only these deliverables, e.g. LSTM or 1.2 (default: all)")
    parser.add_argument("--tree", default="student", help="student (default), solution or a path")
    options = parser.parse_args(arguments)
    assignment = Assignment.load(ROOT / "student" / "assignment.json")
    unknown = [name for name in options.names if not any(_is_named(each, [name]) for each in assignment.deliverables)]
    if unknown:
        known = ", ".join(f"{each.number} {each.title}" for each in assignment.deliverables)
        parser.error(f"no deliverable is called {' or '.join(unknown)}; there are {known}")
    chosen = [each for each in assignment.deliverables if not options.names or _is_named(each, options.names)]
    recorder = Recorder(assignment)
    status = run_pytest(chosen, options.tree, recorder)
    standings = [recorder.standings[each.tests] for each in chosen]
    if not any(standing.tests for standing in standings):
        return int(status) or 1  # pytest has said why
    console = Console(highlight=False, width=min(80, Console().width), soft_wrap=False)
    tree = Path(options.tree) if Path(options.tree).is_dir() else ROOT / options.tree
    show(console, assignment, standings, tree)
    return 0 if all(standing.state == "done" for standing in standings) else 1


def run_pytest(chosen: Sequence[Deliverable], tree: str, recorder: Recorder) -> int:
    """Run the chosen deliverables' tests in this process, quietly."""
    files = [str(TESTS / each.tests) for each in chosen]
    options = ["-p", "no:terminal", "-p", "no:cacheprovider", "-o", "addopts=", f"--rootdir={ROOT}", f"--tree={tree}"]
    return int(pytest.main([*options, *files], plugins=[recorder]))


def show(console: Console, assignment: Assignment, standings: Sequence[Standing], tree: Path) -> None:
    """Print the deliverables in order, the first thing that is wrong, and what comes next."""
    console.print(Text(assignment.title, style="bold"))
    console.print(Text(f"\n{HEAD}", style="dim"))
    part = ""
    for standing in standings:
        deliverable = standing.deliverable
        if deliverable.part != part:
            part = deliverable.part
            title = next(each.title for each in assignment.parts if each.id == part)
            console.print(Text(title, style="bold"))
        console.print(_line(standing, tree))
    got, full = sum(each.points for each in standings), sum(each.deliverable.points for each in standings)
    console.print(Text(f"\n{_points(got)} of {_points(full)} points with the published inputs", style="bold"))
    wrong = next((each for each in standings if each.state == "wrong"), None)
    if wrong and wrong.first_wrong:
        _show_wrong(console, *wrong.first_wrong, wrong.deliverable)
    _show_warnings(console, assignment, tree)
    console.print(Text(f"\n{_next(standings, assignment, tree)}", style="bold"))


HEAD = f"    {'':<26}{'tests':>5} {'points':>6}  {'':<13}where in models/"


def _line(standing: Standing, tree: Path) -> Text:
    """One deliverable in 80 columns: number, title, tests passed, points, state, and where its work is."""
    deliverable = standing.deliverable
    tests = f"{standing.passed}/{len(standing.verdicts)}"
    points = f"{_points(standing.points)}/{_points(deliverable.points)}"
    line = Text(f"{deliverable.number} {deliverable.title:<26}{tests:>5} {points:>6}  ")
    line.append(f"{standing.state:<13}", style=STYLE[standing.state])
    return line.append(_place(deliverable, tree).removeprefix("models/"), style="dim")


def _show_wrong(console: Console, test: GradedTest, verdict: Verdict, deliverable: Deliverable) -> None:
    console.print(Text(f"\nWrong first: {test.number} {deliverable.title}", style="red"))
    for paragraph in verdict.words(test.summary):
        console.print(Text(textwrap.fill(paragraph, 78, initial_indent="  ", subsequent_indent="  ")))
    console.print(Text(f"  Test: {test.name}\n  in tests/{test.module}", style="dim"))


def _show_warnings(console: Console, assignment: Assignment, tree: Path) -> None:
    """Warnings of the preflight, but for what the list shows already."""
    findings: list[Finding] = [
        finding
        for finding in inspect(read_tree(tree, assignment), assignment)
        if finding.severity is Severity.WARNING and finding.rule not in ("not-started", "nothing")
    ]
    for finding in findings:
        console.print(Text(textwrap.fill(f"Note: {finding}", 78, subsequent_indent="  "), style="yellow"))


def _next(standings: Sequence[Standing], assignment: Assignment, tree: Path) -> str:
    """The first wrong deliverable; where none is, what was finished last (its file was saved last) and what follows."""
    open_ones = [each for each in standings if each.state != "done"]
    done = [each for each in standings if each.state == "done"]
    if not open_ones:
        whole = len(standings) == len(assignment.deliverables)
        return "Everything is done. Pack it: python collect_submission.py" if whole else "All of this is done."
    last = max(done, key=lambda each: (_saved(each.deliverable, tree), standings.index(each)), default=None)
    wrong = [each for each in open_ones if each.state == "wrong"]
    if wrong or last is None:
        first = (wrong or open_ones)[0]
        return f"Next: {'mend ' if wrong else ''}{first.deliverable.title} ({_place(first.deliverable, tree)})"
    after = [each for each in open_ones if standings.index(each) > standings.index(last)]
    following = (after or open_ones)[0].deliverable
    counts = f"{last.passed}/{len(last.verdicts)}"
    return f"{last.deliverable.title} {counts} done, next: {following.title} ({_place(following, tree)})"


def _place(deliverable: Deliverable, tree: Path) -> str:
    """file:line of a deliverable's first TODO."""
    path = tree / deliverable.file
    line = min((function.todo for function in deliverable.functions), default=1)
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        line = next(number for number, text in enumerate(lines, 1) if f"TODO({deliverable.id})" in text)
    except (OSError, StopIteration):
        pass
    return f"{deliverable.file}:{line}"


def _saved(deliverable: Deliverable, tree: Path) -> float:
    path = tree / deliverable.file
    return path.stat().st_mtime if path.exists() else 0.0


def _is_named(deliverable: Deliverable, names: Sequence[str]) -> bool:
    own = {deliverable.id.lower(), deliverable.number, deliverable.title.lower(), deliverable.part}
    return any(name.lower() in own for name in names)


def _points(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
