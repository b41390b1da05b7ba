"""Reads submission_metadata.json: when a submission was handed in, by whom, when it was due, and earlier submissions.

The platform writes the file, but its form is not trusted: a missing or odd value counts as unknown, and instructors get
a sentence about it.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.words import shown

YEARS = range(2000, 2200)  # other dates are mistakes, and computing with them can overflow


@dataclass(frozen=True)
class Due:
    """A student's due date.

    Attributes:
        own: whether it is the student's own, not the assignment's.
        extended: whether it is later than the assignment's.
    """

    date: datetime
    own: bool
    extended: bool = False


@dataclass(frozen=True)
class Metadata:
    """What is known about a submission besides its files.

    Attributes:
        id: the platform's number or name of the submission.
        created: when it was handed in, with an offset. Nothing else is "now": regrades run later.
        members: how many students hand in together.
        due: one date for each student who has one; empty when none is known.
        previous: times of earlier submissions that were graded, oldest first.
        total: the points that the platform's assignment has.
        problems: what could not be read, for instructors.
    """

    id: int | str | None = None
    created: datetime | None = None
    members: int = 0
    due: tuple[Due, ...] = ()
    previous: tuple[datetime, ...] = ()
    total: float | None = None
    problems: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "Metadata":
        """Read the file; no content makes it raise."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(problems=("there is no submission_metadata.json",))
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            return cls(problems=(f"submission_metadata.json cannot be read: {type(error).__name__}: {error}",))
        return cls.parse(data)

    @classmethod
    def parse(cls, data: object) -> "Metadata":
        """Read the known fields of the parsed JSON; never raises."""
        problems: list[str] = []
        top = _table(data, "submission_metadata.json", problems)
        assignment = _table(top.get("assignment"), "assignment", problems)
        users = [user for user in _list(top.get("users"), "users", problems) if isinstance(user, dict)]
        return cls(
            id=_id(top.get("id")),
            created=_date(top.get("created_at"), "created_at", problems),
            members=len(users),
            due=tuple(_due(users, assignment, problems)),
            previous=tuple(sorted(_previous(top, problems))),
            total=_points(assignment.get("total_points"), problems),
            problems=tuple(problems),
        )


def _due(users: list[dict[str, Any]], assignment: dict[str, Any], problems: list[str]) -> Iterator[Due]:
    """Each student's due date: the student's own, extensions included, else the assignment's."""
    common = None
    if assignment.get("due_date") is not None:  # an assignment may have none
        common = _date(assignment["due_date"], "assignment.due_date", problems)
    for position, user in enumerate(users, start=1):
        dates = user.get("assignment")
        value = dates.get("due_date") if isinstance(dates, dict) else None
        own = None if value is None else _date(value, f"users[{position}].assignment.due_date", problems)
        if own:
            yield Due(own, own=True, extended=common is not None and own > common)
        elif common:
            yield Due(common, own=False)
    if common and not users:
        yield Due(common, own=False)


def _previous(top: dict[str, Any], problems: list[str]) -> Iterator[datetime]:
    submissions = _list(top.get("previous_submissions", []), "previous_submissions", problems)
    for position, submission in enumerate(submissions, start=1):
        if not isinstance(submission, dict):
            problems.append(f"previous_submissions[{position}] is not as expected")
        elif submission.get("autograder_error") is not True:  # a failed run has told the student nothing
            time = submission.get("submission_time")
            date = _date(time, f"previous_submissions[{position}].submission_time", problems)
            if date:
                yield date


def _date(value: object, name: str, problems: list[str]) -> datetime | None:
    """An ISO 8601 date with time and offset."""
    try:
        date = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        date = None
    if date is None or date.tzinfo is None or date.year not in YEARS:
        problems.append(f"{name}: expected a date with time and offset, found {_described(value)}")
        return None
    return date


def _points(value: object, problems: list[str]) -> float | None:
    """The assignment's points, which the platform gives as a string."""
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        problems.append(f"assignment.total_points: expected a number, found {_described(value)}")
        return None
    return number


def _id(value: object) -> int | str | None:
    if isinstance(value, int) and abs(value) < 1 << 63:
        return value
    return shown(value) if isinstance(value, str) else None


def _table(value: object, name: str, problems: list[str]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    problems.append(f"{name}: expected an object, found {_described(value)}")
    return {}


def _list(value: object, name: str, problems: list[str]) -> list[Any]:
    if isinstance(value, list):
        return value
    problems.append(f"{name}: expected a list, found {_described(value)}")
    return []


def _described(value: object) -> str:
    """A value for a message: shortened, without characters that a terminal or an encoder cannot handle."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else f"a {type(value).__name__}"
    return shown(text)
