"""When submissions were handed in and when they were due, for sources that do not say so, and who has more time.

Dates are ISO 8601. One without an offset is taken in this machine's time zone, and a date without a time means the end
of that day; sentences for the instructor say so.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

from autograder.course.handins import HandIn
from autograder.course.matching import Members, NobodyFound
from autograder.course.sheets import Row, SheetError, read
from autograder.rubric import RubricError, duration
from harness.words import joined, shown

YEARS = range(2000, 2200)  # as the grader takes them
EXPECTED = 'a date such as "2026-03-01 23:59" or "2026-03-01T23:59:00+01:00"'


@dataclass(frozen=True)
class Moment:
    """A date with an offset, and words about what was not written and had to be assumed; "" if nothing was."""

    date: datetime
    assumed: str = ""


@dataclass(frozen=True)
class Time:
    """A row of a file of hand-in times: a student or a submission, and when."""

    row: Row
    of: str
    moment: Moment


@dataclass(frozen=True)
class Extension:
    """A row of a file of extensions: a student, and either a due date of their own or how much later it is."""

    row: Row
    of: str
    moment: Moment | None = None
    by: timedelta | None = None


def instant(text: str) -> datetime | None:
    """A date and time with an offset, in ISO 8601 or as Ruby writes it ("... 09:47:15.87 Z"); None for other text."""
    found = _parsed(text)
    return found if found and found.tzinfo else None


def moment(text: str, where: str) -> Moment:
    """Read a date that a person has written.

    Args:
        where: the option, or file and line, for the error.

    Raises:
        SheetError: for anything else than a date from 2000 on.
    """
    found = _parsed(text)
    if found is None:
        raise SheetError(f"{where}: expected {EXPECTED}, found {shown(text) or 'nothing'}")
    assumed = []
    if _is_day(text):
        found = datetime.combine(found.date(), time.max)
        assumed.append("at the end of that day")
    if found.tzinfo is None:
        found = found.astimezone()
        assumed.append(f"in this machine's time zone ({found.tzname()})")
    return Moment(found, ", ".join(assumed))


def read_times(path: Path) -> list[Time]:
    """Read a CSV file with the columns student or submission, and time.

    Raises:
        SheetError: for a file that cannot be read or a row without a date, with file and line.
    """
    sheet = read(path)
    who = "submission" if sheet.has("submission") else "student"
    sheet.demand(who, "time")
    return [Time(row, _named(row, who), moment(row["time"], row.where)) for row in sheet.rows]


def read_extensions(path: Path) -> list[Extension]:
    """Read a CSV file with the columns student, and due (a date) or extension (such as "2 days"), or both.

    Raises:
        SheetError: as `read_times`, and for a row with both or neither.
    """
    sheet = read(path)
    sheet.demand("student", *([] if sheet.has("extension") else ["due"]))
    return [_extension(row) for row in sheet.rows]


def apply(
    handins: Iterable[HandIn],
    due: Moment | None = None,
    times: Sequence[Time] = (),
    extensions: Sequence[Extension] = (),
) -> list[HandIn]:
    """The hand-ins with what a person has said about their times, which counts more than what the platform says.

    An extension of a submission's identifier is one of all its members. One of a student who has handed in nothing has
    no effect; `remarks` lists it.

    Raises:
        SheetError: for a time that matches no submission, a row that matches several, that contradicts another one, or
            that extends a due date which is not known; with file and line.
    """
    known = {handin.id: replace(handin, due=due.date) if due else handin for handin in handins}
    members = Members(known.values())
    said: dict[str, Time] = {}
    for row in times:
        id, _ = _found(members, row)
        before = said.setdefault(id, row)
        if before.moment.date != row.moment.date:
            raise SheetError(f"{row.row.where}: {before.row.where} gives another time for {id}; leave one of them")
        known[id] = replace(known[id], created=row.moment.date)
    extended: dict[tuple[str, int | None], Extension] = {}
    for extension in extensions:
        if _is_of_nobody(members, extension):
            continue
        id, position = _found(members, extension)
        for member in [*range(len(known[id].students))] or [None] if position is None else [position]:
            if other := extended.get((id, member)):
                raise SheetError(
                    f"{extension.row.where}: {other.row.where} extends the same due date; leave one of them"
                )
            extended[id, member] = extension
            known[id] = _extended(known[id], member, extension)
    return list(known.values())


def remarks(
    handins: Sequence[HandIn],
    due: Moment | None = None,
    times: Sequence[Time] = (),
    extensions: Sequence[Extension] = (),
) -> list[str]:
    """Sentences about what was assumed, and about submissions whose lateness is not known and so costs nothing."""
    sentences = []
    if due:
        sentences.append(f"Due {due.date.isoformat(' ', 'seconds')}{due.assumed and f', {due.assumed}'}.")
    for rows in (times, extensions):
        assumed = Counter(row.moment.assumed for row in rows if row.moment and row.moment.assumed)
        for words, count in assumed.items():
            sentences.append(f"{rows[0].row.file}: {count} of {len(rows)} dates are taken {words}.")
    members = Members(handins)
    if idle := [extension for extension in extensions if _is_of_nobody(members, extension)]:
        names = joined(f"{shown(extension.of)} (line {extension.row.line})" for extension in idle)
        sentences.append(f"{idle[0].row.file}: no submission is by {names}; these extensions have no effect.")
    for what, count in (
        ("hand-in time", sum(handin.created is None for handin in handins)),
        ("due date", sum(handin.due is None and not any(s.due for s in handin.students) for handin in handins)),
    ):
        if count:
            have = "has" if count == 1 else "have"
            sentences.append(f"{count} of {len(handins)} submissions {have} no {what}: lateness costs nothing there.")
    return sentences


def _parsed(text: str) -> datetime | None:
    """A date in ISO 8601, with or without time and offset; also with a space before the offset."""
    iso = re.sub(r"\s*(?:Z|UTC)$", "+00:00", text.strip())
    try:
        found = datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", iso))
    except ValueError:
        return None
    return found if found.year in YEARS else None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _named(row: Row, column: str) -> str:
    if not row[column]:
        raise row.error(f"a {column}", "")
    return row[column]


def _extension(row: Row) -> Extension:
    student = _named(row, "student")
    if bool(row["due"]) == bool(row["extension"]):
        found = f"{row['due']} and {row['extension']}" if row["due"] else ""
        raise row.error('either a date in the column "due" or a span such as "2 days" in the column "extension"', found)
    if row["due"]:
        return Extension(row, student, moment=moment(row["due"], row.where))
    try:
        return Extension(row, student, by=duration(row["extension"], row.where))
    except RubricError as error:
        raise SheetError(str(error)) from None


def _is_of_nobody(members: Members, extension: Extension) -> bool:
    try:
        members.find(extension.of)
    except NobodyFound:
        return True
    except LookupError:
        return False
    return False


def _found(members: Members, entry: Time | Extension) -> tuple[str, int | None]:
    try:
        return members.find(entry.of)
    except LookupError as error:
        raise SheetError(f"{entry.row.where}: {error}") from None


def _extended(handin: HandIn, position: int | None, extension: Extension) -> HandIn:
    """The hand-in with a member's own due date; with another due date for all where no member is known."""
    student = None if position is None else handin.students[position]
    if extension.moment:
        until = extension.moment.date
    elif extension.by and (before := (student and student.due) or handin.due):
        until = before + extension.by
    else:
        raise SheetError(f"{extension.row.where}: expected a due date that can be extended; give one with --due")
    if position is None:
        return replace(handin, due=until)
    students = list(handin.students)
    students[position] = replace(students[position], due=until)
    return replace(handin, students=tuple(students))
