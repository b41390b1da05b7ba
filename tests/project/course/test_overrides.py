from pathlib import Path

import pytest

from autograder.course.handins import HandIn
from autograder.course.overrides import Override, read_overrides, remarks
from autograder.course.sheets import SheetError
from tests.project.course.exports import ALI, JANE, MING
from tests.project.course.records import POINTS

CLASS = [HandIn("submission_1", Path("1"), (JANE, ALI)), HandIn("submission_2", Path("2"), (MING,))]


def overrides(tmp_path: Path, text: str) -> dict[str, dict[str, Override]]:
    path = tmp_path / "overrides.csv"
    path.write_text(text, encoding="utf-8")
    return read_overrides(path, CLASS, POINTS)


def test_points_are_read_by_submission_and_test(tmp_path: Path) -> None:
    found = overrides(
        tmp_path,
        "student,test,points,reason,beyond\nali@example.edu,1.1.1,2.5,Copied,\n"
        "Jane Doe,1.1.2,0,Late,\n00789,1.1.1,7,A bonus,yes\n",
    )
    where = f"{tmp_path / 'overrides.csv'}:"
    assert found == {
        "submission_1": {
            "1.1.1": Override(2.5, "Copied", f"{where}2"),
            "1.1.2": Override(0.0, "Late", f"{where}3"),
        },
        "submission_2": {"1.1.1": Override(7.0, "A bonus", f"{where}4")},
    }
    assert remarks(found, CLASS) == [
        f"{where}2 changes test 1.1.1 for all of submission_1: Jane Doe and Ali Öztürk.",
        f"{where}3 changes test 1.1.2 for all of submission_1: Jane Doe and Ali Öztürk.",
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Roe,1.1.1,1,why,", ":2: no submission has a student Roe"),
        (",1.1.1,1,why,", ":2: no submission has a student"),
        ("Jane Doe,1.1,1,why,", r":2: expected the number of a test, .* found 1\.1"),
        ("Jane Doe,1.1.1,,why,", ":2: expected points from 0 to 6, found nothing"),
        ("Jane Doe,1.1.1,nan,why,", ":2: expected points from 0 to 6, found nan"),
        ("Jane Doe,1.1.1,inf,why,yes", ":2: expected points from 0 to 6, found inf"),
        ("Jane Doe,1.1.1,6.01,why,", r':2: expected points from 0 to 6, or "yes" .* found 6\.01'),
        ("Jane Doe,1.1.1,-1,why,no", ':2: expected points from 0 to 6, or "yes" .* found -1'),
        ("Jane Doe,1.1.1,1,,", ":2: expected a reason"),
        ("Jane Doe,1.1.1,1,a,\nAli Öztürk,1.1.1,1,a,", r":3: .*:2 gives points for test 1\.1\.1 of submission_1"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(SheetError, match=message):
        overrides(tmp_path, f"student,test,points,reason,beyond\n{row}\n")
