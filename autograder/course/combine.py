"""One table of several assignments' grades, with weights: `python -m autograder combine hw1=40 hw2=60 --out FILE`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from autograder.course.handins import Student
from autograder.course.matching import Index, folded, in_order
from autograder.course.record import NAME, Record, Submission
from autograder.course.roster import Roster, match, read_roster
from autograder.course.sheets import SheetError, writing
from autograder.grade.policy import cents, points
from harness.words import abridged, shown

TOTAL = "total (of 100)"  # a column, and what marks a file as ours


@dataclass(frozen=True)
class Assigned:
    """A graded assignment: its column's name, its share of the total in percent, and its submissions.

    Attributes:
        percents: submission's id -> percent of the points; None where grading has failed.
    """

    name: str
    weight: Decimal
    submissions: tuple[Submission, ...]
    percents: Mapping[str, float | None]

    def percent(self, ids: Sequence[str]) -> float | None:
        """The percent that a student has reached with these submissions: the best one's, 0 without a submission."""
        reached = [percent for id in ids if (percent := self.percents[id]) is not None]
        return max(reached) if reached else None if ids else 0.0


@dataclass
class Person:
    """A student of the course, and the identifiers of the submissions of each assignment, by its position."""

    student: Student
    of: dict[int, list[str]] = field(default_factory=dict)


def combine(
    assignments: Annotated[
        list[str], typer.Argument(help="Folders of graded classes with their weights in percent, as build/hw1=40.")
    ],
    out: Annotated[Path, typer.Option(help="The CSV file to write.")] = Path("grades.csv"),
    roster: Annotated[
        Path | None, typer.Option(help="Who is enrolled: a platform's file, or a CSV with names.", dir_okay=False)
    ] = None,
) -> None:
    """Combine the grades of several assignments by weights into one table."""
    assigned = [read(folder, weight) for folder, weight in weights(assignments)]
    sentences = write(out, assigned, read_roster(roster) if roster else None)
    for sentence in [*sentences, f"{out}: written"]:
        typer.echo(sentence)


def weights(arguments: Sequence[str]) -> list[tuple[Path, Decimal]]:
    """Read arguments such as "build/hw1=40".

    Raises:
        SheetError: for one without a weight, folders with the same name, and weights whose sum is not 100.
    """
    read: list[tuple[Path, Decimal]] = []
    for argument in arguments:
        name, _, weight = argument.rpartition("=")
        try:
            number = Decimal(weight)
        except InvalidOperation:
            number = Decimal(0)
        if not (name and number.is_finite() and number > 0):
            raise SheetError(f"expected a folder and its weight in percent, such as build/hw1=40, found {argument}")
        read.append((Path(name).resolve(), number))
    names = [folder.name for folder, _ in read]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise SheetError(f"expected folders with different names, which name the columns, found {twice[0]} twice")
    total = sum(weight for _, weight in read)
    if total != 100:
        raise SheetError(f"expected weights whose sum is 100, found a sum of {total}")
    return read


def read(folder: Path, weight: Decimal) -> Assigned:
    """Read a graded class.

    Raises:
        RecordError: for a folder without a record.
    """
    with Record(folder / NAME) as record:
        submissions = tuple(record.submissions())
        full = {kit: sum(record.points(kit).values()) for kit in {submission.kit for submission in submissions}}
    percents = {
        submission.id: None if submission.score is None else 100 * submission.score / full[submission.kit]
        for submission in submissions
    }
    return Assigned(folder.name, weight, submissions, percents)


def write(path: Path, assigned: Sequence[Assigned], roster: Roster | None = None) -> list[str]:
    """Write a row for each student: the percent of each assignment, and the weighted total.

    Without a submission an assignment counts 0. Where grading has failed, the total stays empty.

    Args:
        roster: who gets a row; by default everybody who has handed in something.

    Returns:
        Sentences about missing submissions, and about students who are not enrolled or cannot be told apart.

    Raises:
        SheetError: if the path cannot be written.
    """
    people, sentences = _enrolled(assigned, roster) if roster else _people(assigned)
    header = ["name", "email", "number", *(f"{each.name} ({each.weight} %)" for each in assigned), TOTAL]
    with writing(path, header, TOTAL) as write_row:
        for person in people:
            student = person.student
            write_row([student.name, student.email, student.number, *_grades(person, assigned)])
    for position, each in enumerate(assigned):
        missing = [shown(str(person.student)) for person in people if position not in person.of]
        if missing:
            sentences.append(f"{each.name}: no submission of {abridged(missing, 10)}; it counts 0.")
        failed = [shown(str(one)) for one in each.submissions if one.score is None]
        if failed:
            sentences.append(f"{each.name}: no score of {abridged(failed, 10)}; the total stays empty.")
    return sentences


def _grades(person: Person, assigned: Sequence[Assigned]) -> Iterator[str]:
    """The percent of each assignment and the total, which is rounded once."""
    total: float | None = 0.0
    for position, each in enumerate(assigned):
        percent = each.percent(person.of.get(position, []))
        yield "" if percent is None else points(cents(percent))
        total = None if percent is None or total is None else total + float(each.weight) * percent / 100
    yield "" if total is None else points(cents(total))


def _enrolled(assigned: Sequence[Assigned], roster: Roster) -> tuple[list[Person], list[str]]:
    people = [Person(one.student) for one in roster.enrolled]
    sentences: list[str] = []
    for position, each in enumerate(assigned):
        matched = match(roster, each.submissions)
        sentences += [f"{each.name}: {note}" for note in matched.notes]
        for person, ids in zip(people, matched.of, strict=True):
            if ids:
                person.of[position] = list(ids)
    return people, sentences


class _People:
    """Everybody who has handed in something, and how to find them."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self.notes: list[str] = []
        self._numbers, self._emails, self._names = Index[Person](), Index[Person](), Index[Person]()

    def add(self, student: Student, position: int, id: str) -> None:
        """Note a submission of a student, who may be known from another assignment."""
        person = self._known(student, position)
        if person is None:
            self.people.append(person := Person(student))
        old = person.student
        person.student = replace(
            old, name=old.name or student.name, email=old.email or student.email, number=old.number or student.number
        )
        self._numbers.add(person, [student.number])
        self._emails.add(person, [student.email])
        self._names.add(person, [], [student.name])
        person.of.setdefault(position, []).append(id)

    def _known(self, student: Student, position: int) -> Person | None:
        """The person with this number, else with this e-mail address, else with this name.

        A number alone is not enough where name and address differ, because each platform has its own. A name alone is
        not enough where number or address differ, or within one assignment.
        """
        for person in self._numbers.find(student.number):
            if not (_differ(person.student.email, student.email) and _differ(person.student.name, student.name)):
                return person
        for person in self._emails.find(student.email):
            return person
        others = {id(person): person for person in self._names.find(student.name)}.values()
        same = [
            person
            for person in others
            if position not in person.of
            and not _differ(person.student.email, student.email)
            and not _differ(person.student.number, student.number)
        ]
        if len(same) == 1:
            return same[0]
        if others:
            self.notes.append(f"{shown(student.name)}: there are several students with this name; compare their rows.")
        return None


def _people(assigned: Sequence[Assigned]) -> tuple[list[Person], list[str]]:
    known = _People()
    for position, each in enumerate(assigned):
        for submission in each.submissions:
            for student in submission.students or (Student(name=submission.id),):
                known.add(student, position, submission.id)
    people = sorted(known.people, key=lambda person: (folded(str(person.student)), person.student.email))
    several = [
        f"{assigned[position].name}: {shown(str(person.student))} has several submissions; the best counts."
        for person in people
        for position, ids in person.of.items()
        if len(ids) > 1
    ]
    return people, [*dict.fromkeys(known.notes), *several]


def _differ(one: str, other: str) -> bool:
    """Whether both are known, and not the same in any order of words."""
    return bool(one and other) and in_order(one) != in_order(other)
