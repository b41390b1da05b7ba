"""Shows the board: as a screen that is redrawn when something changes, or as lines where there is no terminal."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from harness.judge import Kind
from harness.progress.view import STYLE, View, folded
from harness.watch.board import Board
from harness.words import joined

INDENT = "  "


def progress(view: View, width: int) -> Text:
    """A bar of the tests that pass, followed by the numbers of tests and points."""
    passed = sum(len(standing.passed) for standing in view.standings)
    total = sum(len(standing.tests) for standing in view.standings)
    figures = f"  {passed}/{total} tests, {view.points}"
    room = max(10, min(width, 80) - len(figures) - 2)
    full = room * passed // total if total else 0
    return Text("[").append("#" * full, "green").append("-" * (room - full), "dim").append("]" + figures)


def exercise(board: Board, width: int) -> list[Text]:
    """The current exercise: its place, its failing check in the judge's words, and the hint if it is asked for."""
    standing = board.current
    lines = [Text(f"{standing.deliverable.number} {standing.deliverable.title}  ", "bold")]
    lines[0].append(standing.state, STYLE[standing.state]).append(
        f"  {len(standing.passed)}/{len(standing.tests)} tests", "not bold"
    )
    lines.append(Text(board.place))
    if standing.first_open:
        test, verdict = standing.first_open
        words = (verdict if board.hint else replace(verdict, hint="")).words(test.summary)
        words += board.view.left(standing)
        if standing.state == "not started":
            words.append(f"Its first test: {test.summary}")
        lines += [Text(), *_wrapped(words, width)]
        if standing.first_wrong and verdict.kind is not Kind.REFUSED:
            lines += _wrapped([f"Test: {test.name} in tests/{test.module}"], width, "dim")
            lines += [Text(INDENT + line) for line in standing.others(width - len(INDENT))]
    return lines + _wrapped(board.warnings, width, "yellow")


def table(board: Board, rows: int) -> list[Text]:
    """All exercises with a mark at the current one; with too few `rows`, those around it and a count of the others."""
    lines, part, mark = [], "", 0
    for standing in board.standings.values():
        if board.view.part(standing) != part:
            part = board.view.part(standing)
            lines.append(Text(INDENT + board.view.heading(standing), "bold"))
        is_current = standing is board.current
        mark = len(lines) if is_current else mark
        lines.append(Text("> " if is_current else INDENT).append_text(board.view.line(standing)))
    head, room = Text(INDENT + board.view.head, "dim"), rows - 1
    if len(lines) <= room or room < 3:
        return [head, *lines[max(0, mark - room + 1) :][:room]]
    room -= 1
    first = max(0, min(mark - room // 2, len(lines) - room))
    hidden = {"above": first, "below": len(lines) - first - room}
    counts = joined(f"{count} more {where}" for where, count in hidden.items() if count)
    return [head, *lines[first : first + room], Text(f"{INDENT}... {counts}: n and p move there", "dim")]


def has_hint(board: Board) -> bool:
    return bool(board.current.first_wrong and board.current.first_wrong[1].hint)


def _wrapped(words: Iterable[str], width: int, style: str = "") -> list[Text]:
    return [Text(line, style) for line in folded(words, width - 2)]


def draw(board: Board, width: int, height: int) -> list[Text]:
    """The whole screen, at most height lines."""
    top = [Text(board.assignment.title, "bold"), progress(board.view, width), Text()]
    waiting = f"Save a file in {board.view.typed('models')}/ to run its tests."
    state = "Running the tests ..." if board.running else waiting
    keys = ["n next", "p previous", "l back" if board.listing else "l list", "r run again", "q quit"]
    if has_hint(board) and not board.listing:
        keys.insert(2, "h hide hint" if board.hint else "h hint")
    if len("   ".join(keys)) > width:
        keys = [key[0] for key in keys]
    bottom = [Text(), Text(state, "dim"), Text("   ".join(keys), "dim")]
    room = height - len(top) - len(bottom)
    if room < 1:
        return top[:height]
    body = _body(board, width, room)
    return [*top, *body, *(Text() for _ in range(room - len(body))), *bottom]


def _body(board: Board, width: int, room: int) -> list[Text]:
    if board.listing:
        return table(board, room)
    news = board.finished.splitlines() + ([] if board.view.current or board.running else [board.view.next])
    lines = [*(Text(line, "green") for line in news), *([Text()] if news else []), *exercise(board, width)]
    lines += _wrapped(board.problem.splitlines(), width, "red")
    if len(lines) <= room:
        return lines
    rest = Text(f"{INDENT}... all of it: python -m tests {board.current.deliverable.number}", "dim")
    return [*lines[: room - 1], rest]


class Display(Protocol):
    """Where the board is shown."""

    def open(self) -> None: ...
    def close(self) -> None: ...
    def show(self, board: Board) -> None:
        """Called after every step; does nothing when nothing has changed."""

    def report(self, board: Board, ran: Collection[str]) -> None:
        """Called after a run of some test modules, and after a key."""


class Screen:
    """Uses the whole terminal; redraws it when the board or the size of the window changes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def open(self) -> None:
        self._drawn: tuple[list[Text], tuple[int, int]] | None = None
        self._live = Live(console=self._console, screen=True, auto_refresh=False)
        self._live.start()

    def close(self) -> None:
        self._live.stop()

    def show(self, board: Board) -> None:
        size = self._console.size
        drawn = draw(board, size.width, size.height), size
        for line in drawn[0]:
            line.truncate(size.width)
        if drawn != self._drawn:
            self._live.update(Group(*drawn[0]), refresh=True)
            self._drawn = drawn

    def report(self, board: Board, ran: Collection[str]) -> None:
        pass


class Lines:
    """Prints what has changed as plain lines, for pipes and for terminals that cannot move a cursor."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def open(self) -> None:
        self._running = True
        self._console.print(Text("Running the tests ... Then: n, p, h, l, r, q and Enter."))

    def close(self) -> None:
        pass

    def show(self, board: Board) -> None:
        if board.running and not self._running:
            self._console.print(Text("Running the tests ..."))
        self._running = board.running

    def report(self, board: Board, ran: Collection[str]) -> None:
        width = min(80, self._console.width)
        lines = [board.view.line(standing) for module, standing in board.standings.items() if module in ran]
        lines += [Text(line) for line in board.finished.splitlines()]
        lines += table(board, 1000) if board.listing else exercise(board, width)
        lines += _wrapped(board.problem.splitlines(), width)
        if not board.view.current:
            lines.append(Text(board.view.next))
        self._console.print(Group(*lines, Text()))
