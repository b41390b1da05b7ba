"""Who handed in what, and when: what a folder or a platform's export says of each submission of a class."""

import hashlib
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

LONGEST_ID = 80  # characters


@dataclass(frozen=True)
class Student:
    """A member of the group that handed in.

    Attributes:
        name, email, number: as the platform writes them; the number is the university's or the platform's. "" where
            it does not say.
        due: the student's own due date, extensions included; None where the assignment's holds.
    """

    name: str = ""
    email: str = ""
    number: str = ""
    due: datetime | None = None

    def __str__(self) -> str:
        return self.name or self.email or self.number


@dataclass(frozen=True)
class HandIn:
    """One submission: a zip or a folder, and what is known about it. Times have an offset.

    Attributes:
        id: names its results; letters, digits, ".", "-" and "_", and no other submission's in another case.
        place: the zip or the folder; for loose files among those of others, the folder that they lie in.
        students: the group; empty where nobody is named.
        created: when it was handed in.
        due: the assignment's due date.
        notes: what could not be read or matched, for instructors.
        files: the loose files, each with the name that it had when it was handed in; empty where `place` is the
            submission.
    """

    id: str
    place: Path
    students: tuple[Student, ...] = ()
    created: datetime | None = None
    due: datetime | None = None
    notes: tuple[str, ...] = ()
    files: tuple[tuple[str, Path], ...] = ()

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """Give the block the zip or the folder to grade: for loose files, a temporary folder with copies of them."""
        if not self.files:
            yield self.place
            return
        with tempfile.TemporaryDirectory(prefix="loose-") as folder:
            for name, path in self.files:
                shutil.copyfile(path, Path(folder, name))
            yield Path(folder)

    def metadata(self) -> dict[str, Any]:
        """What is known in the form of Gradescope's submission_metadata.json, which the grader reads."""
        return {
            "id": self.id,
            "created_at": iso(self.created),
            "assignment": {"due_date": iso(self.due)},
            "users": [
                {
                    "name": student.name,
                    "email": student.email,
                    "sid": student.number,
                    "assignment": {"due_date": iso(student.due)},
                }
                for student in self.students
            ],
        }


def named(students: Iterable[Student], id: str) -> str:
    """The names of a group, else the submission's identifier."""
    return ", ".join(filter(None, map(str, students))) or id


def iso(date: datetime | None) -> str | None:
    return date.isoformat() if date else None


def storable(name: str) -> str:
    """A file's name as UTF-8 can hold it; names on a disk may be any bytes."""
    return name.encode(errors="backslashreplace").decode()


def identifier(name: str) -> str:
    """A name as letters, digits, ".", "-" and "_", which every file system takes.

    It ends in a digest where letters are lost or the name is too long, so that different names stay different.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    lost = any(letter.isalnum() and not letter.isascii() for letter in plain)
    id = re.sub(r"(?a)[^\w.-]+", "_", plain.encode("ascii", "ignore").decode()).strip("._-")
    if lost or not id or len(id) > LONGEST_ID:
        same = unicodedata.normalize("NFC", name).encode(errors="surrogateescape")
        id = f"{id[: LONGEST_ID - 9].rstrip('._-')}-{hashlib.sha256(same).hexdigest()[:8]}".lstrip("-")
    return id
