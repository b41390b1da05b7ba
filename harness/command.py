"""`python -m tests`: run the graded tests once and show the view, or watch."""

import argparse
import io
import sys
from bdb import BdbQuit
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.contract import Assignment, Deliverable
from harness.graded import TESTS
from harness.progress.view import View, show
from harness.verdicts import find_tree
from harness.watch.loop import watch

ROOT = TESTS.parent
INTERRUPTED = 130  # as a shell reports Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 if all chosen deliverables are done."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a Windows console can lack letters
    assignment = Assignment.load(ROOT / "student" / "assignment.json")
    chosen, tree, mode = _options(arguments, assignment)
    run = {"watch": watch, "stress": run_stress}.get(mode, run_once)
    return run(assignment, chosen, tree)


def run_stress(assignment: Assignment, chosen: Sequence[Deliverable], tree: Path) -> int:
    """Check what holds for every size."""
    from harness import stress  # imports torch, which the watch does not need

    try:
        return stress.main(assignment, chosen, tree)
    except (KeyboardInterrupt, BdbQuit):
        print("\nStopped.")
        return INTERRUPTED


def run_once(assignment: Assignment, chosen: Sequence[Deliverable], tree: Path) -> int:
    """Run the chosen tests and print the view."""
    from harness.limit import exit_now  # imports torch, which the watch does not need
    from harness.progress.recorder import INTERRUPTED_STATUS, Recorder, run_pytest

    recorder = Recorder(assignment, end=lambda: exit_now(tell(1)))

    def tell(status: int) -> int:
        recorder.finish(assignment)
        for message in recorder.damaged:
            print(message, file=sys.stderr)
        standings = [recorder.standings[deliverable.tests] for deliverable in chosen]
        if not any(standing.tests for standing in standings):
            return status or 1  # pytest or the lines above have printed the reason
        console = Console(highlight=False, width=min(80, Console().width))
        show(View(assignment, standings, tree), console)
        if status == INTERRUPTED_STATUS and not recorder.damaged:
            console.print(Text(f"\nStopped in {recorder.running}.", style="red"))
            return INTERRUPTED
        return 0 if all(standing.state == "done" for standing in standings) else 1

    return tell(run_pytest([deliverable.tests for deliverable in chosen], tree, recorder))


def _options(arguments: Sequence[str] | None, assignment: Assignment) -> tuple[list[Deliverable], Path, str]:
    """The chosen deliverables, the tree, and the mode: "watch", "stress", or "" for a single run."""
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run the tests and say what to do next.")
    parser.add_argument("names", nargs="*", help="only these deliverables, e.g. LSTM or 1.2 (default: all)")
    parser.add_argument("--tree", default="student", help="the folder with your work: student (default) or a path")
    mode = parser.add_mutually_exclusive_group()
    for name, help in (
        ("watch", "keep running: run the tests again when you save a file"),
        ("stress", "look for mistakes that only other sizes show"),
    ):
        mode.add_argument(f"--{name}", dest="mode", action="store_const", const=name, default="", help=help)
    options = parser.parse_args(arguments)
    parts = {part.id: part.number for part in assignment.parts}

    def is_named(deliverable: Deliverable, name: str) -> bool:
        part = deliverable.part
        return name.lower() in (deliverable.id, deliverable.number, deliverable.title.lower(), part, parts[part])

    for name in options.names:
        if not any(is_named(deliverable, name) for deliverable in assignment.deliverables):
            known = "\n".join(f"  {deliverable.number} {deliverable.title}" for deliverable in assignment.deliverables)
            parser.exit(2, f"There is no deliverable {name!r}. There are\n{known}\n")
    chosen = [
        deliverable
        for deliverable in assignment.deliverables
        if not options.names or any(is_named(deliverable, n) for n in options.names)
    ]
    try:
        return chosen, find_tree(options.tree), options.mode
    except ValueError as error:
        parser.exit(2, f"{error}\n")
