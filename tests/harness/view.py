"""What is done, what is wrong first, and what comes next. Every word of a verdict is the judge's; no torch here."""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.text import Text

from collect_submission import Assignment, Deliverable, Severity, inspect, place, read_tree
from tests.harness.graded import GradedTest
from tests.harness.judge import Kind, Verdict
from tests.harness.verdicts import name_needed

STYLE = {"done": "green", "wrong": "red", "waits": "yellow", "not started": "dim", "not run": "dim"}
HEAD = f"    {'':<26}{'tests':>5} {'points':>6}  {'':<13}"
COLUMNS = 80  # of a terminal


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
        return self._first(lambda verdict: verdict.kind not in (Kind.PASSED, Kind.NOT_STARTED))

    @property
    def first_open(self) -> tuple[GradedTest, Verdict] | None:
        """What is to be done here: the first that is wrong, else the first that does not pass."""
        return self.first_wrong or self._first(lambda verdict: not verdict.passed)

    def _first(self, fits: Callable[[Verdict], bool]) -> tuple[GradedTest, Verdict] | None:
        for key, test in self.tests.items():
            if key in self.verdicts and fits(self.verdicts[key]):
                return test, self.verdicts[key]
        return None

    @property
    def finished(self) -> str:
        return f"{self.deliverable.title} {len(self.passed)}/{len(self.tests)} done"


def say_what_is_needed(standings: Mapping[str, Standing], assignment: Assignment) -> None:
    """Let failing integration tests say which needed deliverable fails. Keys are test modules."""
    verdicts = {key: verdict for each in standings.values() for key, verdict in each.verdicts.items()}
    tests = [test for each in standings.values() for key, test in each.tests.items() if key in verdicts]
    for key, verdict in name_needed(verdicts, tests, assignment).items():
        standings[key.split("::")[0]].verdicts[key] = verdict


@dataclass
class View:
    """Deliverables in order, where the work on each is, the current one, and what comes next."""

    assignment: Assignment
    standings: Sequence[Standing]
    tree: Path

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The listed files as they were when this was first asked."""
        return read_tree(self.tree, self.assignment)

    @property
    def head(self) -> str:
        return f"{HEAD}in {self.typed('models')}/"

    def line(self, standing: Standing) -> Text:
        """One deliverable: number, title, tests passed, points, state, and where its work is.

        The folder is left out where the line would not fit a terminal.
        """
        deliverable = standing.deliverable
        tests = f"{len(standing.passed)}/{len(standing.tests)}"
        points = f"{in_points(standing.points)}/{in_points(deliverable.points)}"
        line = Text(f"{deliverable.number} {deliverable.title:<26}{tests:>5} {points:>6}  ")
        line.append(f"{standing.state:<13}", style=STYLE[standing.state])
        where = self.place(standing).removeprefix("models/")
        return line.append(where if len(line) + len(where) <= COLUMNS else where.rpartition("/")[2], style="dim")

    def part(self, standing: Standing) -> str:
        return next(each.title for each in self.assignment.parts if each.id == standing.deliverable.part)

    @property
    def points(self) -> str:
        got = sum(each.points for each in self.standings)
        full = sum(each.deliverable.points for each in self.standings)
        return f"{in_points(got)} of {in_points(full)} points"

    @property
    def current(self) -> Standing | None:
        """The first wrong one, else the open one that follows what was finished last; None when all is done."""
        by_state = self._by_state
        if by_state["wrong"]:
            return by_state["wrong"][0]
        open_ones = by_state["not started"] or by_state["waits"] or by_state["not run"]
        last = self.standings.index(self._last_done) if self._last_done else -1
        after = [each for each in open_ones if self.standings.index(each) > last]
        return next(iter(after or open_ones), None)

    @property
    def _by_state(self) -> dict[str, list[Standing]]:
        return {state: [each for each in self.standings if each.state == state] for state in STYLE}

    @property
    def _last_done(self) -> Standing | None:
        """What was finished last: saved last."""
        done = self._by_state["done"]
        return max(done, key=lambda each: (self._saved(each), self.standings.index(each)), default=None)

    @property
    def next(self) -> str:
        """One sentence on what to do."""
        current, last = self.current, self._last_done
        if not current:
            whole = len(self.standings) == len(self.assignment.deliverables)
            return "Everything is done. Pack it: python collect_submission.py" if whole else "All of this is done."
        named = f"{current.deliverable.title} ({self.typed(self.place(current))})"
        if current.state == "wrong":
            return f"Next: mend {named}"
        return f"{last.finished}, next: {named}" if last else f"Next: {named}"

    def warnings(self, standings: Sequence[Standing]) -> Iterator[str]:
        """What the preflight warns of in files of deliverables, but for what the list shows already."""
        files = {standing.deliverable.file for standing in standings}
        for finding in inspect(self.files, self.assignment):
            known = finding.rule in ("not-started", "nothing")
            if finding.severity is Severity.WARNING and finding.file in files and not known:
                yield f"Note: {finding}"

    def typed(self, path: str) -> str:
        """A path in the tree as one types it here; it may end with a line's number."""
        name, colon, line = path.partition(":")
        full = self.tree / name
        try:
            shown = full.resolve().relative_to(Path.cwd().resolve()).as_posix()
        except ValueError:
            shown = str(full)
        return f"{shown}{colon}{line}"

    def place(self, standing: Standing) -> str:
        """file:line of the work on a deliverable: the line that its failing check names, else where to begin."""
        deliverable = standing.deliverable
        if standing.first_wrong:
            _, verdict = standing.first_wrong
            if named := re.search(rf"{re.escape(deliverable.file)}:\d+", verdict.message):
                return named.group()
        return f"{deliverable.file}:{place(self.files, deliverable)}"

    def _saved(self, standing: Standing) -> float:
        path = self.tree / standing.deliverable.file
        return path.stat().st_mtime if path.exists() else 0.0


def show(view: View, console: Console) -> None:
    """Print all of it: the list, the first thing that is wrong, and what comes next."""

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style))

    say(view.assignment.title, "bold")
    say(f"\n{view.head}", "dim")
    part = ""
    for standing in view.standings:
        if view.part(standing) != part:
            part = view.part(standing)
            say(part, "bold")
        console.print(view.line(standing))
    say(f"\n{view.points} with the published inputs", "bold")
    first = next((each for each in view.standings if each.first_wrong), None)
    if first and first.first_wrong:
        test, verdict = first.first_wrong
        say(f"\nWrong first: {test.number} {first.deliverable.title}", "red")
        for paragraph in verdict.words(test.summary):
            say(textwrap.fill(paragraph, 78, initial_indent="  ", subsequent_indent="  "))
        say(f"  Test: {test.name}\n  in tests/{test.module}", "dim")
    for warning in view.warnings(view.standings):
        say(textwrap.fill(warning, 78, subsequent_indent="  "), "yellow")
    say(f"\n{view.next}", "bold")


def in_points(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
