"""Writes grades.csv, for people or for a platform, and items.csv, which has every test of every student.

What platforms read comes from their sources and documentation:

- Canvas (lib/gradebook_importer.rb) finds students by ID, SIS User ID or SIS Login ID, and an assignment by the number
  in its column's name, "Homework 4 (4711)", or by its name alone. The columns before the assignments must be those of
  its export. "Points Possible" changes the assignment's points if it differs.
- Moodle (mod/assign/feedback/offline/importgradeslib.php) needs Identifier, Grade and "Last modified (grade)", and
  ignores a row whose grade was changed since. So the grading worksheet is written back.
- Gradescope takes no scores of a programming assignment. The columns are those of its "Download Grades"
  (help.gradescope.com), for what reads that file.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from autograder.course.handins import Student
from autograder.course.record import Record, Submission
from autograder.course.roster import CANVAS, GRADESCOPE, MOODLE, PLAIN, Enrolled, Roster, absence, match
from autograder.course.sheets import Cell, SheetError, column, writing
from autograder.grade.policy import cents, points
from harness.words import abridged, joined, shown

FORMATS = (PLAIN, GRADESCOPE, CANVAS, MOODLE)
GRADES = (
    "name", "email", "number", "submission", "score", "max", "late seconds", "lateness deducted", "state",
)  # fmt: skip
ITEMS = (
    "student", "submission", "test", "deliverable", "title", "points", "max", "kind", "misconception", "inputs",
    "seconds", "kit",
)  # fmt: skip
CANVAS_STUDENT = (
    "student", "lastname", "firstname", "id", "sis user id", "sis login id", "integration id", "root account",
    "section",
)  # fmt: skip
GRADESCOPE_SCORE = ("Total Score", "Max Points", "Status", "Submission ID", "Submission Time", "Lateness (H:M:S)")


def write_grades(
    record: Record, path: Path, format: str = PLAIN, roster: Roster | None = None, assignment: str = ""
) -> list[str]:
    """Write the grades of a class, a row for each member of a group.

    Args:
        format: one of FORMATS. For CANVAS and MOODLE the roster is that platform's file, whose columns are written
            back; for GRADESCOPE it may be.
        assignment: Canvas' name of it; by default the title in the record.

    Returns:
        Sentences about enrolled students without a submission, submissions of others, missing scores, and a platform's
        other number of points.

    Raises:
        SheetError: if the roster does not fit the format, or the path cannot be written.
    """
    submissions = record.submissions()
    full = cache(lambda kit: sum(record.points(kit).values()))
    if roster and path.exists() and path.samefile(roster.path):
        raise SheetError(f"{path} is the roster itself; name another file for the grades")
    notes: list[str] = []
    if format == PLAIN:
        _write_plain(path, submissions, full)
    elif format == GRADESCOPE:
        _write_gradescope(path, submissions, full, roster if roster and roster.format == GRADESCOPE else None)
    elif format == CANVAS:
        roster = _demanded(roster, CANVAS, "gradebook (Grades, Export)")
        notes = _write_canvas(path, submissions, full(record.kit()), roster, assignment or record.assignment().title)
    elif format == MOODLE:
        roster = _demanded(roster, MOODLE, "grading worksheet")
        notes = _write_moodle(path, submissions, full(record.kit()), roster)
    else:
        raise SheetError(f"expected one of the formats {', '.join(FORMATS)}, found {shown(format)}")
    if roster:
        matched = match(roster, submissions)
        notes += [*matched.notes, *absence(roster, matched)]
    missing = [shown(str(submission)) for submission in submissions if submission.score is None]
    return [*notes, *([f"No score: {abridged(missing, 10)}, since grading has failed."] if missing else [])]


def write_items(record: Record, path: Path) -> None:
    """Write every test of every student, row by row, so that a large class takes no memory.

    Raises:
        SheetError: if the path cannot be written.
    """
    students = {submission.id: submission.students or (Student(),) for submission in record.submissions()}
    described = cache(lambda kit: _Tests(record, kit))
    with writing(path, ITEMS) as write:
        for item in record.items():
            tests = described(item.kit)
            row = (
                item.submission, item.test, tests.deliverables.get(item.test.rpartition(".")[0], ""),
                tests.titles.get(item.test, ""), points(item.points), points(item.max), item.kind, item.misconception,
                item.inputs, f"{item.seconds:.3f}", tests.answers,
            )  # fmt: skip
            for student in students[item.submission]:
                write((str(student), *row))


class _Tests:
    """What a kit says of its tests."""

    def __init__(self, record: Record, kit: str) -> None:
        self.answers = record.answers(kit)
        self.titles = {test.number: test.title for test in record.tests(kit)}
        self.deliverables = {each.number: each.id for each in record.assignment(kit).deliverables}


def deducted(submission: Submission) -> float:
    """The points that lateness has cost."""
    late = submission.late or {}
    before = float(late.get("before", 0.0))
    return cents(before - cents(before * (1 - late.get("deduct", 0.0))))


def best(submissions: Sequence[Submission]) -> Submission | None:
    """The submission with most points; None if there is none."""
    return max(submissions, key=lambda submission: -1.0 if submission.score is None else submission.score, default=None)


def _score(submission: Submission | None) -> str:
    return "" if submission is None or submission.score is None else points(submission.score)


def _late(submission: Submission) -> int | None:
    return (submission.late or {}).get("seconds")


def _write_plain(path: Path, submissions: Sequence[Submission], full: Callable[[str], float]) -> None:
    with writing(path, GRADES) as write:
        for submission in submissions:
            late = _late(submission)
            grade: tuple[Cell, ...] = (
                submission.id, _score(submission), points(full(submission.kit)), "" if late is None else late,
                points(deducted(submission)), submission.state,
            )  # fmt: skip
            for student in submission.students or (Student(),):
                write((student.name, student.email, student.number, *grade))


def _of(roster: Roster, submissions: Sequence[Submission]) -> list[tuple[Enrolled, Submission | None]]:
    """Each enrolled student with the submission that counts."""
    by_id = {submission.id: submission for submission in submissions}
    of = match(roster, submissions).of
    return [(one, best([by_id[id] for id in ids])) for one, ids in zip(roster.enrolled, of, strict=True)]


def _demanded(roster: Roster | None, format: str, file: str) -> Roster:
    if roster is None or roster.format != format:
        found = "none" if roster is None else f"{roster.path} (of {roster.format})"
        raise SheetError(f"for {format.title()}, expected its {file} as the roster, found {found}")
    return roster


def _write_canvas(
    path: Path, submissions: Sequence[Submission], full: float, roster: Roster, assignment: str
) -> list[str]:
    """The student's columns and the assignment's. A student without a submission gets an empty cell: no change."""
    own = [position for position, name in enumerate(roster.header) if column(name) in CANVAS_STUDENT]
    place = _column_of(assignment, roster)
    possible = roster.points.values[place].strip() if place is not None and roster.points else ""
    header = [*(roster.header[position] for position in own), assignment if place is None else roster.header[place]]
    with writing(path, header) as write:
        write(["    Points Possible", *[""] * (len(own) - 1), possible or points(full)])
        for one, submission in _of(roster, submissions):
            write([*(one.row.values[position] for position in own), _score(submission)])
    return _other_points("Canvas", possible, full)


def _column_of(assignment: str, roster: Roster) -> int | None:
    """The place of an assignment's column in the gradebook, with or without its number; None if it has none yet."""
    wanted = column(assignment)
    found = [
        place
        for place, name in enumerate(roster.header)
        if wanted in (column(name), column(name.rpartition(" (")[0])) and wanted not in CANVAS_STUDENT
    ]
    if len(found) > 1:
        names = joined(shown(roster.header[place]) for place in found)
        raise SheetError(f"{roster.path}: {shown(assignment)} may be {names}: name the assignment with its number")
    return found[0] if found else None


def _write_moodle(path: Path, submissions: Sequence[Submission], full: float, roster: Roster) -> list[str]:
    """The worksheet with its grades; a student without a submission keeps what stands there.

    Feedback columns are left out, so that Moodle keeps what was written there since, and so is students' own text.
    """
    own = [
        position
        for position, name in enumerate(roster.header)
        if not column(name).startswith(("feedback", "online text"))
    ]
    grade = [column(name) for name in roster.header].index("grade")
    with writing(path, [roster.header[position] for position in own]) as write:
        for one, submission in _of(roster, submissions):
            values = list(one.row.values)
            values[grade] = _score(submission) or values[grade]
            write([values[position] for position in own])
    return _other_points("Moodle", roster.enrolled[0].row["maximum grade"], full)


def _other_points(platform: str, possible: str, full: float) -> list[str]:
    """A sentence where the platform's assignment has other points than the rubric."""
    try:
        same = not possible or abs(float(possible.replace(",", ".")) - full) < 0.005
    except ValueError:
        same = True  # a scale, not points
    return (
        []
        if same
        else [f"The assignment in {platform} has {possible} points, the rubric {points(full)}: set them equal."]
    )


def _write_gradescope(
    path: Path, submissions: Sequence[Submission], full: Callable[[str], float], roster: Roster | None
) -> None:
    if roster is None:
        rows = [
            ((student.name, student.number, student.email), submission)
            for submission in submissions
            for student in submission.students or (Student(),)
        ]
        with writing(path, ("Name", "SID", "Email", *GRADESCOPE_SCORE)) as write:
            for who, submission in rows:
                write((*who, *_of_gradescope(submission, full)))
        return
    with writing(path, (*roster.header, *GRADESCOPE_SCORE)) as write:
        for one, of in _of(roster, submissions):
            write((*one.row.values, *_of_gradescope(of, full)))


def _of_gradescope(submission: Submission | None, full: Callable[[str], float]) -> tuple[Cell, ...]:
    if submission is None:
        return ("", "", "Missing", "", "", "")
    minutes, seconds = divmod(_late(submission) or 0, 60)
    status = "Ungraded" if submission.score is None else "Graded"
    created = f"{submission.created:%Y-%m-%d %H:%M:%S %z}" if submission.created else ""
    lateness = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    number = submission.id.removeprefix("submission_")
    return (_score(submission), points(full(submission.kit)), status, number, created, lateness)
