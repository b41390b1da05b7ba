"""What the watch knows: how far each deliverable is, which one is looked at, and what has just been finished."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from collect_submission import Assignment, Deliverable
from harness.graded import GradedTest
from harness.judge import Verdict
from harness.progress.view import Standing, View, say_what_is_needed


@dataclass
class Board:
    """The state of `python -m tests --watch`. A choice is a test module, or one test as `module::name`.

    Attributes:
        focus: the test module of the exercise that is looked at; "" until everything has run once.
        finished: the sentence on what has just been finished, or "".
        problem: why nothing can be run, or "".
        warnings: of the preflight, on the file of the exercise.
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
        self.standings = {each.tests: Standing(each) for each in self.chosen}
        self.view = View(self.assignment, list(self.standings.values()), self.tree)
        self._verdicts: dict[str, Verdict] = {}  # as they came, before a needed deliverable is named
        self.look()

    def look(self) -> None:
        """Read the files again."""
        view = View(self.assignment, list(self.standings.values()), self.tree)
        with suppress(OSError):  # a file that is just being saved can be locked
            view.files  # noqa: B018 (reads them)
            self.view = view

    @property
    def current(self) -> Standing:
        """The exercise that is looked at."""
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

    # What is run, and what came of it.

    def know(self, tests: Iterable[GradedTest]) -> None:
        """Take note of the tests that there are."""
        for standing in self.standings.values():
            standing.tests = {}
        for test in tests:
            self.standings[test.module].tests[test.key] = test

    def touched(self, files: Collection[str]) -> list[str]:
        """What to run when files are saved: their deliverables, and what others do with these."""
        direct = [each for each in self.chosen if each.file in files]
        after = self.assignment.dependants({each.id for each in direct})
        uses = [self.standings[each.tests] for each in after if each.tests in self.standings]
        choices = [each.tests for each in direct]
        choices.sort(key=lambda module: module != self.focus)  # what is looked at first
        return choices + [key for each in uses for key, test in each.tests.items() if test.integration]

    def turn_to(self, files: Collection[str]) -> None:
        """Look at an exercise of the files that are saved: the first wrong one, else the first that is not done."""
        here = [each for each in self.standings.values() if each.deliverable.file in files]
        if here and self.current not in here:
            order = ("wrong", "unfinished", "waits", "not started", "not run", "done")
            self._focus(min(here, key=lambda each: order.index(each.state)))

    def take(self, choice: str, verdicts: Mapping[str, Verdict]) -> None:
        """Replace what is known of a choice by what its run gave."""
        shown = self._failing
        old = [key for key in self._verdicts if covers(choice, key)]
        for key in old:
            del self._verdicts[key]
        self._verdicts |= {key: verdicts[key] for key in verdicts if covers(choice, key)}
        for standing in self.standings.values():
            standing.verdicts = {key: self._verdicts[key] for key in standing.tests if key in self._verdicts}
        say_what_is_needed(self.standings, self.assignment)
        self.look()
        if self._failing != shown:
            self.hint = False  # it is another one now, and nobody has asked for it

    def settle(self, before: Mapping[str, str], ran: Collection[str]) -> None:
        """After a run: praise what it finished, and go on to what comes next, or to what it broke.

        Args:
            before: test module -> its state when the run began.
            ran: the test modules that it ran, in whole or in part.
        """
        open_before = {module for module, state in before.items() if state not in ("done", "not run")}
        done = [each for module, each in self.standings.items() if each.state == "done" and module in open_before]
        if not self.focus:
            self._focus(self.view.current or self.view.standings[0])
        elif done:
            self.finished = "\n".join(f"{each.finished}. Well done!" for each in done)
            if self.current in done:
                self._focus(self.view.current or self.current)
        elif self.current.state == "done":
            wrong = (each for module, each in self.standings.items() if module in ran and each.state == "wrong")
            self._focus(next(wrong, self.current))
        self.warnings = list(self.view.warnings([self.current]))

    @property
    def states(self) -> dict[str, str]:
        """Test module -> how far it is."""
        return {module: standing.state for module, standing in self.standings.items()}

    # What the keys do.

    @property
    def looks(self) -> tuple[str, bool, bool]:
        return self.focus, self.hint, self.listing

    def press(self, key: str) -> None:
        """n and p: the next exercise or the one before; h: show its hint or hide it; l: all exercises, and back."""
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
    """Whether a choice, a test module or one test, holds a test or another choice."""
    return choice in (key, key.partition("::")[0])
