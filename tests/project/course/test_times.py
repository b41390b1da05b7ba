import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from autograder.course.handins import HandIn, Student
from autograder.course.sheets import SheetError
from autograder.course.times import apply, instant, moment, read_extensions, read_times, remarks
from tests.project.course.exports import ALI, JANE, MING

PLUS_ONE = timezone(timedelta(hours=1))
CLASS = [
    HandIn("submission_1", Path("1"), (JANE, ALI)),
    HandIn("submission_2", Path("2"), (MING,)),
    HandIn("x", Path("x")),
]
DUE = moment("2026-03-01T12:00+01:00", "--due")


@pytest.fixture(autouse=True)
def _in_zurich(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Europe/Zurich")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected", "assumed"),
    [
        ("2026-03-01T12:00:00+01:00", "2026-03-01T12:00:00+01:00", ""),
        ("2026-03-01 12:00 Z", "2026-03-01T12:00:00+00:00", ""),
        ("2026-03-01 12:00", "2026-03-01T12:00:00+01:00", "in this machine's time zone (CET)"),
        ("2026-07-01 12:00", "2026-07-01T12:00:00+02:00", "in this machine's time zone (CEST)"),
        ("2026-03-01", "2026-03-01T23:59:59.999999+01:00", "at the end of that day, in this machine's time zone (CET)"),
    ],
)
def test_a_date_is_read_and_what_is_assumed_is_said(text: str, expected: str, assumed: str) -> None:
    assert (moment(text, "--due").date.isoformat(), moment(text, "--due").assumed) == (expected, assumed)


@pytest.mark.parametrize(
    "text", ["", "1 March", "2026-02-30", "0001-01-01", "9999-12-31T23:59:59-23:59", "12:00", "\x1b[2J"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(SheetError, match="--due: expected a date such as") as refused:
        moment(text, "--due")
    assert str(refused.value).isprintable()
    assert instant(text) is None


def test_times_and_extensions_reach_their_submissions(tmp_path: Path) -> None:
    times = read_times(written(tmp_path, "student,time\nali@example.edu,2026-03-01 10:00 Z\nx,2026-03-02 10:00 Z\n"))
    extensions = read_extensions(
        written(tmp_path, 'student,due,extension\n"Öztürk, Ali",,2 days\nsubmission_2,2026-03-05,\nx,,1 hour\n')
    )
    group, single, nobody = apply(CLASS, DUE, times, extensions)
    assert (group.created, single.created) == (datetime(2026, 3, 1, 10, tzinfo=UTC), None)
    assert [student.due for student in group.students] == [None, datetime(2026, 3, 3, 12, tzinfo=PLUS_ONE)]
    assert single.students[0].due == datetime(2026, 3, 5, 23, 59, 59, 999999, tzinfo=PLUS_ONE)
    assert group.due == single.due == DUE.date
    assert (nobody.students, nobody.due) == ((), DUE.date + timedelta(hours=1))
    assert remarks([group, single, nobody], DUE, times, extensions) == [
        "Due 2026-03-01 12:00:00+01:00.",
        f"{tmp_path / 'a.csv'}: 1 of 3 dates are taken at the end of that day, in this machine's time zone (CET).",
        "1 of 3 submissions has no hand-in time: lateness costs nothing there.",
    ]


def test_a_submission_may_be_named_and_a_group_twice_with_one_time(tmp_path: Path) -> None:
    text = "submission,time\nsubmission_1,2026-03-01 10:00 Z\nsubmission_1,2026-03-01 11:00+01:00\n"
    assert apply(CLASS, times=read_times(written(tmp_path, text)))[0].created == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_without_any_date_nothing_is_changed_and_that_is_said() -> None:
    assert apply(CLASS) == CLASS
    assert remarks(CLASS) == [
        "3 of 3 submissions have no hand-in time: lateness costs nothing there.",
        "3 of 3 submissions have no due date: lateness costs nothing there.",
    ]


def test_a_platforms_due_dates_are_extended(tmp_path: Path) -> None:
    own = Student("Jane Doe", due=datetime(2026, 3, 2, tzinfo=UTC))
    extensions = read_extensions(written(tmp_path, "student,extension\nJane Doe,1 day\n"))
    (handin,) = apply([HandIn("a", Path("a"), (own,))], extensions=extensions)
    assert handin.students[0].due == datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student,when\n", r":1: expected a column 'time'"),
        ("student,time\n,2026-03-01\n", ":2: expected a student, found nothing"),
        ("student,time\nJane Doe,soon\n", ":2: expected a date such as .* found soon"),
        ("student,time\n\nRoe,2026-03-01\n", ":3: no submission has a student Roe"),
        ("student,time\n00123,2026-03-01\nAli Öztürk,2026-03-02\n", r":3: .*a\.csv:2 gives another time"),
    ],
)
def test_a_row_of_times_that_cannot_be_used_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SheetError, match=message):
        apply(CLASS, times=read_times(written(tmp_path, text)))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("Jane Doe,,", ":2: expected either a date .* found nothing"),
        ("Jane Doe,2026-03-01,1 day", ":2: expected either a date"),
        ("Jane Doe,,soon", r"a\.csv:2: expected numbers and units .* found 'soon'"),
        ("Jane Doe,,1 day", ":2: expected a due date that can be extended; give one with --due"),
        ("submission_1,2026-03-01,\nJane Doe,2026-03-01,", r":3: .*a\.csv:2 extends the same due date"),
    ],
)
def test_a_row_of_extensions_that_cannot_be_used_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(SheetError, match=message):
        apply(CLASS, extensions=read_extensions(written(tmp_path, f"student,due,extension\n{row}\n")))


def test_an_extension_of_somebody_who_has_handed_in_nothing_is_listed(tmp_path: Path) -> None:
    """Courses keep one list for the term."""
    extensions = read_extensions(written(tmp_path, "student,extension\nNora Never,1 day\n"))
    assert apply(CLASS, DUE, extensions=extensions) == apply(CLASS, DUE)
    assert "no submission is by Nora Never (line 2)" in remarks(CLASS, DUE, extensions=extensions)[1]
