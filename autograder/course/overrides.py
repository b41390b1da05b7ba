"""Reads points that a person has given in place of the tests': DIR/overrides.csv, a row for a student and a test."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.course.matching import Group, Members
from autograder.course.sheets import Row, SheetError, read
from autograder.grade.policy import points as in_words
from harness.words import joined, printable

NAME = "overrides.csv"
YES = ("yes", "true", "1")


@dataclass(frozen=True)
class Override:
    """Points of one test for one submission, and why. `where` is the file and line that say so."""

    points: float
    reason: str
    where: str


def read_overrides(path: Path, groups: Iterable[Group], points: Mapping[str, float]) -> dict[str, dict[str, Override]]:
    """Read a CSV file with the columns student, test, points and reason.

    Points are from 0 to the test's maximum, unless a further column `beyond` has "yes". A row that names one member of
    a group changes the points of the submission, so of all members.

    Args:
        points: test number -> its full points.

    Returns:
        submission's id -> test number -> the override.

    Raises:
        SheetError: with file and line for a student without a submission, an unknown test, points that are no number
            from 0 to the maximum, a missing reason, and a second row for the same submission and test.
    """
    sheet = read(path)
    sheet.demand("student", "test", "points", "reason")
    members = Members(groups)
    overrides: dict[str, dict[str, Override]] = {}
    for row in sheet.rows:
        id, test, override = _override(row, members, points)
        if before := overrides.setdefault(id, {}).get(test):
            raise SheetError(f"{row.where}: {before.where} gives points for test {test} of {id}; leave one of them")
        overrides[id][test] = override
    return overrides


def remarks(overrides: Mapping[str, Mapping[str, Override]], groups: Iterable[Group]) -> list[str]:
    """Sentences about groups in which an override changes the points of every member."""
    return [
        f"{override.where} changes test {test} for all of {group.id}: {printable(joined(map(str, group.students)))}."
        for group in groups
        if len(group.students) > 1
        for test, override in overrides.get(group.id, {}).items()
    ]


def _override(row: Row, members: Members, points: Mapping[str, float]) -> tuple[str, str, Override]:
    try:
        id, _ = members.find(row["student"])
    except LookupError as error:
        raise SheetError(f"{row.where}: {error}") from None
    test = row["test"]
    if test not in points:
        raise row.error('the number of a test, such as "1.2.3"', test)
    if not row["reason"]:
        raise row.error("a reason, which the student reads", "")
    return id, test, Override(_points(row, points[test]), printable(row["reason"]), row.where)


def _points(row: Row, most: float) -> float:
    try:
        number = float(row["points"])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise row.error(f"points from 0 to {in_words(most)}", row["points"])
    if not 0 <= number <= most and row["beyond"].lower() not in YES:
        expected = f'points from 0 to {in_words(most)}, or "yes" in a column "beyond" if others are meant'
        raise row.error(expected, row["points"])
    return number
