"""The works that are compared: those of a graded class, or of a folder of submissions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import REPOSITORY
from autograder.course import content, sources
from autograder.course.handins import Student, named
from autograder.course.notebooks import code_of
from autograder.course.record import NAME, Record
from autograder.course.similarity.fingerprints import Baseline, Files
from harness.contract import Assignment


@dataclass(frozen=True)
class Work:
    """One submission, which may be that of a group.

    Attributes:
        name: who handed it in, for people.
        people: what identifies each of them from term to term.
        files: path -> source; for a notebook the code of its cells.
    """

    name: str
    people: frozenset[str]
    files: Files


Works = Mapping[str, Work]  # by identifier
Bar = Callable[[Iterable[Any], str, int], Iterable[Any]]  # shows progress: what to go through, its name, its length


def assignment() -> Assignment:
    return Assignment.load(REPOSITORY / "student" / "assignment.json")


def baseline() -> Baseline:
    """The handout's and the solution's files and notebooks."""
    return Baseline.of(_tree(REPOSITORY / "student"), _tree(REPOSITORY / "solution"))


def _tree(folder: Path) -> dict[str, bytes]:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
    return files | {path.name: code_of(path.read_bytes()) for path in sorted(folder.glob("*.ipynb"))}


def read(directory: Path, bar: Bar) -> dict[str, Work]:
    """The works in a folder: of a record, if it holds one, else of the submissions in it.

    Args:
        bar: shows progress.

    Raises:
        RecordError, SourceError: for a folder that holds neither; the message says what was expected.
    """
    return _graded(directory / NAME, bar) if (directory / NAME).exists() else _handed_in(directory, bar)


def _graded(path: Path, bar: Bar) -> dict[str, Work]:
    with Record(path) as record:
        submissions = record.submissions()
        return {
            submission.id: Work(str(submission), _people(submission.students), record.files(submission.id))
            for submission in bar(submissions, "reading works", len(submissions))
        }


def _handed_in(directory: Path, bar: Bar) -> dict[str, Work]:
    contract = assignment()
    found: dict[str, Work] = {}
    handins = sources.read(directory).handins
    for handin in bar(handins, "reading works", len(handins)):
        name = named(handin.students, handin.id)
        found[handin.id] = Work(name, _people(handin.students), content.read(handin, contract).sources)
    return found


def _people(students: Iterable[Student]) -> frozenset[str]:
    return frozenset(mark.casefold() for student in students for mark in (student.email, student.number) if mark)
