"""Lays out a class as Gradescope exports it: right and wrong submissions, attacks, late ones, groups, broken zips.

Beside it stand a roster that does not fit, extensions and overrides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from autograder.bench import generated_class, malicious
from autograder.course.handins import Student
from harness.contract import Assignment
from harness.submission.listed_files import read_tree
from tests.project.conftest import ROOT
from tests.project.course import exports
from tests.project.course.exports import Handed

DUE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
FIRST = 1001  # the platform's number of the first submission
HOURS_LATE = (-30, -1, 30, -1, 5, 5, -1)  # in turn
EVERY = 8  # of so many submissions one is an attack
ABSENT = "Nora Never"  # enrolled, and handed in nothing


@dataclass(frozen=True)
class Member:
    """A submission of the class, with what it was made as ("attack" for a malicious one)."""

    handed: Handed
    sort: str

    @property
    def id(self) -> str:
        return f"submission_{self.handed.number}"

    @property
    def hours_late(self) -> float:
        return (self.handed.created - DUE) / timedelta(hours=1)


def members(count: int, public: Path) -> list[Member]:
    """A class of so many submissions.

    Args:
        public: the answers with published inputs, which attackers have.
    """
    attacks = [each for each in malicious.first_moments(malicious.load()) if "Left open" not in each.says]
    good = read_tree(ROOT / "solution", Assignment.load(ROOT / "student" / "assignment.json"))
    known = malicious.published(public)
    made: list[Member] = []
    for number, each in enumerate(generated_class.submissions(ROOT, count)):
        sort, content = each.sort, exports.packed({name: data.decode() for name, data in each.files.items()})
        if number % EVERY == EVERY - 1:
            attack = attacks[number // EVERY * 11 % len(attacks)]
            sort, content = "attack", attack.archive(good, known)
        created = DUE + timedelta(hours=HOURS_LATE[number % len(HOURS_LATE)])
        handed = Handed(FIRST + number, _students(number), each.junk or content, created)
        made.append(Member(handed, sort))
    return made


def _students(number: int) -> tuple[Student, ...]:
    names = [f"Student {number:04d}"] + [f"Partner {number:04d}"] * (number % 10 == 4)
    return tuple(
        Student(name, f"{name.replace(' ', '.').lower()}@example.edu", f"{len(name)}{number:05d}") for name in names
    )


def write_roster(path: Path, made: Sequence[Member]) -> None:
    """All students but the first, and one who has handed in nothing."""
    students = [student for member in made for student in member.handed.students][1:]
    rows = [f"{student.name},{student.email},{student.number}" for student in students]
    path.write_text("\n".join(["Name,Email,SID", *rows, f"{ABSENT},nora@example.edu,9999"]) + "\n", encoding="utf-8")
