"""Find the assignment's files in a submission. Nothing else in a submission is ever read.

A submission is a zip or a folder from a stranger: names and sizes may be false, folders may be one level too deep, and
a browser may have unpacked the archive and flattened it. Unambiguous files are taken; the rest gets a sentence.
"""

import contextlib
import io
import itertools
import json
import os
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from harness.contract import Assignment
from harness.submission.encoding import LIMIT
from harness.submission.listed_files import original
from harness.submission.notebooks import NOTEBOOK_LIMIT
from harness.words import abridged, joined, shown

MAX_ENTRIES = 20_000
MAX_DIRECTORY = 4 << 20  # bytes that an archive may take to list its entries
MAX_NOTEBOOKS = 8  # that are read
MAX_NOTES = 10  # sentences about entries that cannot be files of a submission
DRIVE = re.compile(r"[A-Za-z]:")
VERSION = re.compile(r"[A-Za-z0-9.+_-]{1,40}")  # of a handout
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # other methods unpack a few kilobytes to gigabytes at once
OTHERS = {9: "Deflate64", 12: "BZip2", 14: "LZMA", 93: "Zstandard", 95: "XZ", 98: "PPMd", 99: "a password"}
MANIFEST = "manifest.json"  # which the packager writes
HANDED_OUT = "student"  # the folder of the handout that holds students' work
IGNORED = ("__MACOSX", "__pycache__", ".git", ".DS_Store")


@dataclass
class Taken:
    """What was found in a submission.

    Attributes:
        files: contract path -> content.
        notes: sentences about files that are missing or were moved.
        notebooks: their names, for messages.
        notebook_files: name -> content of at most MAX_NOTEBOOKS notebooks; empty unless they were asked for.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    notebooks: list[str] = field(default_factory=list)
    notebook_files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _Entry:
    """A regular file of a submission; `read` returns at most the number of bytes asked for."""

    name: str
    read: Callable[[int], bytes]


class _Unusable(Exception):
    """A submission from which nothing can be taken; the message is for the student."""


class _PackedOtherwise(Exception):
    """A file in an archive that Deflate cannot unpack; the message says what it needs."""


def take(submission: Path, assignment: Assignment, with_notebooks: bool = False) -> Taken:
    """Take the listed files from a zip or a folder. No content of a submission makes it raise.

    Args:
        with_notebooks: whether to read the notebooks, too. Nothing is said of one that cannot be read or is too large.
    """
    taken = Taken()
    try:
        entries = _entries(submission, taken)
    except _Unusable as error:
        taken.notes.append(str(error))
        return taken
    taken.notebooks += [shown(entry.name) for entry in entries if _is_notebook(entry.name)]
    if with_notebooks:
        taken.notebook_files = _notebooks(entry for entry in entries if _is_notebook(entry.name))
    taken.notes += _other_version(entries, assignment)
    locked: dict[str, list[str]] = {}
    for path, entry in _assign(entries, assignment, taken).items():
        try:
            content = _read(entry, taken)
        except _PackedOtherwise as error:
            locked.setdefault(str(error), []).append(entry.name)
        else:
            taken.files.update({} if content is None else {path: content})
    for needed, names in locked.items():
        taken.notes.append(
            f"{abridged(map(shown, names), 3)} cannot be unpacked: packed with {needed}. "
            "Pack it as an ordinary zip (Deflate, without a password)."
        )
    if not taken.files and not taken.notes:
        first = ", ".join(shown(entry.name) for entry in entries[:5]) or "nothing"
        taken.notes.append(
            f"No file of this assignment was found. Expected {assignment.files[0]} and so on; found {first}."
        )
    return taken


def _notebooks(entries: Iterable[_Entry]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    for entry in itertools.islice(entries, MAX_NOTEBOOKS):
        with contextlib.suppress(Exception):  # as in `_read`
            content = entry.read(NOTEBOOK_LIMIT + 1)
            if len(content) <= NOTEBOOK_LIMIT:
                contents[entry.name] = content
    return contents


def _other_version(entries: Iterable[_Entry], assignment: Assignment) -> Iterator[str]:
    """A sentence for a submission that was packed in another version of the handout. A student can write a manifest."""
    manifest = next((entry for entry in entries if PurePosixPath(entry.name).name == MANIFEST), None)
    if manifest is None:
        return
    try:
        content = json.loads(manifest.read(LIMIT))
        name, version = content["name"], content["version"]
        is_ours = name == assignment.name and VERSION.fullmatch(version)
    except Exception:  # as in `_in_zip`, and whatever JSON can hold
        return
    if is_ours and version != assignment.version:
        yield (
            f"You packed this with version {version} of the handout; it is graded with version {assignment.version}. "
            "The tests that you ran may differ from those below. Download the handout again."
        )


def _entries(submission: Path, taken: Taken) -> list[_Entry]:
    """All regular files with harmless names. A folder that holds one zip and notebooks at most stands for that zip."""
    if submission.is_dir():
        members: Iterable[_Entry | str] = list(_in_folder(submission))
        files = [entry for entry in members if isinstance(entry, _Entry)]
        others = [entry.name for entry in files if not _is_notebook(entry.name)]
        if len(others) == 1 and others[0].lower().endswith(".zip"):
            beside = [entry for entry in files if _is_notebook(entry.name)]
            return _entries(submission / others[0], taken) + beside
    elif submission.is_file():
        members = _in_zip(submission)
    else:
        raise _Unusable(f"There is no submission at {shown(submission.name)}.")
    entries: list[_Entry] = []
    oddities: list[str] = []
    for entry in members:
        if isinstance(entry, _Entry):
            entries.append(entry)
        else:
            oddities.append(entry)
    taken.notes += oddities[:MAX_NOTES]
    if len(oddities) > MAX_NOTES:
        taken.notes.append(f"{len(oddities) - MAX_NOTES} more entries were ignored for such reasons.")
    return entries


def _in_folder(folder: Path) -> Iterator[_Entry | str]:
    """The regular files of a folder, sorted. It opens nothing that could block, such as a FIFO."""
    listed: list[tuple[Path, _Entry | str]] = []
    count = 0
    folders = [folder]  # no recursion, because a stranger's folders may be deeper than Python's stack
    while folders:
        current = folders.pop()
        try:
            with os.scandir(current) as members:
                paths: dict[Path, os.DirEntry[str]] = {}
                for count, member in enumerate(members, count + 1):  # noqa: B020 - it goes on where it was
                    if (
                        count > MAX_ENTRIES
                    ):  # checked here, so that a folder of a million files is not listed completely
                        raise _Unusable(f"More than {MAX_ENTRIES} files were handed in; a submission has a handful.")
                    if not _is_ignored(member.name):
                        paths[current / member.name] = member
        except OSError as error:
            listed.append((current, f"{shown(current.name)} is a folder that cannot be read ({error.strerror})."))
            continue
        for path, member in paths.items():
            name = path.relative_to(folder).as_posix()
            if member.is_dir(follow_symlinks=False):
                folders.append(path)
            elif member.is_symlink():
                reason = "is a symbolic link and was not followed; hand in the file itself"
                listed.append((path, f"{shown(name)} {reason}."))
            elif member.is_file():
                listed.append((path, _Entry(name, partial(_read_file, path))))
            else:
                listed.append((path, f"{shown(name)} is no regular file and was ignored."))
    yield from (entry for _, entry in sorted(listed, key=lambda pair: pair[0]))


def _read_file(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


class _Archive(io.FileIO):
    """A file that refuses large reads, because zipfile reads the list of all entries at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(MAX_DIRECTORY + 1 if size is None or size < 0 else min(size, MAX_DIRECTORY + 1)) or b""
        if len(content) > MAX_DIRECTORY:
            raise _Unusable(_too_many(Path(os.fsdecode(self.name))))
        return content

    def __del__(self) -> None:
        self.close()  # zipfile closes only what it has opened itself


def _too_many(path: Path) -> str:
    return f"{shown(path.name)} holds far too many entries; a submission has a handful. Pack it again."


def _in_zip(path: Path) -> Iterator[_Entry | str]:
    archive_name = shown(path.name)
    try:
        archive = zipfile.ZipFile(_Archive(path))
        members = archive.infolist()
    except _Unusable:
        raise
    except Exception as error:  # hostile numbers make zipfile raise OverflowError, struct.error and others
        reason = shown(str(error))
        raise _Unusable(f"{archive_name} is not a zip archive that can be opened ({reason}). Pack it again.") from None
    if not members:
        raise _Unusable(f"{archive_name} is an empty archive: nothing was handed in.")
    if len(members) > MAX_ENTRIES:
        raise _Unusable(_too_many(path))
    for member in members:
        name = member.filename.replace("\\", "/")
        if not name or name.endswith("/") or _is_ignored(name):  # is_dir fails where there is no name
            continue
        if name.startswith("/") or DRIVE.match(name) or ".." in PurePosixPath(name).parts:
            yield f"{shown(name)} points outside the archive and was ignored."
        elif stat.S_ISLNK(member.external_attr >> 16):
            yield f"{shown(name)} is a symbolic link and was not followed; hand in the file itself."
        else:
            yield _Entry(name.removeprefix("./"), partial(_read_member, archive, member))


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> bytes:
    if member.flag_bits & 1:
        raise _PackedOtherwise("a password")
    if member.compress_type not in PACKED:
        raise _PackedOtherwise(OTHERS.get(member.compress_type, f"compression method {member.compress_type}"))
    with archive.open(member) as file:
        return file.read(size)


def _read(entry: _Entry, taken: Taken) -> bytes | None:
    """Read one file without trusting what its archive says of it."""
    try:
        content = entry.read(LIMIT + 1)
    except _PackedOtherwise:
        raise
    except Exception as error:  # as in `_in_zip`, and zlib.error
        taken.notes.append(f"{shown(entry.name)} cannot be unpacked ({shown(str(error))}). Pack it again.")
        return None
    if len(content) > LIMIT:
        taken.notes.append(f"{shown(entry.name)} is larger than {LIMIT >> 10} KiB and was not read.")
        return None
    return content


def _assign(entries: list[_Entry], assignment: Assignment, taken: Taken) -> dict[str, _Entry]:
    """Match entries with the assignment's files: first in one common folder, then loose ones by name."""
    home = _home(entries, assignment, taken)
    flat = not home and not any(entry.name in assignment.files for entry in entries)
    meant = {entry: original(entry.name) for entry in entries}
    loose: dict[str, list[_Entry]] = {}
    for entry in entries:
        if flat or "/" not in entry.name.removeprefix(home):
            loose.setdefault(PurePosixPath(meant[entry]).name, []).append(entry)
    paths: dict[str, list[str]] = {}
    for path in assignment.files:
        paths.setdefault(PurePosixPath(path).name, []).append(path)
    chosen: dict[str, _Entry] = {}
    for path in assignment.files:
        exact = [entry for entry in entries if entry.name == home + path]
        similar = [entry for entry in entries if entry.name.lower() == (home + path).lower()]
        name = PurePosixPath(path).name
        named = loose.get(name, [])
        if len(paths[name]) > 1:  # the name alone does not say which of them it is; its folder may
            folder = PurePosixPath(path).parent.name
            named = [entry for entry in named if PurePosixPath(meant[entry]).parent.name.lower() == folder]
        copies = [entry for entry in entries if meant[entry] == home + path]
        candidates = exact or similar or [entry for entry in named if entry.name == meant[entry]] or copies or named
        if len(candidates) > 1:
            names = joined(shown(entry.name) for entry in candidates[:3])
            taken.notes.append(f"{path} is there more than once ({names}): none was taken. Hand in one.")
        elif candidates:
            chosen[path] = candidates[0]
            if not exact:
                taken.notes.append(f"{shown(candidates[0].name)} was taken as {path}.")
    taken.notes += _unclear(loose, meant, paths, chosen)
    return chosen


def _unclear(
    loose: dict[str, list[_Entry]], meant: dict[_Entry, str], paths: dict[str, list[str]], chosen: dict[str, _Entry]
) -> Iterator[str]:
    """A sentence for each loose file whose name several files of the assignment have, while one of these is missing."""
    for name, choices in paths.items():
        left = [path for path in choices if path not in chosen]
        if len(choices) == 1 or not left:
            continue
        folders = {PurePosixPath(path).parent.name for path in choices}
        for entry in loose.get(name, []):
            if PurePosixPath(meant[entry]).parent.name.lower() not in folders:
                yield (
                    f"{shown(entry.name)} was not taken: it can be {joined(left, 'or')}. Hand it in inside of its "
                    "folder, or let collect_submission.py pack your work."
                )


def _home(entries: list[_Entry], assignment: Assignment, taken: Taken) -> str:
    """The folder, "" or ending in a slash, whose files are taken.

    The handout's own folder wins over any other; then the folder with most of the assignment's files, then the least
    nested one.
    """
    homes: Counter[str] = Counter()
    for entry in entries:
        for path in assignment.files:
            if entry.name == path or entry.name.endswith(f"/{path}"):
                homes[entry.name.removesuffix(path)] += 1
    if not homes:
        return ""

    def rank(home: str) -> tuple[bool, int, int]:
        return PurePosixPath(home).name.lower() != HANDED_OUT, -homes[home], home.count("/")

    best, *others = sorted(homes, key=lambda home: (rank(home), home))
    if others:
        taken.notes.append(
            f"Files were found in more than one folder: those in {_folder(best)} were taken, "
            f"those in {abridged(map(_folder, others), 3)} were ignored."
        )
        if rank(others[0]) == rank(best):
            taken.notes.append(
                f"It is not clear whether {_folder(best)} or {_folder(others[0])} holds your work. "
                f"If it is the other one, hand in that folder alone."
            )
    return best


def _folder(home: str) -> str:
    return shown(home or "the top folder")


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def _is_ignored(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part in IGNORED or part.startswith("._") for part in parts)
