"""Lays out submissions as platforms export them, for tests."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.course.handins import Student

MOST = 100  # files that `unpack` unpacks
NAME = re.compile(r"(\w[\w.]*/)*\w[\w.]*")  # of such a file
JANE = Student("Jane Doe", "jane@example.edu", "00123")
ALI = Student("Ali Öztürk", "ali@example.edu", "00456")
MING = Student("Ming Li", "ming@example.edu", "00789")


@dataclass(frozen=True)
class Handed:
    """What a group has handed in: a zip, and when. `number` is the platform's."""

    number: int
    students: tuple[Student, ...]
    content: bytes
    created: datetime = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    late: bool = False

    @property
    def name(self) -> str:
        """The student's name, or what a platform calls a group."""
        return self.students[0].name if len(self.students) == 1 else f"Group {self.number}"


def packed(files: dict[str, str]) -> bytes:
    """A zip of some files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def gradescope(folder: Path, handed: Sequence[Handed]) -> None:
    """An export as Ruby writes it: all times share one time zone, and results stand between."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["---"]
    for position, each in enumerate(handed):
        unpack(each, folder / f"submission_{each.number}")
        lines += [f"submission_{each.number}:", "  :submitters:"]
        for student in each.students:
            for start, key in (("  - ", "name"), ("    ", "email"), ("    ", "sid")):
                lines.append(f"{start}:{key}: {json.dumps(getattr(student, 'number' if key == 'sid' else key))}")
        time = f"{each.created.astimezone(UTC):%Y-%m-%d %H:%M:%S}.123456789 Z"
        zone = "*1" if position else "&1 !ruby/object:ActiveSupport::TimeZone\n      name: Etc/UTC"
        lines += ["  :created_at: !ruby/object:ActiveSupport::TimeWithZone", f"    utc: {time}", f"    zone: {zone}"]
        lines += [
            f"    time: {time}",
            "  :score: 7.5",
            "  :results:",
            "    tests:",
            "    - name: a",
            "      output: |-",
        ]
        lines += ["        submission_9:", "          :submitters: []", "  :history: []"]
    (folder / "submission_metadata.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def moodle(folder: Path, handed: Sequence[Handed]) -> None:
    """A download with a folder for each participant."""
    for each in handed:
        inner = folder / f"{each.name}_{each.number}_assignsubmission_file"
        inner.mkdir(parents=True)
        (inner / "work.zip").write_bytes(each.content)


def moodle_flat(folder: Path, handed: Sequence[Handed]) -> None:
    """A download without folders."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in handed:
        (folder / f"{each.name}_{each.number}_assignsubmission_file_work.zip").write_bytes(each.content)


def canvas(folder: Path, handed: Sequence[Handed]) -> None:
    """A download, where a file's name begins with the sortable name's letters."""
    folder.mkdir(parents=True, exist_ok=True)
    for position, each in enumerate(handed):
        first, last = each.name.lower().split()
        late = "_LATE" if each.late else ""
        (folder / f"{last}{first}{late}_{each.number}_{9000 + position}_work.zip").write_bytes(each.content)


def zips(folder: Path, handed: Sequence[Handed]) -> None:
    """A zip for each submission."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in handed:
        (folder / f"{each.name}.zip").write_bytes(each.content)


def folders(folder: Path, handed: Sequence[Handed]) -> None:
    """A folder for each submission."""
    for each in handed:
        unpack(each, folder / each.name)


FORMATS: dict[str, Callable[[Path, Sequence[Handed]], None]] = {
    "Gradescope export": gradescope,
    "Moodle export": moodle,
    "Canvas export": canvas,
    "folder of zips": zips,
    "folder of folders": folders,
}


def unpack(handed: Handed, folder: Path) -> None:
    """Unpack a submission's zip; one that is broken or hostile stays a zip in the folder."""
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(handed.content)) as archive:
            names = archive.namelist()
            if len(names) > MOST or not all(NAME.fullmatch(name) for name in names):
                raise zipfile.BadZipFile
            archive.extractall(folder)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        (folder / "submission.zip").write_bytes(handed.content)
