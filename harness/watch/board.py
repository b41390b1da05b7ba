"""The state of the watch: the verdicts of each deliverable, the current one, and what has just been finished."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.contract import Assignment, Deliverable
from harness.graded import GradedTest
from harness.judge import Verdict
from harness.progress.view import Standing, View, say_what_is_needed


@dataclass
class Board:
    """The state of `python -m tests --watch`. A choice is a test module, or one test as `module::name`.

    Attributes:
        focus: the test module of the current exercise; "" until everything has run once.
        finished: the sentence about what has just been finished, or "".
        problem: why nothing can be run, or "".
        warnings: the warnings of the preflight about the exercise's file.
    """

    assignment: Assignment
    chosen: Sequence[Deliverable]
    tree: Path
    focus: str = ""
    finished: str = ""
    problem: str = ""
    hint: bool = False
    listing: bool = False
    running: bool = True
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.standings = {deliverable.tests: Standing(deliverable) for deliverable in self.chosen}
        self.view = View(self.assignment, list(self.standings.values()), self.tree)
        self._verdicts: dict[str, Verdict] = {}  # as received, without the names of needed deliverables
        self.look()

    def look(self) -> None:
        """Read the files again."""
        view = View(self.assignment, list(self.standings.values()), self.tree)
        with suppress(OSError):  # a file can be locked while it is saved
            view.files  # noqa: B018 (reads them)
            self.view = view

    @property
    def current(self) -> Standing:
        """The current exercise."""
        if self.focus:
            return self.standings[self.focus]
        return self.view.current or self.view.standings[0]

    @property
    def _failing(self) -> tuple[str, str] | None:
        first = self.current.first_wrong
        return (first[0].key, first[1].hint) if first else None

    @property
    def place(self) -> str:
        """file:line of the current exercise."""
        return self.view.typed(self.view.place(self.current))

    # Runs.

    def set_tests(self, tests: Iterable[GradedTest]) -> None:
        """Store all tests, each with its deliverable."""
        for standing in self.standings.values():
            standing.tests = {}
        for test in tests:
            self.standings[test.module].tests[test.key] = test

    def affected_by(self, files: Collection[str]) -> list[str]:
        """What to run when files are saved: their deliverables, and the tests that use these deliverables in others."""
        direct = [deliverable for deliverable in self.chosen if deliverable.file in files]
        after = self.assignment.dependants({deliverable.id for deliverable in direct})
        uses = [self.standings[deliverable.tests] for deliverable in after if deliverable.tests in self.standings]
        choices = [deliverable.tests for deliverable in direct]
        choices.sort(key=lambda module: module != self.focus)  # the current exercise first
        return choices + [key for standing in uses for key, test in standing.tests.items() if test.integration]

    def focus_on(self, files: Collection[str]) -> None:
        """Focus on an exercise of the saved files: the first wrong one, else the first that is not done."""
        exercises = [standing for standing in self.standings.values() if standing.deliverable.file in files]
        if exercises and self.current not in exercises:
            order = ("wrong", "unfinished", "waits", "not started", "not run", "done")
            self._focus(min(exercises, key=lambda standing: order.index(standing.state)))

    def record(self, choice: str, verdicts: Mapping[str, Verdict]) -> None:
        """Replace the verdicts of a choice by those of its latest run."""
        failing_before = self._failing
        old = [key for key in self._verdicts if covers(choice, key)]
        for key in old:
            del self._verdicts[key]
        self._verdicts |= {key: verdicts[key] for key in verdicts if covers(choice, key)}
        for standing in self.standings.values():
            standing.verdicts = {key: self._verdicts[key] for key in standing.tests if key in self._verdicts}
        say_what_is_needed(self.standings, self.assignment)
        self.look()
        if self._failing != failing_before:
            self.hint = False  # another mistake, whose hint nobody has asked for

    def finish_run(self, before: Mapping[str, str], ran: Collection[str]) -> None:
        """Report what a run has finished; move the focus to the next exercise, or to one that the run found wrong.

        Args:
            before: test module -> its state at the start of the run.
            ran: the test modules that ran, in whole or in part.
        """
        open_before = [self.standings[module] for module, state in before.items() if state not in ("done", "not run")]
        done = [standing for standing in open_before if standing.state == "done"]
        if not self.focus:
            self._focus(self.view.current or self.view.standings[0])
        elif done:
            self.finished = "\n".join(f"{standing.finished}. Well done!" for standing in done)
            if self.current in done:
                self._focus(self.view.current or self.current)
        elif self.current.state == "done":
            wrong = (
                standing for module, standing in self.standings.items() if module in ran and standing.state == "wrong"
            )
            self._focus(next(wrong, self.current))
        self.warnings = list(self.view.warnings([self.current]))

    @property
    def states(self) -> dict[str, str]:
        """Test module -> the state of its deliverable."""
        return {module: standing.state for module, standing in self.standings.items()}

    # Keys.

    @property
    def shown(self) -> tuple[str, bool, bool]:
        """What keys can change on the screen."""
        return self.focus, self.hint, self.listing

    def press(self, key: str) -> None:
        """n and p go to the next and previous exercise, h shows or hides the hint, l shows or hides all exercises."""
        if key in ("n", "p"):
            modules = list(self.standings)
            index = modules.index(self.current.deliverable.tests) + (1 if key == "n" else -1)
            self._focus(self.standings[modules[index % len(modules)]])
            self.finished = ""
            self.warnings = list(self.view.warnings([self.current]))
        elif key == "h":
            self.hint = not self.hint
        elif key == "l":
            self.listing = not self.listing
        elif key in ("\r", "\n"):
            self.listing = False

    def _focus(self, standing: Standing) -> None:
        self.focus = standing.deliverable.tests
        self.hint, self.warnings = False, []


def covers(choice: str, key: str) -> bool:
    """Whether a choice (a test module or one test) contains a test or another choice."""
    return choice in (key, key.partition("::")[0])
