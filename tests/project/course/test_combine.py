import csv
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from autograder.course.combine import combine, weights
from autograder.course.errors import CourseError
from autograder.course.handins import Student
from autograder.course.sheets import SheetError
from tests.project.course.exports import ALI, JANE, MING
from tests.project.course.records import graded, record

app = typer.Typer()
app.command()(combine)


def class_of(folder: Path, *submissions) -> Path:
    record(folder, submissions).close()
    return folder


def run(tmp_path: Path, *arguments: object) -> tuple[list[list[str]], str]:
    out = tmp_path / "grades.csv"
    result = CliRunner().invoke(app, [*map(str, arguments), "--out", str(out)])
    assert result.exit_code == 0, result.output
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file)), " ".join(result.output.split())


def test_grades_are_weighted_and_what_is_missing_counts_zero_and_is_listed(tmp_path: Path) -> None:
    one = class_of(tmp_path / "hw1", graded("a", 10.0, (JANE, ALI)), graded("b", 3.333, (MING,)))
    two = class_of(tmp_path / "hw2", graded("x", 5.0, (Student("Doe, Jane", "JANE@example.edu"),)))
    table, said = run(tmp_path, f"{one}=33.3", f"{two}=66.7")
    assert table == [
        ["name", "email", "number", "hw1 (33.3 %)", "hw2 (66.7 %)", "total (of 100)"],
        ["Ali Öztürk", "ali@example.edu", "00456", "100", "0", "33.3"],
        ["Jane Doe", "jane@example.edu", "00123", "100", "50", "66.65"],
        ["Ming Li", "ming@example.edu", "00789", "33.33", "0", "11.1"],
    ]
    assert "hw2: no submission of Ali Öztürk, Ming Li; it counts 0." in said
    run(tmp_path, f"{one}=50", f"{two}=50")  # a table of ours is replaced


def test_a_failed_grading_leaves_the_total_empty(tmp_path: Path) -> None:
    one = class_of(tmp_path / "hw1", graded("a", None, (JANE,)))
    table, said = run(tmp_path, f"{one}=100")
    assert table[1][3:] == ["", ""]
    assert "hw1: no score of Jane Doe; the total stays empty." in said


def test_a_roster_says_who_gets_a_row(tmp_path: Path) -> None:
    one = class_of(tmp_path / "hw1", graded("a", 10.0, (JANE,)), graded("b", 10.0, (ALI,)))
    (tmp_path / "roster.csv").write_text("name,email,number\nMing Li,,789\nJane Doe,jane@example.edu,123\n")
    table, said = run(tmp_path, f"{one}=100", "--roster", tmp_path / "roster.csv")
    assert [row[0] for row in table[1:]] == ["Ming Li", "Jane Doe"]
    assert "hw1: Not found among the enrolled students: Ali Öztürk (b)." in said
    assert "hw1: no submission of Ming Li; it counts 0." in said


def test_students_with_one_name_are_not_mixed_up(tmp_path: Path) -> None:
    one = class_of(
        tmp_path / "hw1",
        graded("a", 10.0, (Student("Ming Li", "m1@x.edu"),)),
        graded("b", 2.0, (Student("Ming Li", "m2@x.edu"),)),
        graded("c", 4.0, (Student("Ming Li"),)),
    )
    two = class_of(tmp_path / "hw2", graded("x", 5.0, (Student("Li, Ming", "m2@x.edu"),)))
    table, said = run(tmp_path, f"{one}=50", f"{two}=50")
    assert sorted(row[1:] for row in table[1:]) == [
        ["", "", "40", "0", "20"],
        ["m1@x.edu", "", "100", "0", "50"],
        ["m2@x.edu", "", "20", "50", "35"],
    ]
    assert "Ming Li: there are several students with this name" in said


def test_a_name_is_enough_where_nothing_speaks_against_it(tmp_path: Path) -> None:
    one = class_of(tmp_path / "hw1", graded("a", 10.0, (Student("Jane Doe", number="7"),)))
    two = class_of(tmp_path / "hw2", graded("x", 5.0, (Student("Doe, Jane", "jane@x.edu"),)))
    table, _ = run(tmp_path, f"{one}=50", f"{two}=50")
    assert table[1:] == [["Jane Doe", "jane@x.edu", "7", "100", "50", "75"]]


def test_a_submission_of_nobody_is_known_by_its_identifier(tmp_path: Path) -> None:
    one = class_of(tmp_path / "hw1", graded("jdoe", 10.0))
    two = class_of(tmp_path / "hw2", graded("JDoe", 5.0))
    table, _ = run(tmp_path, f"{one}=50", f"{two}=50")
    assert table[1:] == [["jdoe", "", "", "100", "50", "75"]]


def test_the_same_number_of_two_platforms_is_not_one_student(tmp_path: Path) -> None:
    one = class_of(tmp_path / "hw1", graded("a", 10.0, (Student("Jane Doe", "jane@x.edu", "7"),)))
    two = class_of(tmp_path / "hw2", graded("x", 10.0, (Student("Ming Li", "ming@x.edu", "7"),)))
    table, _ = run(tmp_path, f"{one}=50", f"{two}=50")
    assert [row[-1] for row in table[1:]] == ["50", "50"]


def test_the_best_of_several_submissions_counts(tmp_path: Path) -> None:
    one = class_of(tmp_path / "hw1", graded("a", 1.0, (JANE,)), graded("b", 2.0, (JANE,)))
    table, said = run(tmp_path, f"{one}=100")
    assert table[1][-1] == "20"
    assert "Jane Doe has several submissions; the best counts." in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a=50", "b=40"], "sum is 100, found a sum of 90"),
        (["a"], "expected a folder and its weight"),
        (["a=x"], "expected a folder and its weight"),
        (["a=nan"], "expected a folder and its weight"),
        (["a=-100"], "expected a folder and its weight"),
        (["=100"], "expected a folder and its weight"),
        (["x/a=50", "y/a=50"], "different names, which name the columns, found a twice"),
    ],
)
def test_arguments_that_make_no_whole_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(SheetError, match=message):
        weights(arguments)


def test_decimal_weights_sum_exactly() -> None:
    assert len(weights([f"d{number}=0.1" for number in range(1000)])) == 1000


def test_a_folder_without_a_record_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [f"{tmp_path}=100", "--out", str(tmp_path / "grades.csv")])
    assert isinstance(result.exception, CourseError)
    assert "does not exist: grade a class first" in str(result.exception)
    (tmp_path / "notes.csv").write_text("mine\n")
    one = class_of(tmp_path / "hw1", graded("a", 1.0, (JANE,)))
    refused = CliRunner().invoke(app, [f"{one}=100", "--out", str(tmp_path / "notes.csv")])
    assert isinstance(refused.exception, CourseError)
    assert (tmp_path / "notes.csv").read_text() == "mine\n"


@given(st.lists(st.tuples(st.sampled_from([JANE, ALI, MING]), st.integers(0, 1000)), max_size=4))
@settings(max_examples=10, deadline=None)
def test_everybody_gets_one_row_with_the_best_percent(tmp_path_factory: pytest.TempPathFactory, grades) -> None:
    tmp_path = tmp_path_factory.mktemp("combined")
    submissions = [graded(f"s{n}", score / 100, (student,)) for n, (student, score) in enumerate(grades)]
    table, _ = run(tmp_path, f"{class_of(tmp_path / 'hw1', *submissions)}=100")
    best = {student.name: max(score for other, score in grades if other is student) for student, _ in grades}
    assert {row[0]: float(row[-1]) for row in table[1:]} == pytest.approx({name: s / 10 for name, s in best.items()})
    assert len(table) == 1 + len(best)
