"""Reads who is enrolled, from the file that a platform gives, and finds their submissions.

Canvas' gradebook export has Student, ID, SIS User ID, SIS Login ID and Section, a row "Points Possible" and a student
of its own for testing (lib/gradebook_exporter.rb). Gradescope's roster has First Name, Last Name (or Name), SID, Email
and Sections. Moodle's grading worksheet has Identifier ("Participant 12345"), Full name, Email address and Grade
(mod/assign/feedback/offline). Any other CSV needs a column with names, e-mail addresses or numbers.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.handins import Student, identifier
from autograder.course.matching import Group, Index, in_order, words_of
from autograder.course.sheets import Row, Sheet, SheetError, column, read
from harness.words import abridged, joined, printable, shown

CANVAS, GRADESCOPE, MOODLE, PLAIN = "canvas", "gradescope", "moodle", "plain"
POINTS_POSSIBLE = "points possible"
TEST_STUDENT = "student test"  # Canvas' own, in one order of the words
NAMES = ("name", "full name", "student", "first name", "last name", "surname")
EMAILS = ("email", "e-mail", "email address", "sis login id")
NUMBERS = ("number", "student number", "sid", "student id", "id number", "sis user id", "id", "sis login id")


@dataclass(frozen=True)
class Enrolled:
    """An enrolled student.

    Attributes:
        student: with the university's number where the file has it, else the platform's.
        numbers: all numbers and logins by which the student is known.
        row: the row of the file, for writing it back.
    """

    student: Student
    numbers: tuple[str, ...]
    row: Row


@dataclass(frozen=True)
class Roster:
    """Who is enrolled.

    Attributes:
        format: CANVAS, GRADESCOPE, MOODLE or PLAIN.
        header: the file's columns as they are.
        points: the row with the points of Canvas' assignments.
    """

    path: Path
    format: str
    header: tuple[str, ...]
    enrolled: tuple[Enrolled, ...]
    points: Row | None = None


@dataclass(frozen=True)
class Matched:
    """Which submission is whose.

    Attributes:
        of: for each enrolled student, in the roster's order, the identifiers of the submissions; usually one.
        absent: enrolled students without a submission.
        strangers: submissions, as (id, student), of students who are not enrolled.
        notes: sentences about strangers, students who cannot be told apart, and those with several submissions.
    """

    of: tuple[tuple[str, ...], ...]
    absent: tuple[Student, ...]
    strangers: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def read_roster(path: Path) -> Roster:
    """Read a roster and find out whose it is.

    Raises:
        SheetError: for a file that cannot be read, lacks the columns of all formats, or has no student.
    """
    sheet = read(path)
    format = _format(sheet)
    points = next((row for row in sheet.rows if _is_points(row)), None) if format == CANVAS else None
    rows = [row for row in sheet.rows if _is_student(row, format)]
    enrolled = tuple(_enrolled(row, format) for row in rows)
    if not enrolled:
        raise SheetError(f"{path}: expected a row for each student, found none")
    for one in enrolled:
        if not (str(one.student) or one.numbers):
            raise one.row.error("a name, an e-mail address or a number", "")
    return Roster(path, format, sheet.header, enrolled, points)


def match(roster: Roster, groups: Iterable[Group]) -> Matched:
    """Find each member of each submission in a roster: by e-mail address, else by number, else by name.

    A submission of which no student is known is found by its identifier. Moodle names a group instead of its members:
    its submission is that of all students with this group in the worksheet.
    """
    emails, numbers, names, teams, ids = (Index[int]() for _ in range(5))
    for position, one in enumerate(roster.enrolled):
        emails.add(position, [one.student.email])
        numbers.add(position, one.numbers)
        names.add(position, [], [one.student.name])
        ids.add(position, map(identifier, filter(None, (one.student.email, one.student.name, *one.numbers))))
        teams.add(position, [one.row["group"]] if roster.format == MOODLE else [])
    of: list[list[str]] = [[] for _ in roster.enrolled]
    strangers: list[tuple[str, str]] = []
    notes: list[str] = []
    for group in groups:
        for student in group.students or (Student(words_of(group.id)),):
            attempts = [(emails, student.email), (numbers, student.number), (names, student.name)]
            attempts += [] if group.students else [(ids, group.id)]
            candidates = next((found for index, word in attempts if (found := index.find(word))), [])
            team = [] if candidates else teams.find(student.name)
            if len(candidates) == 1 or team:
                for position in team or candidates:
                    of[position].append(group.id)
                continue
            strangers.append((group.id, str(student) if group.students else group.id))
            if candidates:
                lines = abridged(str(roster.enrolled[position].row.line) for position in candidates)
                notes.append(f"{shown(str(student))} may be any of the students in lines {lines} of {roster.path}.")
    absent = tuple(one.student for one, ids in zip(roster.enrolled, of, strict=True) if not ids)
    return Matched(tuple(map(tuple, of)), absent, tuple(strangers), (*notes, *_remarks(roster, of, strangers)))


def absence(roster: Roster, matched: Matched) -> list[str]:
    """A sentence about enrolled students without a submission, if there are any."""
    if not matched.absent:
        return []
    who = abridged((shown(str(student)) for student in matched.absent), 10)
    return [f"{len(matched.absent)} of {len(roster.enrolled)} enrolled students have no submission: {who}."]


def _remarks(roster: Roster, of: Sequence[Sequence[str]], strangers: Sequence[tuple[str, str]]) -> Iterable[str]:
    for one, ids in zip(roster.enrolled, of, strict=True):
        if len(ids) > 1:
            yield f"{shown(str(one.student))} has several submissions ({joined(ids)}): the best counts."
    if strangers:
        who = abridged((shown(name) if name == id else f"{shown(name)} ({id})" for id, name in strangers), 10)
        yield f"Not found among the enrolled students: {who}."


def _format(sheet: Sheet) -> str:
    if sheet.has("ID", "Section") and (sheet.has("Student") or sheet.has("LastName", "FirstName")):
        return CANVAS
    if sheet.has("Identifier", "Grade"):
        return MOODLE
    if sheet.has("SID", "Email"):
        return GRADESCOPE
    if any(sheet.has(name) for name in (*NAMES, *EMAILS, *NUMBERS)):
        return PLAIN
    raise SheetError(
        f"{sheet.path}:1: expected Canvas' gradebook, Gradescope's roster, Moodle's grading worksheet (in English) or "
        f"columns such as name, email and number, found {joined(map(shown, sheet.header))}"
    )


def _enrolled(row: Row, format: str) -> Enrolled:
    numbers = [row[name] for name in NUMBERS if row[name]]
    if format == MOODLE and (participant := re.search(r"(?a)\d+$", row["identifier"])):
        numbers.append(participant[0])
    if format == CANVAS:  # its ID is the platform's; a university's number comes first
        numbers.sort(key=lambda number: number == row["id"])
    email = next((row[name] for name in EMAILS if "@" in row[name]), "")
    numbers = [number for number in dict.fromkeys(numbers) if number != email]
    number = numbers[0] if numbers else ""
    return Enrolled(Student(printable(_name(row)), printable(email), printable(number)), tuple(numbers), row)


def _name(row: Row) -> str:
    whole = next((row[name] for name in ("name", "full name", "student") if row[name]), "")
    first = row["first name"] or row["firstname"]
    last = row["last name"] or row["surname"] or row["lastname"]
    return whole or " ".join(filter(None, (first, last)))


def _is_points(row: Row) -> bool:
    return POINTS_POSSIBLE in column(row.values[0])


def _is_student(row: Row, format: str) -> bool:
    """Whether a row is a student's: in Canvas' gradebook it has a number, in Gradescope's roster perhaps a role."""
    if format == CANVAS:
        return row["id"] != "" and not _is_points(row) and in_order(_name(row)) != TEST_STUDENT
    return format != GRADESCOPE or column(row["role"]) in ("", "student")
