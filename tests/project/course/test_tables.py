import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.course.handins import Student
from autograder.course.roster import CANVAS, GRADESCOPE, MOODLE, PLAIN, read_roster
from autograder.course.sheets import SheetError
from autograder.course.tables import write_grades, write_items
from tests.project.course.exports import ALI, JANE, MING
from tests.project.course.records import graded, record
from tests.project.course.test_roster import FILES

LATE = {"due": "2026-03-01T12:00:00+00:00", "own": False, "seconds": 3661, "deduct": 0.25, "before": 10.0}
EVIL = Student("=cmd|' /C calc'!A0", "+x@example.edu", "-")
CREATED = datetime(2026, 3, 1, 13, 1, 1, tzinfo=UTC)


@pytest.fixture
def graded_class(tmp_path: Path):
    submissions = [
        graded("submission_1", 7.5, (JANE, ALI), late=LATE, created=CREATED),
        graded("submission_2", 4.13, (EVIL,)),
        graded("submission_3", None, (MING,)),
        graded("submission_4", 0.0),
    ]
    with record(tmp_path / "build", submissions) as made:
        yield made


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def roster(tmp_path: Path, format: str):
    path = tmp_path / "roster.csv"
    path.write_text(FILES[format], encoding="utf-8")
    return read_roster(path)


def test_plain_grades_have_a_row_for_each_member(tmp_path: Path, graded_class) -> None:
    notes = write_grades(graded_class, tmp_path / "grades.csv")
    assert notes == ["No score: Ming Li, since grading has failed."]
    assert rows(tmp_path / "grades.csv") == [
        ["name", "email", "number", "submission", "score", "max", "late seconds", "lateness deducted", "state"],
        ["Jane Doe", "jane@example.edu", "00123", "submission_1", "7.5", "10", "3661", "2.5", "graded"],
        ["Ali Öztürk", "ali@example.edu", "00456", "submission_1", "7.5", "10", "3661", "2.5", "graded"],
        ["'=cmd|' /C calc'!A0", "'+x@example.edu", "-", "submission_2", "4.13", "10", "", "0", "graded"],
        ["Ming Li", "ming@example.edu", "00789", "submission_3", "", "10", "", "0", "failed"],
        ["", "", "", "submission_4", "0", "10", "", "0", "graded"],
    ]


def test_canvas_gets_its_columns_and_the_assignments(tmp_path: Path, graded_class) -> None:
    out = tmp_path / "grades.csv"
    notes = write_grades(graded_class, out, CANVAS, roster(tmp_path, CANVAS), "homework 4")
    assert rows(out) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Homework 4 (4711)"],
        ["    Points Possible", "", "", "", "", "100.00"],
        ["Doe, Jane", "4001", "00123", "jane@example.edu", "A and B", "7.5"],
        ["Li, Ming", "4002", "00789", "mli", "A", ""],
    ]
    assert notes[0] == "The assignment in Canvas has 100.00 points, the rubric 10: set them equal."
    assert "Not found among the enrolled students: Ali Öztürk (submission_1)" in notes[1]
    write_grades(graded_class, tmp_path / "new.csv", CANVAS, roster(tmp_path, CANVAS), "Homework 5")
    assert [row[-1] for row in rows(tmp_path / "new.csv")] == ["Homework 5", "10", "7.5", ""]


def test_moodle_gets_its_worksheet_back_without_feedback(tmp_path: Path, graded_class) -> None:
    out = tmp_path / "grades.csv"
    write_grades(graded_class, out, MOODLE, roster(tmp_path, MOODLE))
    assert rows(out) == [
        ["Identifier", "Full name", "ID number", "Email address", "Status", "Group", "Grade", "Maximum Grade",
         "Last modified (grade)"],
        ["Participant 11", "Jane Doe", "00123", "jane@example.edu", "Submitted", "Group 7", "7.5", "100.00", "-"],
        ["Participant 12", "Ming Li", "00789", "ming@example.edu", "Submitted", "Group 7", "3", "100.00", "-"],
    ]  # fmt: skip


def test_gradescopes_columns_with_and_without_its_roster(tmp_path: Path, graded_class) -> None:
    write_grades(graded_class, tmp_path / "a.csv", GRADESCOPE, roster(tmp_path, GRADESCOPE))
    score = ["Total Score", "Max Points", "Status", "Submission ID", "Submission Time", "Lateness (H:M:S)"]
    jane = ["7.5", "10", "Graded", "1", "2026-03-01 13:01:01 +0000", "01:01:01"]
    assert rows(tmp_path / "a.csv") == [
        ["First Name", "Last Name", "SID", "Email", "Role", "Sections", *score],
        ["Jane", "Doe", "00123", "JANE@example.edu", "Student", "", *jane],
        ["Ming", "Li", "00789", "ming@example.edu", "Student", "", "", "10", "Ungraded", "3", "", "00:00:00"],
    ]
    write_grades(graded_class, tmp_path / "b.csv", GRADESCOPE)
    assert rows(tmp_path / "b.csv")[:2] == [
        ["Name", "SID", "Email", *score],
        ["Jane Doe", "00123", "jane@example.edu", *jane],
    ]


@pytest.mark.parametrize("format", [CANVAS, MOODLE])
def test_a_platforms_format_needs_its_own_roster(tmp_path: Path, graded_class, format: str) -> None:
    with pytest.raises(SheetError, match=r"as the roster, found none"):
        write_grades(graded_class, tmp_path / "grades.csv", format)
    with pytest.raises(SheetError, match=r"found .*roster\.csv \(of plain\)"):
        write_grades(graded_class, tmp_path / "grades.csv", format, roster(tmp_path, PLAIN))


def test_an_unknown_format_is_refused(tmp_path: Path, graded_class) -> None:
    with pytest.raises(SheetError, match="expected one of the formats plain, gradescope, canvas, moodle, found xlsx"):
        write_grades(graded_class, tmp_path / "grades.csv", "xlsx")


def test_an_assignment_that_canvas_has_twice_is_asked_for(tmp_path: Path, graded_class) -> None:
    path = tmp_path / "roster.csv"
    path.write_text("Student,ID,Section,HW (1),HW (2)\nJane Doe,1,,,\n")
    with pytest.raises(SheetError, match=r"HW may be HW \(1\) and HW \(2\)"):
        write_grades(graded_class, tmp_path / "grades.csv", CANVAS, read_roster(path), "HW")
    write_grades(graded_class, tmp_path / "grades.csv", CANVAS, read_roster(path), "HW (2)")
    assert rows(tmp_path / "grades.csv")[0][-1] == "HW (2)"


def test_neither_the_roster_nor_another_file_is_replaced(tmp_path: Path, graded_class) -> None:
    read = roster(tmp_path, MOODLE)
    with pytest.raises(SheetError, match="is the roster itself"):
        write_grades(graded_class, read.path, MOODLE, read)
    with pytest.raises(SheetError, match="this command has not made it"):
        write_grades(graded_class, read.path)
    write_grades(graded_class, tmp_path / "grades.csv")
    write_grades(graded_class, tmp_path / "grades.csv")


def test_items_have_a_row_for_each_member_and_test(tmp_path: Path, graded_class) -> None:
    write_items(graded_class, tmp_path / "items.csv")
    header, *found = rows(tmp_path / "items.csv")
    assert header == [
        "student", "submission", "test", "deliverable", "title", "points", "max", "kind", "misconception", "inputs",
        "seconds", "kit",
    ]  # fmt: skip
    assert len(found) == 2 * 5
    jane = ["Jane Doe", "submission_1", "1.1.1", "naive.RNN", "init hidden", "6", "6", "passed", "", "", "0.250", "v7"]
    assert found[0] == jane
    assert found[3][:3] == ["Ali Öztürk", "submission_1", "1.1.2"]
    assert {row[0] for row in found} == {"Jane Doe", "Ali Öztürk", "'=cmd|' /C calc'!A0", "Ming Li", ""}
