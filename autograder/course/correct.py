"""The command `correct`: a class under the old and the new kit, and every score that changes, before it is published.

The submissions come from the record of the class, with the times and overrides with which they were graded. The class
itself stays as it is; all that is written goes to a folder of its own.
"""

import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from autograder.course import batch as batches
from autograder.course import commands, kits
from autograder.course.batch import Batch, Overrides, Summary, Task, Wanted
from autograder.course.commands import say
from autograder.course.content import Content
from autograder.course.errors import CourseError
from autograder.course.handins import HandIn
from autograder.course.kits import KitFacts
from autograder.course.record import NAME, Record
from autograder.course.sheets import writing
from autograder.grade.policy import points
from harness.words import abridged, joined

CHANGES = "changes.csv"
COLUMNS = ("student", "submission", "test", "old points", "new points", "old score", "new score")
ONLY_NOW = 0.0  # points under a kit that does not have the test


class CorrectError(CourseError):
    """A class that cannot be graded again from its record; the message says why, and what to do."""


@dataclass(frozen=True)
class Change:
    """A submission with another score.

    Attributes:
        tests: number of a test -> its points under the old and the new kit, where they differ.
        old, new: its scores; None where the grader failed.
    """

    submission: str
    students: str
    tests: Mapping[str, tuple[float, float]]
    old: float | None
    new: float | None

    @property
    def by(self) -> float:
        """The points gained; those of a score that is missing count as 0."""
        return (self.new or 0.0) - (self.old or 0.0)


@dataclass(frozen=True)
class GradedClass:
    """The submissions of a record, with the circumstances under which they were graded.

    Attributes:
        source: where `batch` has read them; to be hidden from student code.
    """

    folder: Path
    source: str
    handins: tuple[HandIn, ...]
    overrides: Mapping[str, Overrides]

    def read(self, handin: HandIn) -> Content:
        with Record(self.folder / NAME) as record:  # a connection of its own, because this may be another thread
            return record.content(handin.id)


def correct(
    folder: Annotated[Path, typer.Argument(help="The folder of a graded class.", file_okay=False)],
    old: Annotated[Path, typer.Option(help="The autograder that gave the scores which hold now.")],
    new: Annotated[Path, typer.Option(help="The corrected autograder.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder for the new grades. Default: DIR/corrected.", file_okay=False)
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=1, show_default="one for each core", help="Submissions at a time.")
    ] = os.cpu_count() or 1,
) -> None:
    """Grade a class under the old and the new kit, and list every score that changes. Nothing is published."""
    before, after = kits.facts(old), kits.facts(new)
    target = out or folder / "corrected"
    graded_class = load(folder, after)
    place = folder
    if not is_graded_by(graded_class, before):
        place = target.with_name(f"{target.name}-old")
        say(f"{folder} was not graded with {old} alone: grading it with this kit into {place}")
        _grade(graded_class, before, place, jobs)
    say(f"Grading with {new} into {target}")
    summary = _grade(graded_class, after, target, jobs)
    with Record(place / NAME) as one, Record(target / NAME) as other:
        found = changes(one, other)
        count = len(other.submissions())
    write(found, target / CHANGES)
    for line in _lines(found, count):
        say(line)
    say(f"{target / CHANGES} has all points that change. {folder} is as it was. To publish the new scores:")
    command = shlex.join(
        ["python", "-m", "autograder", "batch", graded_class.source, "--out", str(folder), "--kit", str(new)]
    )
    say(f"  {command}   (with the options of the last run)")
    if summary.failed:
        raise typer.Exit(1)


def load(folder: Path, kit: KitFacts) -> GradedClass:
    """The submissions of a graded class, to be graded with a kit.

    Raises:
        RecordError: for a folder without a graded class.
        CorrectError: if the kit grades files that the record cannot hold.
    """
    with Record(folder / NAME) as record:
        lacking = [file for file in kit.assignment.files if file not in record.assignment().files]
        if lacking:
            raise CorrectError(
                f"{kit.path} grades {abridged(lacking, 3)}, which {folder} was not graded for, so its record does not "
                "hold them: grade the submissions with `batch` into another folder"
            )
        submissions, source = record.submissions(), record.source()
        overrides = {each.id: json.loads(record.circumstances(each.id))[1] for each in submissions}
    handins = tuple(
        HandIn(each.id, Path(each.place), each.students, each.created, each.due, each.notes) for each in submissions
    )
    return GradedClass(folder, source, handins, overrides)


def is_graded_by(graded_class: GradedClass, kit: KitFacts) -> bool:
    """Whether all points in a class's record are those of a kit, under the circumstances that `load` returns."""
    path = graded_class.folder / NAME
    tasks = [Task(each, graded_class.read, graded_class.overrides[each.id], path) for each in graded_class.handins]
    with Record(path) as record:
        used = {submission.kit for submission in record.submissions()} | {item.kit for item in record.items()}
        return used <= {kit.digest} and all(record.circumstances(t.handin.id) == t.circumstances for t in tasks)


def _grade(graded_class: GradedClass, kit: KitFacts, out: Path, jobs: int) -> Summary:
    """Grade a class into a folder, or go on there."""
    with batches.opened(out) as record:
        given = graded_class.overrides
        run = Batch(record, out, kit, graded_class.handins, given, Wanted(), graded_class.read)
        closed = [graded_class.folder, out, *filter(Path.is_dir, [Path(graded_class.source)])]
        commands.grade(run, str(graded_class.folder), "graded class", closed, jobs)
        commands.write(run)
        return run.summary


def changes(before: Record, after: Record) -> list[Change]:
    """The submissions with another score, those that change most first."""
    old_scores = {submission.id: submission.score for submission in before.submissions()}
    old_points, new_points = _points(before), _points(after)
    found = []
    for submission in after.submissions():
        id = submission.id
        if old_scores[id] != submission.score:
            old, new = old_points.get(id, {}), new_points.get(id, {})
            pairs = {test: (old.get(test, ONLY_NOW), new.get(test, ONLY_NOW)) for test in {**old, **new}}
            tests = {test: pair for test, pair in pairs.items() if pair[0] != pair[1]}
            found.append(Change(id, str(submission), tests, old_scores[id], submission.score))
    return sorted(found, key=lambda change: (-abs(change.by), change.submission))


def _points(record: Record) -> dict[str, dict[str, float]]:
    """Submission -> test -> points."""
    found: dict[str, dict[str, float]] = {}
    for item in record.items():
        found.setdefault(item.submission, {})[item.test] = item.points
    return found


def write(found: Sequence[Change], path: Path) -> None:
    """Write a row for each test whose points change; one without a test where only the score does.

    Raises:
        SheetError: if the path holds something that this program has not made.
    """
    with writing(path, COLUMNS) as row:
        for change in found:
            scores = _score(change.old), _score(change.new)
            for test, (old, new) in change.tests.items():
                row((change.students, change.submission, test, points(old), points(new), *scores))
            if not change.tests:
                row((change.students, change.submission, "", "", "", *scores))


def _lines(found: Sequence[Change], count: int) -> Iterator[str]:
    for change in found:
        tests = [f"{test} {points(old)} -> {points(new)}" for test, (old, new) in change.tests.items()]
        who = change.students if change.students == change.submission else f"{change.students} ({change.submission})"
        yield f"{change.by:+8.2f}  {who}: {_score(change.old)} -> {_score(change.new)} ({joined(tests)})"
    gain, lose = (sum(sign * change.by > 0 for change in found) for sign in (1, -1))
    yield f"{gain} of {count} scores rise, {lose} fall, {count - len(found)} stay as they are."


def _score(score: float | None) -> str:
    return "none" if score is None else points(score)
