"""`python -m tests --watch`: runs tests again when a file is saved, only those that the file affects."""

import signal
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from harness.answers import public_file
from harness.contract import Assignment, Deliverable
from harness.graded import TESTS, GradedTest
from harness.judge import Kind, Verdict
from harness.watch import keys, screen
from harness.watch.board import Board, covers
from harness.watch.seen_files import SeenFiles
from harness.watch.spare import Spare

TICK = 0.05  # seconds between two checks of keys and files
ATTEMPTS = 3  # to get a process that can run tests
NOTHING = "No test can be run. What is missing: python -m tests"
NO_PROCESS = "The tests cannot be started. What is missing: python check_setup.py"


def watch(assignment: Assignment, chosen: Sequence[Deliverable], tree: Path) -> int:
    """Watch until the student quits; 0 when everything is done then."""
    console = Console(highlight=False)
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty() and not console.is_dumb_terminal
    source = keys.from_terminal() if is_terminal else None
    display = screen.Screen(console) if source else screen.Lines(console)
    board = Board(assignment, chosen, tree)
    watching = Watch(board, display, source or keys.Lines())
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
    """Connects files, keys, the process that runs tests, and the display.

    Attributes:
        queue: what waits to run, as test modules or `module::name`.
        run_now: what the spare runs, in order; what has finished is removed.
        ran: what has run since the last report.
        signal: the signal that asked the watch to end, or 0.
    """

    def __init__(self, board: Board, display: screen.Display, source: keys.Keys) -> None:
        self.board, self.display, self.source = board, display, source
        self.queue: list[str] = list(board.standings)
        self.run_now: list[str] = []
        self.ran: list[str] = []
        self.results: dict[str, Verdict] = {}
        self.before = board.states
        self.ready = self.quits = self.ends = False
        self.signal = 0
        self.failures = 0
        self.files = {board.tree / deliverable.file: deliverable.file for deliverable in board.chosen}
        self.seen_files = SeenFiles(self.files)
        modules = list(board.standings)
        self.seen_tests = SeenFiles([*(TESTS / module for module in modules), *map(public_file, modules)])
        self.spare = Spare(board.tree, modules)

    def run(self) -> None:
        with self.source:
            self.display.open()
            try:
                while not self.quits and (not self.ends or self.busy):
                    self.step()
            finally:
                self.display.close()

    def stop(self, number: int, _: object) -> None:
        """Ask the loop to end at its next step. An exception raised here could be lost during a clean-up of Python."""
        self.signal, self.quits = number, True

    def step(self) -> None:
        """Handle messages of the spare, keys and saved files, start a run that is due, and show the board."""
        message = self.spare.receive(TICK)
        while message:
            self.handle(message)
            message = self.spare.receive(0)
        for key in self.source.read():
            self.press(key)
        if saved := {self.files[path] for path in self.seen_files.poll()}:
            self.save(saved)
        if self.seen_tests.poll():
            self.queue = list(self.board.standings)
            self.replace_spare()
        if self.ready and self.queue and not self.run_now:
            self.start()
        # A run can read a save before `poll` notices it, and the tests then run again: report both runs as one.
        if self.ran and not self.queue and not self.run_now and not self.seen_files.pending:
            self.finish_runs()
        self.board.running = self.busy
        self.display.show(self.board)

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
        """Queue the tests that saved files affect, and abandon a run in progress, whose code is now old."""
        self.board.focus_on(files)
        self.add(self.board.affected_by(files))
        if self.run_now:
            self.add(self.run_now)
            self.replace_spare()

    def add(self, choices: Sequence[str]) -> None:
        self.queue += [choice for choice in choices if not any(covers(known, choice) for known in self.queue)]

    def replace_spare(self) -> None:
        """A process serves one run, because it has imported the student's code."""
        self.spare.close()
        self.spare = Spare(self.board.tree, list(self.board.standings))
        self.run_now = []
        self.ready = False

    def handle(self, message: dict[str, Any]) -> None:
        """Handle one message of the spare; serve.py lists the messages."""
        for key, verdict in message.get("verdicts", {}).items():
            self.results[key] = Verdict(**{**verdict, "kind": Kind(verdict["kind"])})
        if "tests" in message:
            self.board.set_tests(GradedTest.from_json(test) for test in message["tests"])
            self.board.problem = "\n".join(message["damaged"]) or ("" if message["tests"] else NOTHING)
            self.ready = True
        elif "starts" in message:
            while self.run_now and not covers(self.run_now[0], message["starts"]):
                self.finish(self.run_now[0])
        elif "end" in message:
            self.failures = 0
            for choice in list(self.run_now):
                self.finish(choice)
            self.replace_spare()
        elif "gone" in message:
            self.handle_end_of_spare()

    def finish(self, choice: str) -> None:
        """Record that one choice has run."""
        self.run_now.remove(choice)
        self.ran.append(choice)
        self.board.record(choice, self.results)

    def handle_end_of_spare(self) -> None:
        """Handle a spare that ended by itself, by a timeout or a crash: the next spare runs what has not begun."""
        test, rest = self.spare.test, self.run_now
        if test and rest:
            if test not in self.results or self.results[test].passed:  # else its verdict says so already
                self.results[test] = self.spare.verdict_of_end(self.board.assignment.files)
            self.finish(rest[0])
        else:
            self.failures += 1
            if self.failures == ATTEMPTS:
                raise SystemExit(f"{self.spare.log}\n{NO_PROCESS}")
        self.queue = rest + self.queue
        self.replace_spare()

    def finish_runs(self) -> None:
        """Report the runs since the last report."""
        modules = {choice.partition("::")[0] for choice in self.ran}
        self.board.finish_run(self.before, modules)
        self.display.report(self.board, modules)
        self.ran = []

    # Keys.

    def press(self, key: str) -> None:
        board, before = self.board, self.board.shown
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
            if board.shown != before:
                self.display.report(board, ())

    def suspend(self) -> None:
        """Restore the terminal, stop this process as Ctrl-Z does, and set the terminal up again afterwards."""
        self.display.close()
        self.source.__exit__()
        keys.stop()
        self.source.__enter__()
        self.display.open()
