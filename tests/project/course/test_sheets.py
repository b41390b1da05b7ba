import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course.sheets import SheetError, read, safe, writing


def sheet(tmp_path: Path, content: bytes):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    return read(path)


@pytest.mark.parametrize(
    "content",
    [
        b"Name , E-Mail\nJane,a\n",
        b"\xef\xbb\xbfname,e-mail\r\n\r\nJane,a\r\n",
        b"NAME;E-Mail\n Jane ; a\n;;\n",
        "name\te-mail\nJane\ta\n".encode("utf-16"),
        b'"name","e-mail","a;b;c;d"\n"Jane","a",""\n',
        b"name,e-mail,\nJane,a\n",
    ],
)
def test_a_sheet_is_read_in_each_form_that_spreadsheets_write(tmp_path: Path, content: bytes) -> None:
    (row,) = sheet(tmp_path, content).rows
    assert (row["name"], row["e-mail"], row["nothing"]) == ("Jane", "a", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a CSV file with a header, found an empty file"),
        (b"\n ,\n", "expected a CSV file with a header"),
        (b"a,b\n1,2,3\n", r"a\.csv:2: expected 2 cells as in the header, found 3"),
        (b'a,b\n"1,2\n', r"a\.csv:2: expected CSV"),
        (b"a,b\nJ\xf6rg,2\n", "UTF-8"),
    ],
)
def test_what_is_no_sheet_is_refused_with_file_and_line(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(SheetError, match=message):
        sheet(tmp_path, content)


def test_a_missing_file_and_a_missing_column_are_named(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"nowhere\.csv cannot be read: No such file"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(SheetError, match=r"a\.csv:1: expected a column 'time' in the header, found student and when"):
        sheet(tmp_path, b"student,when\n").demand("student", "time")


@pytest.mark.parametrize(
    "text", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@x", " =1", "-2+3", "＝1", "+a", "=", "@", "-Jane"]
)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert str(safe(text)).startswith("'")


@pytest.mark.parametrize(
    "text", ["", "-", "-5", "+49 170 12-34", "Jane-Ann O'Neil", "a=b", "1.2.3", "-0.5", "Ünal, Ö."]
)
def test_ordinary_cells_stay(text: str) -> None:
    assert safe(text) == text


def test_numbers_stay_numbers() -> None:
    assert [safe(-5), safe(-0.5)] == [-5, -0.5]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_what_is_written_is_read_again_in_one_line(tmp_path_factory: pytest.TempPathFactory, cells: list[str]) -> None:
    path = tmp_path_factory.mktemp("written") / "a.csv"
    header = [f"column {number}" for number in range(len(cells))]
    with writing(path, header) as write:
        write(cells)
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [header, [safe(cell) for cell in cells]]
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2


def fail(path: Path) -> None:
    with writing(path, ["a", "b"]) as write:
        write(["3", "4"])
        raise ZeroDivisionError


def test_only_a_file_of_ours_is_replaced_and_only_by_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with writing(path, ["a", "b"]) as write:
        write(["1", "2"])
    with pytest.raises(ZeroDivisionError):
        fail(path)
    assert path.read_text() == "a,b\n1,2\n"
    path.write_text("a,c\n")
    with pytest.raises(SheetError, match="this command has not made it; name another file"), writing(path, ["a", "b"]):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
