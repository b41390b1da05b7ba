from pathlib import Path

import pytest

from autograder.course.handins import HandIn, Student, identifier
from autograder.course.roster import CANVAS, GRADESCOPE, MOODLE, PLAIN, absence, match, read_roster
from autograder.course.sheets import SheetError
from tests.project.course.exports import ALI, JANE, MING

FILES = {
    CANVAS: "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Homework 4 (4711),Final Score\n"
    "    Points Possible,,,,,100.00,(read only)\n"
    '"Doe, Jane",4001,00123,jane@example.edu,A and B,,80\n"Li, Ming",4002,00789,mli,A,12.5,\n'
    '"Student, Test",4099,,x,A,,\n',
    GRADESCOPE: "First Name,Last Name,SID,Email,Role,Sections\nJane,Doe,00123,JANE@example.edu,Student,\n"
    "Ming,Li,00789,ming@example.edu,Student,\nTina,Aid,,ta@example.edu,TA,\n",
    MOODLE: "Identifier,Full name,ID number,Email address,Status,Group,Grade,Maximum Grade,Last modified (grade),"
    "Feedback comments\n"
    "Participant 11,Jane Doe,00123,jane@example.edu,Submitted,Group 7,,100.00,-,- good\n"
    "Participant 12,Ming Li,00789,ming@example.edu,Submitted,Group 7,3,100.00,-,\n",
    PLAIN: "number;surname;first name;E-Mail\n00123;Doe;Jane;jane@example.edu\n00789;Li;Ming;ming@example.edu\n",
}


def roster(tmp_path: Path, text: str):
    path = tmp_path / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return read_roster(path)


def hand_in(id: str, *students: Student) -> HandIn:
    return HandIn(id, Path(id), students)


@pytest.mark.parametrize("format", FILES)
def test_every_platforms_file_gives_the_students_alone(tmp_path: Path, format: str) -> None:
    read = roster(tmp_path, FILES[format])
    assert read.format == format
    jane, ming = (one.student for one in read.enrolled)
    assert jane.name in ("Jane Doe", "Doe, Jane")
    assert (jane.email.lower(), jane.number, ming.number) == (JANE.email, "00123", "00789")


@pytest.mark.parametrize("format", FILES)
def test_both_sides_are_compared(tmp_path: Path, format: str) -> None:
    read = roster(tmp_path, FILES[format])
    matched = match(read, [hand_in("a", Student("Jane DOE"), ALI), hand_in("b")])
    assert matched.of == (("a",), ())
    assert [student.number for student in matched.absent] == ["00789"]
    assert matched.strangers == (("a", "Ali Öztürk"), ("b", "b"))
    assert matched.notes == ("Not found among the enrolled students: Ali Öztürk (a), b.",)
    assert absence(read, matched)[0].startswith("1 of 2 enrolled students have no submission: ")


@pytest.mark.parametrize(
    ("format", "student"),
    [
        (CANVAS, Student("doejane", number="4001")),
        (CANVAS, Student(email="Jane@Example.edu")),
        (MOODLE, Student("J. Doe", number="11")),
        (GRADESCOPE, Student("Somebody", "jane@example.edu", "00789")),  # the address counts more than the number
        (PLAIN, Student("Doe, Jane")),
    ],
)
def test_a_student_is_found_by_address_then_number_then_name(tmp_path: Path, format: str, student: Student) -> None:
    assert match(roster(tmp_path, FILES[format]), [hand_in("a", student)]).of == (("a",), ())


@pytest.mark.parametrize("name", ["00123", "Jane Doe", "doe, jane", "jane@example.edu"])
def test_a_submission_of_nobody_is_found_by_the_name_of_its_file(tmp_path: Path, name: str) -> None:
    assert match(roster(tmp_path, FILES[PLAIN]), [hand_in(identifier(name)), hand_in("x")]).of == (
        (identifier(name),),
        (),
    )


def test_moodles_group_stands_for_its_members(tmp_path: Path) -> None:
    assert match(roster(tmp_path, FILES[MOODLE]), [hand_in("Group_7_99", Student("Group 7", number="99"))]).of == (
        ("Group_7_99",),
        ("Group_7_99",),
    )


def test_students_who_cannot_be_told_apart_are_matched_with_nobody(tmp_path: Path) -> None:
    read = roster(tmp_path, "name,email\nMing Li,m1@x.edu\nMing Li,m2@x.edu\n")
    matched = match(read, [hand_in("a", Student("Ming Li"))])
    assert matched.of == ((), ())
    assert "Ming Li may be any of the students in lines 2, 3 of" in matched.notes[0]


def test_several_submissions_of_a_student_are_told(tmp_path: Path) -> None:
    matched = match(roster(tmp_path, FILES[PLAIN]), [hand_in("a", JANE), hand_in("b", JANE, MING)])
    assert matched.of == (("a", "b"), ("b",))
    assert matched.notes == ("Jane Doe has several submissions (a and b): the best counts.",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", r":1: expected Canvas' gradebook, .* found a and b"),
        ("name,email\n", "expected a row for each student, found none"),
        ("name,email,x\n,,1\n", ":2: expected a name, an e-mail address or a number, found nothing"),
    ],
)
def test_what_is_no_roster_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SheetError, match=message):
        roster(tmp_path, text)
