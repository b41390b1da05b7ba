"""Findings: what the checks say about a submission, and how many points it costs."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.contract import Assignment, Deliverable
from harness.words import printable

BREAKS_A_FILE = ("encoding", "syntax", "import")  # rules whose faults keep a file from running; see `Assignment.strict`
MAX_FINDINGS = 10  # in one file that differ in nothing but their words


class Severity(enum.StrEnum):
    UNUSABLE = "unusable"
    FAULT = "fault"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing to say about a submission.

    `file` is "" for the submission as a whole, `line` is 0 for a file as a whole. `deliverables` are those
    whose own code is concerned; what needs them is left to `Assignment.dependants`. `rule` is one of

    nothing      no file of the assignment is there
    id, group    what --id and --group-size say
    out          a place where the archive is not written
    missing      a file, or a class or function in it
    irregular    a file that is there and cannot be taken
    size         a file above LIMIT, or with more or deeper code than is read
    encoding     a file that is not UTF-8; a fault where Python cannot read it
    syntax       a file that Python cannot read
    signature    a function that cannot be called as it is tested, or has other defaults
    import       a module that is not there in grading
    refused      a name that a deliverable refuses, or code that builds code
    output       something printed, or input asked for
    notebook     one that is asked for and not there, not taken, or not run
    report       open questions in it, or a PDF that is not up to date
    not-started  a deliverable that is as handed out
    unfinished   one that is started, with functions in which NotImplementedError is still raised or nothing is written
    """

    severity: Severity
    file: str
    line: int
    message: str
    deliverables: tuple[str, ...] = ()
    rule: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return place + self.message


class FileReport:
    """Collects the findings of one file; the same words at several lines become one finding."""

    def __init__(self, path: str, assignment: Assignment) -> None:
        self.path, self.assignment = path, assignment
        self.own = assignment.by_file(path)
        self._lines: dict[tuple[Severity, str, tuple[str, ...]], dict[str, set[int]]] = {}
        self._stake = functools.cache(lambda *affected: price(assignment, affected))

    def fault(self, rule: str, line: int, message: str, affected: Sequence[Deliverable] | None = None) -> None:
        """Add a fault, with the price of the deliverables that it hits: by default all of the file."""
        affected = self.own if affected is None else affected
        stake = self._stake(*affected)
        if self.assignment.strict == "submission" and rule in BREAKS_A_FILE:
            stake = "Costs all points: this assignment gives none when any file does not run."
        self._add(Severity.FAULT, rule, line, f"{message} {stake}", affected)

    def warning(self, rule: str, line: int, message: str, affected: Sequence[Deliverable] | None = None) -> None:
        self._add(Severity.WARNING, rule, line, message, self.own if affected is None else affected)

    def _add(self, weight: Severity, rule: str, line: int, message: str, affected: Sequence[Deliverable]) -> None:
        alike = self._lines.setdefault((weight, rule, tuple(deliverable.id for deliverable in affected)), {})
        if message in alike or len(alike) < MAX_FINDINGS:
            alike.setdefault(message, set()).add(line)

    def findings(self) -> list[Finding]:
        return [
            Finding(severity, self.path, min(lines), printable(message) + _also(sorted(lines)[1:]), ids, rule)
            for (severity, rule, ids), alike in self._lines.items()
            for message, lines in alike.items()
        ]


def _also(lines: Sequence[int]) -> str:
    return f" Also in line {', '.join(map(str, lines[:8]))}{', ...' if lines[8:] else '.'}" if lines else ""


def price(assignment: Assignment, affected: Sequence[Deliverable]) -> str:
    """Say how many points these deliverables are worth, and those that need them."""
    more = assignment.dependants([deliverable.id for deliverable in affected])
    needy = f", and part of {points(more)} that need it ({_numbers(more)})" if more else ""
    return f"Costs {points(affected)} ({_numbers(affected)}){needy}." if affected else "Costs nothing."


def points(deliverables: Iterable[Deliverable]) -> str:
    number = sum(deliverable.points for deliverable in deliverables)
    return f"{number:g} point{'' if number == 1 else 's'}"


def _numbers(deliverables: Sequence[Deliverable]) -> str:
    long = len(deliverables) < 3
    return ", ".join(f"{d.number} {d.title}" if long else d.number for d in deliverables)
