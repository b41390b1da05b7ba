"""A record's submissions and rows, arranged for counting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from autograder.course.record import GRADED, Item, Record, Submission
from autograder.course.report import statistics
from harness.contract import Assignment, Deliverable
from harness.graded import GradedTest
from harness.judge import Kind


@dataclass(frozen=True)
class Gradebook:
    """A class with its rows; a submission is known by its position in `submissions`, which are sorted by name.

    Attributes:
        points: test number -> its full points.
        rows: for each submission its rows, those of tests that the latest kit does not have left out.
    """

    assignment: Assignment
    tests: Sequence[GradedTest]
    points: Mapping[str, float]
    submissions: Sequence[Submission]
    rows: Sequence[Sequence[Item]]

    @classmethod
    def read(cls, record: Record) -> "Gradebook":
        tests = record.tests()
        submissions = sorted(record.submissions(), key=lambda submission: (str(submission).casefold(), submission.id))
        numbers = {test.number for test in tests}
        rows: dict[str, list[Item]] = {submission.id: [] for submission in submissions}
        for item in record.items():
            if item.test in numbers:
                rows[item.submission].append(item)
        return cls(record.assignment(), tests, record.points(), submissions, [*rows.values()])

    @property
    def full(self) -> float:
        return round(sum(self.points[test.number] for test in self.tests), 2)

    @cached_property
    def graded(self) -> list[int]:
        """The submissions whose rows are counted: an unreadable one says nothing about a test."""
        return [place for place, submission in enumerate(self.submissions) if submission.state == GRADED]

    @cached_property
    def scores(self) -> list[float]:
        """What the graded submissions got, after deductions."""
        return [score for place in self.graded if (score := self.submissions[place].score) is not None]

    @cached_property
    def deliverables(self) -> dict[str, Deliverable]:
        """Test number -> its deliverable."""
        by_module = {deliverable.tests: deliverable for deliverable in self.assignment.deliverables}
        return {test.number: by_module[test.module] for test in self.tests}

    def part(self, test: str) -> str:
        """The id of a test's part; "" for a test that the latest kit does not have."""
        return self.deliverables[test].part if test in self.deliverables else ""

    def part_points(self, place: int) -> dict[str, float]:
        """What a submission got in each part, before deductions."""
        points = {part.id: 0.0 for part in self.assignment.parts}
        for item in self.rows[place]:
            points[self.part(item.test)] += item.points
        return points

    def full_points(self, part: str) -> float:
        return round(sum(self.points[test.number] for test in self.tests if self.part(test.number) == part), 2)

    @cached_property
    def _by_test(self) -> dict[str, list[tuple[int, Item]]]:
        by_test: dict[str, list[tuple[int, Item]]] = {test.number: [] for test in self.tests}
        for place in self.graded:
            for item in self.rows[place]:
                by_test[item.test].append((place, item))
        return by_test

    def of_test(self, test: str) -> list[tuple[int, Item]]:
        """A test's rows in the graded submissions, each with its submission."""
        return self._by_test[test]

    def tried(self, test: str) -> list[tuple[int, Item]]:
        """The same without those of submissions in which the deliverable is not started."""
        return [(place, item) for place, item in self._by_test[test] if item.kind != Kind.NOT_STARTED]

    @cached_property
    def _totals(self) -> dict[int, float]:
        return {place: sum(item.points for item in self.rows[place]) for place in self.graded}

    def discrimination(self, test: str) -> float | None:
        """See `statistics.discrimination`, over the submissions that tried a test."""
        tried = self.tried(test)
        passed = np.array([item.kind == Kind.PASSED for _, item in tried], bool)
        return statistics.discrimination(passed, np.array([self._totals[place] - item.points for place, item in tried]))
