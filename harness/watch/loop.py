"""`python -m tests --watch`: runs the tests again on save, only what the saved file touches."""

import signal
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from collect_submission import Assignment, Deliverable
from harness.answers import public
from harness.graded import TESTS, GradedTest
from harness.judge import Kind, Verdict
from harness.watch import keys, screen
from harness.watch.board import Board, covers
from harness.watch.seen_files import Saves
from harness.watch.spare import Spare

TICK = 0.05  # seconds between two looks at keys and files
ATTEMPTS = 3  # to get a process that can run tests
NOTHING = "No test can be run. What is missing: python -m tests"
NO_PROCESS = "The tests cannot be started. What is missing: python check_setup.py"


def watch(assignment: Assignment, chosen: Sequence[Deliverable], tree: Path) -> int:
    """Watch until the student quits; 0 when everything is done then."""
    console = Console(highlight=False)
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not console.is_dumb_terminal
    source = keys.from_terminal() if is_terminal else None
    face = screen.Screen(console) if source else screen.Lines(console)
    board = Board(assignment, chosen, tree)
    watching = Watch(board, face, source or keys.Lines())
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, watching.stop)
    try:
        watching.run()
    finally:
        watching.spare.close()
    if watching.signal:
        return 128 + watching.signal  # as a shell reports it
    console.print(board.view.next, markup=False)
    return 0 if all(standing.state == "done" for standing in board.standings.values()) else 1


class Watch:
    """Brings together files, keys, the process that runs tests, and what is shown.

    Attributes:
        queue: what is to be run, as test modules or `module::name`.
        run_now: what the spare is running, in order; what is over is taken off.
        ran: what has been run since nothing was left to do.
        signal: the one that has asked for an end, or 0.
    """

    def __init__(self, board: Board, face: screen.Face, source: keys.Keys) -> None:
        self.board, self.face, self.source = board, face, source
        self.queue: list[str] = list(board.standings)
        self.run_now: list[str] = []
        self.ran: list[str] = []
        self.results: dict[str, Verdict] = {}
        self.before = board.states
        self.ready = self.quits = self.ends = False
        self.signal = 0
        self.failures = 0
        self.files = {board.tree / each.file: each.file for each in board.chosen}
        self.saves = Saves(self.files)
        modules = list(board.standings)
        self.test_saves = Saves([*(TESTS / module for module in modules), *map(public, modules)])
        self.spare = Spare(board.tree, modules)

    def run(self) -> None:
        with self.source:
            self.face.open()
            try:
                while not self.quits and (not self.ends or self.busy):
                    self.step()
            finally:
                self.face.close()

    def stop(self, number: int, _: object) -> None:
        """End with the next step. An exception here would be lost wherever Python is tidying up."""
        self.signal, self.quits = number, True

    def step(self) -> None:
        """Look once at everything that can happen."""
        message = self.spare.hear(TICK)
        while message:
            self.obey(message)
            message = self.spare.hear(0)
        for key in self.source.read():
            self.press(key)
        if saved := {self.files[path] for path in self.saves.poll()}:
            self.save(saved)
        if self.test_saves.poll():
            self.queue = list(self.board.standings)
            self.replace_spare()
        if self.ready and self.queue and not self.run_now:
            self.start()
        # A run may have read a save that is noticed only later and then run again: to the student both are one.
        if self.ran and not self.queue and not self.run_now and not self.saves.pending:
            self.settle()
        self.board.running = self.busy
        self.face.show(self.board)

    @property
    def busy(self) -> bool:
        return bool(self.queue or self.run_now or self.ran)

    # Runs.

    def start(self) -> None:
        if not self.ran:
            self.before, self.board.finished = self.board.states, ""
        self.run_now, self.queue = self.queue, []
        self.results = {}
        self.ready = False
        self.spare.run(self.run_now)

    def save(self, files: Collection[str]) -> None:
        """Run what saved files touch; a run that is under way has old code and is given up."""
        self.board.turn_to(files)
        self.add(self.board.touched(files))
        if self.run_now:
            self.add(self.run_now)
            self.replace_spare()

    def add(self, choices: Sequence[str]) -> None:
        self.queue += [each for each in choices if not any(covers(known, each) for known in self.queue)]

    def replace_spare(self) -> None:
        """A process serves one run, because it has imported the student's code."""
        self.spare.close()
        self.spare = Spare(self.board.tree, list(self.board.standings))
        self.run_now = []
        self.ready = False

    def obey(self, message: dict[str, Any]) -> None:
        """What the spare says (serve.py)."""
        for key, verdict in message.get("verdicts", {}).items():
            self.results[key] = Verdict(**{**verdict, "kind": Kind(verdict["kind"])})
        if "tests" in message:
            self.board.know(GradedTest.from_json(test) for test in message["tests"])
            self.board.problem = "\n".join(message["damaged"]) or ("" if message["tests"] else NOTHING)
            self.ready = True
        elif "starts" in message:
            while self.run_now and not covers(self.run_now[0], message["starts"]):
                self.over(self.run_now[0])
        elif "end" in message:
            self.failures = 0
            for choice in list(self.run_now):
                self.over(choice)
            self.replace_spare()
        elif "gone" in message:
            self.bury()

    def over(self, choice: str) -> None:
        """One choice has run."""
        self.run_now.remove(choice)
        self.ran.append(choice)
        self.board.take(choice, self.results)

    def bury(self) -> None:
        """The spare has ended by itself: a test without end, or a crash. What has not begun is run by the next one."""
        at, rest = self.spare.at, self.run_now
        if at and rest:
            if at not in self.results or self.results[at].passed:  # else it has said so itself
                self.results[at] = self.spare.last_words(self.board.assignment.files)
            self.over(rest[0])
        else:
            self.failures += 1
            if self.failures == ATTEMPTS:
                raise SystemExit(f"{self.spare.log}\n{NO_PROCESS}")
        self.queue = rest + self.queue
        self.replace_spare()

    def settle(self) -> None:
        """After the last run that is wanted for now."""
        modules = {choice.partition("::")[0] for choice in self.ran}
        self.board.settle(self.before, modules)
        self.face.tell(self.board, modules)
        self.ran = []

    # Keys.

    def press(self, key: str) -> None:
        board, before = self.board, self.board.looks
        if key == "q":
            self.quits = True
        elif key == keys.END:
            self.ends = True
        elif key == keys.STOP:
            self.suspend()
        elif key == "r":
            self.add(list(board.standings) if board.listing else [board.current.deliverable.tests])
        else:
            board.press(key)
            if board.looks != before:
                self.face.tell(board, ())

    def suspend(self) -> None:
        """Leave the terminal in order while we are stopped."""
        self.face.close()
        self.source.__exit__()
        keys.stop()
        self.source.__enter__()
        self.face.open()
