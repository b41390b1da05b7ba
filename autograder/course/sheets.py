"""Reads CSV files that people and platforms have made, and writes those that spreadsheets open.

A file is read as it comes: with a byte-order mark or without, in UTF-8 or Excel's UTF-16, with commas, semicolons or
tabs. What is written holds text of students, and a spreadsheet would run a cell that begins like a formula.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.course.errors import CourseError
from harness.files import refusal, replacing
from harness.words import joined, printable, shown

DELIMITERS = ",;\t"
FORMULA = "=+-@"  # what a formula begins with
HARMLESS = re.compile(r"(?a)[+-]?[\d ().,/-]*")  # "-", a number, a telephone number
Cell = str | int | float


class SheetError(CourseError):
    """A CSV file that cannot be used; the message names file and line, what was expected, and what to do."""


@dataclass(frozen=True)
class Row:
    """A row of a sheet.

    Attributes:
        file, where: the file, and the file with the line, for messages.
        values: its cells, one for each column, as the file has them.
        cells: column's name, as `column` gives it -> text without space around it.
    """

    file: str
    line: int
    values: tuple[str, ...]
    cells: Mapping[str, str]

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    def __getitem__(self, name: str) -> str:
        """A cell by its column's name; "" where there is no such column."""
        return self.cells.get(name, "")

    def error(self, expected: str, found: str) -> SheetError:
        """The error for a cell of this row."""
        return SheetError(f"{self.where}: expected {expected}, found {shown(found) or 'nothing'}")


@dataclass(frozen=True)
class Sheet:
    """A CSV file: the header's cells as they are, and the rows that are not empty."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def has(self, *names: str) -> bool:
        """Whether there are all of these columns."""
        return {column(name) for name in names} <= {column(name) for name in self.header}

    def demand(self, *names: str) -> None:
        """Refuse a file that lacks a column.

        Raises:
            SheetError: with the columns that are there.
        """
        for name in names:
            if not self.has(name):
                found = joined(map(shown, self.header))
                raise SheetError(f"{self.path}:1: expected a column {name!r} in the header, found {found}")


def column(name: str) -> str:
    """A column's name for comparing: small letters, single spaces."""
    return " ".join(name.casefold().split())


def read(path: Path) -> Sheet:
    """Read a CSV file with a header.

    Raises:
        SheetError: for a file that is missing, empty or no CSV, and for a row with more cells than the header.
    """
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: tuple[str, ...] = ()
    rows: list[Row] = []
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if not header:
                header = tuple(value.strip() for value in values)
                continue
            rows.append(_row(path, reader.line_num, header, values))
    except csv.Error as error:
        raise SheetError(f"{path}:{reader.line_num}: expected CSV, found {error}") from None
    if not header:
        raise SheetError(f"{path}: expected a CSV file with a header, found an empty file")
    return Sheet(path, header, tuple(rows))


def _row(path: Path, line: int, header: Sequence[str], values: list[str]) -> Row:
    if any(value.strip() for value in values[len(header) :]):
        raise SheetError(
            f"{path}:{line}: expected {len(header)} cells as in the header, found {len(values)}; "
            "put a cell that contains a comma in double quotes"
        )
    padded = tuple(values[: len(header)]) + ("",) * (len(header) - len(values))
    cells: dict[str, str] = {}
    for name, value in zip(header, padded, strict=True):
        cells.setdefault(column(name), value.strip())
    return Row(str(path), line, padded, cells)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        return content.decode(encoding)
    except OSError as error:
        raise SheetError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SheetError(f"{path}: expected text in UTF-8; save it again as CSV with the encoding UTF-8") from None


def _delimiter(text: str) -> str:
    """The delimiter that the first line has most often, outside quotes."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count)


# What a spreadsheet that separates cells by semicolons would take for the beginning of a formula.
CELL = re.compile(r"[;|](?=\s*[=+@-])")


def safe(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula, without control characters. Numbers stay as they are.

    A text that begins like a formula gets an apostrophe in front. Full-width signs count: Excel obeys some of them.
    """
    if not isinstance(cell, str):
        return cell
    text = CELL.sub(",", cell if cell.isprintable() else printable(cell))
    start = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return f"'{text}" if start and start in FORMULA and not HARMLESS.fullmatch(text.strip()) else text


@contextmanager
def writing(path: Path, header: Sequence[str], mark: str = "") -> Iterator[Callable[[Sequence[Cell]], None]]:
    """Give the block a function that writes a row. The file takes its place when the block ends without an error.

    Args:
        mark: a text that every file of this kind holds; by default the whole header.

    Raises:
        SheetError: if the path holds something that this program has not made.
    """
    first = io.StringIO()
    csv.writer(first, lineterminator="\n").writerow(header)
    if refused := refusal(path, mark or first.getvalue()):
        raise SheetError(f"{path} cannot be written: {refused}; move it away, or name another file")
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as text:
        text.write(first.getvalue())
        writer = csv.writer(text, lineterminator="\n")
        yield lambda cells: writer.writerow([safe(cell) for cell in cells])
