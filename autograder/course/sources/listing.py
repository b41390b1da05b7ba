"""What lies directly in a folder of submissions, and what the readers of all platforms share.

The names come from students. Nothing is opened here, and links are not followed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autograder.course.errors import CourseError
from autograder.course.handins import HandIn, identifier
from harness.words import abridged, printable, shown

IGNORED = ("__MACOSX", "Thumbs.db", "desktop.ini")  # beside all that begins with a dot
LONGEST_TEXT = 200  # characters of a student's name


class SourceError(CourseError):
    """A folder from which no submissions can be read; the message says what was expected."""


@dataclass
class Listing:
    """The entries of a folder by name, sorted, and sentences about those that are not taken."""

    folder: Path
    files: dict[str, Path] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass
class Found:
    """What the reader of a platform has found: the identifiers are as they come, neither safe nor unique."""

    handins: list[HandIn] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def listing(folder: Path) -> Listing:
    """List a folder without hidden files and those that systems write.

    Raises:
        SourceError: if the folder cannot be read.
    """
    listed = Listing(folder)
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise SourceError(f"{folder} cannot be read: {error.strerror}") from None
    for path in paths:
        if path.name.startswith(".") or path.name in IGNORED:
            continue
        if path.is_symlink():
            listed.notes.append(f"{shown(path.name)} is a symbolic link and was not followed.")
        elif path.is_dir():
            listed.folders[path.name] = path
        elif path.is_file():
            listed.files[path.name] = path
        else:
            listed.notes.append(f"{shown(path.name)} is neither a file nor a folder and was ignored.")
    return listed


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def text(words: str) -> str:
    """What a platform says of a student, as the record can hold it: no control characters, not endless."""
    return printable(words.strip())[:LONGEST_TEXT]


def ignored(names: Iterable[str], why: str) -> list[str]:
    """A sentence about entries that were ignored, if there are any."""
    listed = [shown(name) for name in sorted(names)]
    return [f"{abridged(listed)} {'was' if len(listed) == 1 else 'were'} ignored: {why}."] if listed else []


def together(files: Sequence[tuple[str, Path]]) -> tuple[Path, tuple[tuple[str, Path], ...]]:
    """The `place` and the `files` of a hand-in whose files lie among those of others.

    Args:
        files: the names with which they were handed in, and where they lie. A single zip is the submission.
    """
    (name, path), *others = files
    return (path, ()) if is_zip(name) and not others else (path.parent, tuple(files))


def identified(handins: Iterable[HandIn]) -> list[HandIn]:
    """The hand-ins with identifiers that name files, none of them another's in whatever case; sorted by identifier.

    An identifier that is a name for files already keeps it; of two others that become equal, one gets "-2".
    """
    known: set[str] = set()
    named: list[HandIn] = []
    for handin in sorted(handins, key=lambda handin: (identifier(handin.id) != handin.id, handin.id)):
        first = id = identifier(handin.id)
        number = 1
        while id.lower() in known:
            number += 1
            id = f"{first}-{number}"
        known.add(id.lower())
        named.append(replace(handin, id=id))
    return sorted(named, key=lambda handin: handin.id)
