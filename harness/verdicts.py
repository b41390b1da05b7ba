"""Verdicts that need no run, and what a needed deliverable adds to a verdict: one place for laptop and grader."""

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
TIMEOUTS = 2  # cases of a deliverable on a student's computer, after which its others are not run
UNSTOPPABLE = (
    "It could not be stopped: an `except:` there catches everything, or one call takes long. The run ended with it."
)


def preflight(files: Mapping[str, bytes], findings: Sequence[Finding], assignment: Assignment) -> dict[str, Verdict]:
    """Decide the deliverables that the preflight refuses or that are not started: id -> the verdict of all its tests.

    Args:
        files: path in the tree -> content.
        findings: what `harness.submission.preflight.inspect` says of them.
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
    """New verdicts for integration tests that fail because of a needed deliverable, which they then name first.

    A needed deliverable is to blame where it fails, the case uses it, and all other tests of the test's own deliverable
    pass: these bring stand-ins for what is needed, so what is left are the needed pieces themselves. Of several it is
    the one in whose file the code has stopped, else the first.

    Args:
        verdicts: key of a test -> its verdict. A needed deliverable none of whose tests is among them counts as passed.
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
        needs = next(each.needs for each in assignment.deliverables if each.tests == test.module)
        blamed = [assignment.deliverable(id) for id in needs if test.uses(id, verdict.case)]
        blamed = [each for each in blamed if each.tests in failing]
        if blamed:
            needed = next((each for each in blamed if f"{each.file}:" in verdict.message), blamed[0])
            words = f"This test uses your {needed.title} ({needed.number}), which does not pass yet."
            renamed[test.key] = replace(verdict, message=f"{words}\n{verdict.message}")
    return renamed


def out_of_time(where: str, unstoppable: bool = False) -> Verdict:
    """The verdict of a test that took too long, with where its code was."""
    words = [where, f"  {ended_early('timeout')}", *([f"  {UNSTOPPABLE}"] if unstoppable else [])]
    return Verdict(Kind.FAULT, "\n".join(filter(None, words)))


def ended_early(end: str) -> str:
    """What is said where the process that ran a test ended early: "timeout", "disk", "signal 11" or "exit 3"."""
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
    """What `breakpoint()` does where nobody can type: NOBODY as PYTHONBREAKPOINT."""
    raise RuntimeError("A breakpoint needs a terminal where you can type: run `python -m tests NAME` there.")


def find(name: str) -> Path:
    """The tree that `--tree` names: a path, or a folder beside tests/ from wherever this was started.

    Raises:
        ValueError: it holds no folder `models`; the message is for whoever typed it.
    """
    for tree in (Path(name), TESTS.parent / name):
        if (tree / "models").is_dir():
            return tree
    raise ValueError(f"--tree: {name} holds no folder 'models'; name the folder that does.")
