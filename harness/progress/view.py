"""What is done, what is wrong first, and what comes next. Every word of a verdict is the judge's; no torch here."""

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.contract import Assignment, Deliverable
from harness.graded import GradedTest
from harness.judge import Kind, Verdict, telling_order
from harness.submission.encoding import read_source
from harness.submission.findings import Severity
from harness.submission.listed_files import read_tree
from harness.submission.preflight import inspect
from harness.submission.source import definition
from harness.submission.unfinished import line_of_work
from harness.verdicts import name_needed

STYLE = {
    "done": "green", "wrong": "red", "unfinished": "yellow", "waits": "yellow", "not started": "dim", "not run": "dim",
}  # fmt: skip
PLACE = re.compile(r"[\w/]+\.py:\d+")
HEAD = f"    {'':<26}{'tests':>5} {'points':>6} {'':<12}"
COLUMNS = 78  # of a terminal of 80, since the watch indents its list by two


@dataclass
class Standing:
    """A deliverable, its tests, and the verdict of each that has run: that of its first failing case."""

    deliverable: Deliverable
    tests: dict[str, GradedTest] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    @property
    def passed(self) -> list[GradedTest]:
        return [test for key, test in self.tests.items() if key in self.verdicts and self.verdicts[key].passed]

    @property
    def points(self) -> float:
        return self.worth(self.passed)

    def worth(self, tests: Sequence[GradedTest]) -> float:
        """The points of some of its tests."""
        total = sum(test.weight for test in self.tests.values())
        return self.deliverable.points * sum(test.weight for test in tests) / total if total else 0.0

    @property
    def state(self) -> str:
        """One of

        wrong        a test fails for another reason than those below
        unfinished   it is begun, and a `raise NotImplementedError` of its own is left
        waits        all that fails is a needed deliverable's
        not started
        done
        not run
        """
        open_ones = [verdict for verdict in self.verdicts.values() if not verdict.passed]
        if any(verdict.kind is not Kind.NOT_STARTED for verdict in open_ones):
            return "wrong"
        if any(self.owns(verdict) for verdict in open_ones):
            return "unfinished"
        if open_ones:
            return "waits" if all(verdict.todo for verdict in open_ones) else "not started"
        return "done" if self.tests and len(self.passed) == len(self.tests) else "not run"

    def owns(self, verdict: Verdict) -> bool:
        """Whether a `raise NotImplementedError` of this deliverable stopped a test."""
        return verdict.todo == self.deliverable.id or verdict.todo.startswith(f"{self.deliverable.file}:")

    def stopped_at(self, key: str) -> str:
        """The file and line of the `raise NotImplementedError` that stopped a test, or ""."""
        return _stopped_at(self.verdicts[key]) if key in self.verdicts else ""

    @property
    def wrong(self) -> list[tuple[GradedTest, Verdict]]:
        """The wrong tests with their verdicts, the most telling first."""
        judged = [(test, self.verdicts[key]) for key, test in self.tests.items() if key in self.verdicts]
        wrong = [pair for pair in judged if pair[1].kind not in (Kind.PASSED, Kind.NOT_STARTED)]
        return sorted(wrong, key=lambda pair: telling_order(pair[1]))

    @property
    def first_wrong(self) -> tuple[GradedTest, Verdict] | None:
        return next(iter(self.wrong), None)

    @property
    def first_open(self) -> tuple[GradedTest, Verdict] | None:
        """The next thing to do: the most telling wrong test, else an unfinished one, else one that waits."""
        return self.first_wrong or self._first(self.owns) or self._first(lambda verdict: not verdict.passed)

    def _first(self, fits: Callable[[Verdict], bool]) -> tuple[GradedTest, Verdict] | None:
        for key, test in self.tests.items():
            if key in self.verdicts and fits(self.verdicts[key]):
                return test, self.verdicts[key]
        return None

    def others(self, width: int) -> list[str]:
        """A line for each other wrong test, and how many tests did not run because one did not end."""
        wrong = self.wrong
        if not wrong or wrong[0][1].kind is Kind.REFUSED:
            return []
        lines = (f"{test.number} {verdict.line}" for test, verdict in wrong[1:])
        short = [f"  {textwrap.shorten(line, width - 2, placeholder=' ...')}" for line in lines]
        left = len(self.tests) - len(self.verdicts)
        return [*(["Also wrong:", *short] if short else []), *([f"Not run: {left} more."] if left else [])]

    @property
    def finished(self) -> str:
        return f"{self.deliverable.title} {len(self.passed)}/{len(self.tests)} done"


def _named(deliverable: Deliverable, words: str) -> list[str]:
    """The functions of a deliverable whose names are in a text."""
    names = (function.name for function in deliverable.functions)
    return [name for name in names if re.search(rf"\b{name.rpartition('.')[2]}\b", words)]


def _stopped_at(verdict: Verdict) -> str:
    match = PLACE.search(verdict.message) if verdict.todo else None
    return match.group() if match else ""


def say_what_is_needed(standings: Mapping[str, Standing], assignment: Assignment) -> None:
    """Name needed deliverables in the verdicts of failing integration tests. Keys are test modules."""
    verdicts = {key: verdict for standing in standings.values() for key, verdict in standing.verdicts.items()}
    tests = [test for standing in standings.values() for key, test in standing.tests.items() if key in verdicts]
    for key, verdict in name_needed(verdicts, tests, assignment).items():
        standings[key.split("::")[0]].verdicts[key] = verdict


@dataclass
class View:
    """Deliverables in order, the place of the work on each, the current one, and the next step."""

    assignment: Assignment
    standings: Sequence[Standing]
    tree: Path

    @cached_property
    def files(self) -> dict[str, bytes]:
        """The listed files, read once."""
        return read_tree(self.tree, self.assignment)

    @property
    def head(self) -> str:
        return f"{HEAD}in {self.typed('models')}/"

    def line(self, standing: Standing) -> Text:
        """One deliverable: number, title, tests passed, points, state, and the place of its work.

        The folder is left out if `heading` shows it.
        """
        deliverable = standing.deliverable
        tests = f"{len(standing.passed)}/{len(standing.tests)}"
        points = f"{in_points(standing.points)}/{in_points(deliverable.points)}"
        line = Text(f"{deliverable.number} {deliverable.title:<26}{tests:>5} {points:>6} ")
        line.append(f"{standing.state:<12}", style=STYLE[standing.state])
        return line.append(self._short_place(standing).removeprefix(self._folder(standing)), style="dim")

    def heading(self, standing: Standing) -> str:
        """The title of its part, and the folder of its files if the lines below would be too long with it."""
        title, folder = self.part(standing), self._folder(standing)
        return f"{title:<{len(HEAD)}}{folder}" if folder else title

    def _folder(self, standing: Standing) -> str:
        """The common folder of its part's files, if some line would be too long with it; else ""."""
        part = [same for same in self.standings if same.deliverable.part == standing.deliverable.part]
        places = [self._short_place(same) for same in part]
        folders = {place.rpartition("/")[0] + "/" for place in places}
        too_long = any(len(HEAD) + len(place) > COLUMNS for place in places)
        return folders.pop() if too_long and len(folders) == 1 else ""

    def _short_place(self, standing: Standing) -> str:
        return self.place(standing).removeprefix("models/")

    def part(self, standing: Standing) -> str:
        return next(part.title for part in self.assignment.parts if part.id == standing.deliverable.part)

    @property
    def points(self) -> str:
        got = sum(standing.points for standing in self.standings)
        full = sum(standing.deliverable.points for standing in self.standings)
        return f"{in_points(got)} of {in_points(full)} points"

    @property
    def current(self) -> Standing | None:
        """The first that is wrong or unfinished, else the open one after the last finished; None if all are done."""
        by_state = self._by_state
        if begun := [standing for standing in self.standings if standing.state in ("wrong", "unfinished")]:
            return begun[0]
        open_ones = by_state["not started"] or by_state["waits"] or by_state["not run"]
        last = self.standings.index(self._last_done) if self._last_done else -1
        after = [standing for standing in open_ones if self.standings.index(standing) > last]
        return next(iter(after or open_ones), None)

    @property
    def _by_state(self) -> dict[str, list[Standing]]:
        return {state: [standing for standing in self.standings if standing.state == state] for state in STYLE}

    @property
    def _last_done(self) -> Standing | None:
        """The finished deliverable whose file was saved last."""
        done = self._by_state["done"]
        return max(done, key=lambda standing: (self._saved(standing), self.standings.index(standing)), default=None)

    @property
    def next(self) -> str:
        """One sentence that says what to do next."""
        current, last = self.current, self._last_done
        if not current:
            is_all = len(self.standings) == len(self.assignment.deliverables)
            return "Everything is done. Pack it: python collect_submission.py" if is_all else "All of this is done."
        named = f"{current.deliverable.title} ({self.typed(self.place(current))})"
        if current.state in ("wrong", "unfinished"):
            return f"Next: {'mend' if current.state == 'wrong' else 'finish'} {named}"
        return f"{last.finished}, next: {named}" if last else f"Next: {named}"

    def warnings(self, standings: Sequence[Standing]) -> Iterator[str]:
        """Warnings of the preflight about files of deliverables, without those that the list shows already."""
        files = {standing.deliverable.file for standing in standings}
        for finding in inspect(self.files, self.assignment):
            known = finding.rule in ("not-started", "nothing", *self._told(finding.deliverables))
            if finding.severity is Severity.WARNING and finding.file in files and not known:
                yield f"Note: {finding}"

    def _told(self, deliverables: Sequence[str]) -> list[str]:
        """The rule "unfinished", if `left` says more about these deliverables than the preflight."""
        standings = (standing for standing in self.standings if standing.deliverable.id in deliverables)
        return ["unfinished"] if any(map(self.left, standings)) else []

    def left(self, standing: Standing) -> list[str]:
        """A sentence for each line of a deliverable whose `raise NotImplementedError` stopped a test.

        The price counts all tests that stop there, also those of other deliverables.
        """
        own = dict.fromkeys(map(_stopped_at, filter(standing.owns, standing.verdicts.values())))
        sentences = []
        for line in filter(None, own):
            stopped = [
                (holder, [t for key, t in holder.tests.items() if holder.stopped_at(key) == line])
                for holder in self.standings
            ]
            count = sum(len(tests) for _, tests in stopped)
            points = sum(holder.worth(tests) for holder, tests in stopped)
            words = "1 test stops" if count == 1 else f"{count} tests stop"
            sentences.append(f"{line} still raises NotImplementedError: {words} there. Costs {_points(points)}.")
        return sentences

    def typed(self, path: str) -> str:
        """A path in the tree as one types it here, with or without a line number."""
        name, colon, line = path.partition(":")
        full = self.tree / name
        try:
            shown = full.resolve().relative_to(Path.cwd().resolve()).as_posix()
        except ValueError:
            shown = str(full)
        return f"{shown}{colon}{line}"

    def place(self, standing: Standing) -> str:
        """file:line of the work on a deliverable: the line that its failing check names, else where to begin.

        A check of values names no line; then it is the function that made the wrong value.
        """
        deliverable = standing.deliverable
        if standing.first_open:
            test, verdict = standing.first_open
            if named := re.search(rf"{re.escape(deliverable.file)}:\d+", verdict.message):
                return named.group()
            file, _, function = verdict.maker.partition(":")
            if function.endswith(".__init__"):  # or by a function that it calls and that the test names
                function = next(iter(_named(deliverable, test.summary)), function)
            source = read_source(self.files.get(file, b""))
            if file == deliverable.file and (made_by := definition(source, function)):
                return f"{file}:{made_by.line}"
        return f"{deliverable.file}:{line_of_work(self.files, deliverable)}"

    def _saved(self, standing: Standing) -> float:
        path = self.tree / standing.deliverable.file
        return path.stat().st_mtime if path.exists() else 0.0


def show(view: View, console: Console) -> None:
    """Print the list, the first wrong test, and the next step."""

    def say(text: str, style: str = "") -> None:
        console.print(Text(text, style=style))

    say(view.assignment.title, "bold")
    say(f"\n{view.head}", "dim")
    part = ""
    for standing in view.standings:
        if view.part(standing) != part:
            part = view.part(standing)
            say(view.heading(standing), "bold")
        console.print(view.line(standing))
    say(f"\n{view.points} with the published inputs", "bold")
    first = next((standing for standing in view.standings if standing.first_wrong), None)
    if first and first.first_wrong:
        test, verdict = first.first_wrong
        refused = verdict.kind is Kind.REFUSED  # by the preflight: no test has run
        say(f"\nWrong first: {first.deliverable.number if refused else test.number} {first.deliverable.title}", "red")
        for line in folded(verdict.words(test.summary), 78):
            say(line)
        if not refused:
            say(f"  Test: {test.name}\n  in tests/{test.module}", "dim")
        for line in first.others(78):
            say(f"  {line}")
    unfinished = [(standing.deliverable, line) for standing in view.standings for line in view.left(standing)]
    for index, (deliverable, sentence) in enumerate(unfinished):
        words = f"Unfinished: {deliverable.number} {deliverable.title}. {sentence}"
        say("\n" * (index == 0) + textwrap.fill(words, 78, subsequent_indent="  "), "yellow")
    for warning in view.warnings(view.standings):
        say(textwrap.fill(warning, 78, subsequent_indent="  "), "yellow")
    say(f"\n{view.next}", "bold")


def folded(paragraphs: Iterable[str], width: int) -> Iterator[str]:
    """The paragraphs wrapped into lines, each indented two columns more than its paragraph."""
    for paragraph in paragraphs:
        words = paragraph.lstrip()
        indent = " " * (2 + len(paragraph) - len(words))
        yield from textwrap.wrap(words, width, initial_indent=indent, subsequent_indent=indent)


def _points(number: float) -> str:
    return f"{in_points(number)} point{'' if number == 1 else 's'}"


def in_points(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
