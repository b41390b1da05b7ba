"""The command line of `collect_submission.py`."""

from __future__ import annotations

import argparse
import io
import os
import sys
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from harness.contract import Assignment
from harness.submission.archive import pack, target_of
from harness.submission.encoding import LIMIT
from harness.submission.findings import Finding, Severity
from harness.submission.identity import check_ids
from harness.submission.listed_files import read_tree
from harness.submission.notebooks import inspect_notebooks, packable, read_notebooks
from harness.submission.preflight import inspect_tree
from harness.submission.report import inspect_report, report_paths
from harness.submission.started import not_started
from harness.submission.unfinished import unfinished

STUDENT = Path(__file__).resolve().parents[2] / "student"  # beside collect_submission.py
WIDTH = 79  # columns of a message on the terminal


def main(arguments: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _options(arguments)
    try:
        assignment = Assignment.load(_contract(options.tree))
    except (OSError, ValueError) as error:
        return _refuse(f"{error}\nUnpack the handout again, or name the folder with your work with --tree.")
    files = read_tree(options.tree, assignment)
    notebooks = read_notebooks(options.tree)
    findings = _all_findings(options, files, notebooks, assignment)
    print(f"{assignment.title} {assignment.version}")
    print(f"{len(files)} of {len(assignment.files)} files in {options.tree}\n")
    print("\n".join(map(_wrapped, findings)) or "No faults found.")
    faults = sum(finding.severity is Severity.FAULT for finding in findings)
    if any(finding.severity is Severity.UNUSABLE for finding in findings):
        advice = "Put right what is UNUSABLE" if files else "Name the folder with your work with --tree"
        return _refuse(f"Nothing was written. {advice}, and start this again.")
    if faults and options.strict:
        return _refuse(f"Nothing was written: with --strict a fault refuses. Faults: {faults}.")
    if options.check:
        print("\nOnly checked: nothing was written.")
        return 0
    try:
        archive = pack(files, assignment, options.id, options.out, packable(notebooks, assignment))
    except (OSError, ValueError) as error:
        return _refuse(f"The archive could not be written: {error}\nName another place with --out.")
    _print_packed(files, packable(notebooks, assignment), findings, assignment)
    _print_uploads(archive, options.tree, assignment, findings)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Check your work and pack it for upload.")
    add = parser.add_argument
    add("--id", action="append", default=[], metavar="ID", help="your id; repeat it for each member of a group")
    add("--tree", type=Path, default=STUDENT, help="the folder with your work (default: student)")
    add(
        "--out",
        type=Path,
        default=Path(),
        help="the .zip file or folder to write to (default: here); only an earlier archive is replaced",
    )
    add("--group-size", type=int, metavar="N", help="the most ids in a group (default: the assignment's)")
    add("--check", action="store_true", help="only check; write nothing")
    add("--strict", action="store_true", help="write nothing if there is a fault")
    return parser.parse_args(arguments)


def _contract(tree: Path) -> Path:
    """The path of assignment.json in the tree or, if the tree has none, in student/."""
    for folder in (tree, STUDENT):
        if (folder / "assignment.json").is_file():
            return folder / "assignment.json"
    raise FileNotFoundError(f"There is no assignment.json in {tree}.")


def _all_findings(
    options: argparse.Namespace, files: Mapping[str, bytes], notebooks: Mapping[str, bytes], assignment: Assignment
) -> list[Finding]:
    """What is wrong with the ids, the tree, the files, the notebooks and the report, worst first."""
    everything = [
        *check_ids(options.id, options.group_size, assignment, needed=not options.check),
        *_check_out(options, assignment),
        *inspect_tree(options.tree, files, assignment),
        *inspect_notebooks(notebooks, assignment),
        *inspect_report(options.tree),
    ]
    return sorted(everything, key=lambda finding: list(Severity).index(finding.severity))


def _check_out(options: argparse.Namespace, assignment: Assignment) -> Iterator[Finding]:
    try:
        target_of(options.out, assignment, options.id)
    except OSError as error:
        if not options.check:
            yield Finding(Severity.UNUSABLE, "", 0, str(error), (), "out")


def _wrapped(finding: Finding) -> str:
    name = finding.severity.value
    return textwrap.fill(
        f"{name if finding.severity is Severity.WARNING else name.upper()}: {finding}",
        WIDTH,
        subsequent_indent="    ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _refuse(message: str) -> int:
    print()
    for line in message.split("\n"):
        print(textwrap.fill(line, WIDTH, break_on_hyphens=False, break_long_words=False))
    return 1


def _print_packed(
    files: Mapping[str, bytes], notebooks: Collection[str], findings: Sequence[Finding], assignment: Assignment
) -> None:
    width = max(map(len, (*assignment.files, *notebooks)))
    waiting = [assignment.deliverable(id).file for id in not_started(files, assignment)]
    begun = [assignment.deliverable(id).file for id in unfinished(files, assignment)]
    print("\nPacked:")
    for path in assignment.files:
        faults = [f for f in findings if f.file == path and f.severity is Severity.FAULT]
        left_out = path not in files or len(files[path]) > LIMIT
        counts = waiting.count(path), begun.count(path), len(assignment.by_file(path))
        state = _state(left_out, bool(faults), *counts)
        print(f"  {path:{width}}  {state}")
    for name in notebooks:
        state = "cells not run, see above" if any(f.file == name for f in findings) else "all code cells were run"
        print(f"  {name:{width}}  {state}")


def _print_uploads(archive: Path, tree: Path, assignment: Assignment, findings: Sequence[Finding]) -> None:
    print(f"\n{archive.name} ({-(-archive.stat().st_size // 1024)} KiB) is in {archive.resolve().parent}")
    print(f"Now upload it: {assignment.upload}")
    text, pdf = report_paths(tree)
    if text.is_file():
        print(f"Your report is an upload of its own: {pdf}")
        if any(finding.rule == "report" for finding in findings):
            print("It is not ready yet, see above.")
    if count := sum(finding.severity is Severity.FAULT for finding in findings):
        print(f"Faults that cost points: {count}. If there is time: mend them, pack and upload again.")
    print("The tests were not run: python -m tests")


def _state(left_out: bool, fault: bool, waiting: int, begun: int, total: int) -> str:
    if left_out:
        return "NOT PACKED, see above"
    if fault:
        return "fault, see above"
    parts = [(waiting, "not started"), (begun, "unfinished")]
    words = [state if count == total else f"{count} of {total} {state}" for count, state in parts if count]
    return f"{', '.join(words)}, see above" if words else "nothing unfinished seen, no fault seen"


def run() -> int:
    """Run `main`; say so in a sentence where its output cannot be written, for a full disk or a closed pipe."""
    try:
        code = main()
        sys.stdout.flush()
        return code
    except OSError as error:
        if error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # otherwise Python tries to flush again at exit
        print(f"Stopped: nothing more can be printed ({error.strerror}).", file=sys.stderr)
        return 1
