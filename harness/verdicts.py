"""Verdicts made without a run, and words about needed deliverables; laptop and grader share them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from harness.contract import Assignment
from harness.graded import TESTS, GradedTest
from harness.judge import Kind, Verdict
from harness.submission.findings import Finding, Severity
from harness.submission.started import not_started

NOBODY = "harness.verdicts.no_debugger"
TIMEOUTS = 2  # on a student's computer, the other tests of a deliverable are not run after so many timeouts
UNSTOPPABLE = (
    "It could not be stopped: an `except:` there catches everything, or one call takes long. The run ended with it."
)


def preflight(files: Mapping[str, bytes], findings: Sequence[Finding], assignment: Assignment) -> dict[str, Verdict]:
    """Judge deliverables that the preflight refuses or that are not started: id -> the verdict of all its tests.

    Args:
        files: path in the tree -> content.
        findings: the result of `harness.submission.preflight.inspect` for these files.
    """
    untouched = not_started(files, assignment)
    decided: dict[str, Verdict] = {}
    for deliverable in assignment.deliverables:
        faults = [
            str(finding)
            for finding in findings
            if finding.severity is not Severity.WARNING and deliverable.id in finding.deliverables
        ]
        if faults:
            decided[deliverable.id] = Verdict(Kind.REFUSED, "\n".join(faults))
        elif deliverable.id in untouched:
            file, line = untouched[deliverable.id]
            decided[deliverable.id] = Verdict(Kind.NOT_STARTED, f"Not started: {deliverable.title} ({file}:{line}).")
    return decided


def name_needed(
    verdicts: Mapping[str, Verdict], tests: Iterable[GradedTest], assignment: Assignment
) -> dict[str, Verdict]:
    """New verdicts for integration tests that fail because of a needed deliverable; their messages name it first.

    A needed deliverable is to blame if it fails, the case uses it, and all other tests of the test's own deliverable
    pass: those tests use stand-ins for needed pieces, so only the needed pieces can be wrong. Of several, the one in
    whose file the code stopped is named, else the first.

    Args:
        verdicts: key of a test -> its verdict. A needed deliverable without a verdict here counts as passed.
        tests: the tests that have run.
    """
    tests = list(tests)
    failing = {key.split("::")[0] for key, verdict in verdicts.items() if not verdict.passed}
    own = {test.module for test in tests if not test.integration and not verdicts[test.key].passed}
    renamed: dict[str, Verdict] = {}
    for test in tests:
        verdict = verdicts[test.key]
        if verdict.passed or not test.integration or test.module in own:
            continue
        needs = next(deliverable.needs for deliverable in assignment.deliverables if deliverable.tests == test.module)
        blamed = [assignment.deliverable(id) for id in needs if test.uses(id, verdict.case)]
        blamed = [piece for piece in blamed if piece.tests in failing]
        if blamed:
            needed = next((piece for piece in blamed if f"{piece.file}:" in verdict.message), blamed[0])
            words = f"This test uses your {needed.title} ({needed.number}), which does not pass yet."
            renamed[test.key] = replace(verdict, message=f"{words}\n{verdict.message}")
    return renamed


def out_of_time(where: str, unstoppable: bool = False) -> Verdict:
    """The verdict of a test that took too long; `where` is the place of its code at that time."""
    words = [where, f"  {ended_early('timeout')}", *([f"  {UNSTOPPABLE}"] if unstoppable else [])]
    return Verdict(Kind.FAULT, "\n".join(filter(None, words)))


def ended_early(end: str) -> str:
    """The message for a process that ended early; `end` is "timeout", "disk", "signal 11" or "exit 3"."""
    if end == "timeout":
        return "Your code ran out of time: is there a loop that does not end?"
    if end == "disk":
        return "Your code filled the disk with files."
    kind, _, number = end.partition(" ")
    if kind == "signal":
        return (
            f"Your code's process was killed by signal {number} (9: out of time or memory; 11: a crash in native code)."
        )
    return f"Your code ended its process (exit status {number}), so nothing could be compared."


def no_debugger(*_: object, **__: object) -> NoReturn:
    """Replaces `breakpoint()` where nobody can type; PYTHONBREAKPOINT is set to NOBODY there."""
    raise RuntimeError("A breakpoint needs a terminal where you can type: run `python -m tests NAME` there.")


def find_tree(name: str) -> Path:
    """The tree that `--tree` names: a path, or the name of a folder beside tests/.

    Raises:
        ValueError: the tree holds no folder `models`.
    """
    for tree in (Path(name), TESTS.parent / name):
        if (tree / "models").is_dir():
            return tree
    raise ValueError(f"--tree: {name} holds no folder 'models'; name the folder that does.")
