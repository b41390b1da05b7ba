"""Reads Canvas' download of an assignment's submissions ("Download Submissions").

Canvas (lib/content_zipper.rb) writes all files into one folder and names each `name_USER_FILE_original.zip`, or
`name_LATE_USER_FILE_original.zip`. The name is the sortable one ("Doe, Jane") in small letters, without spaces and
punctuation; USER is Canvas' number of the student, and FILE that of the file, which grows with time. With anonymous
grading, `anon_xxxxx` stands for name and number. Texts and links that were handed in end in `_text.html` and
`_link.html`. A file with the name of an earlier one got "-1" from Canvas: "work-1.zip".
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.handins import HandIn, Student
from autograder.course.sources.listing import Found, Listing, ignored, is_zip, text, together
from harness.words import joined, shown

FORMAT = "Canvas export"
NAME = r"[^\s\-.,()']*?"  # Canvas takes out what is no letter, mark, digit or "_"
WHO = rf"(?:(?P<name>{NAME})_)??(?:(?P<late>LATE)_)?(?P<user>\d+|anon_[A-Za-z0-9]+)"
FILE = re.compile(rf"(?as){WHO}_(?P<file>\d+)_(?P<original>.+)")
ONLINE = re.compile(rf"(?as){WHO}_(?:text|link)\.html")
AGAIN = re.compile(r"-\d{1,2}(?=(\.[A-Za-z0-9]+)*$)")  # what Canvas adds to a name that was there already
LATE = "Canvas marks it late; by how much is not known."


@dataclass(frozen=True)
class _File:
    """A file of the export, as its name describes it."""

    path: Path
    name: str
    user: str
    late: bool
    number: int
    original: str


def fits(listed: Listing) -> bool:
    """Whether most files are named as Canvas does, and names and numbers of students belong together.

    Archives of another folder may have numbers in their names too: a year, or the numbers of a group's members.
    """
    files = _files(listed)
    if not files or 2 * len(files) < len(listed.files) or listed.folders:
        return False
    names: dict[str, set[str]] = defaultdict(set)
    for file in files:
        names[file.user].add(file.name)
    if len(names) == 1:
        return len(files) == 1 or not all(is_zip(file.original) for file in files)
    anonymous = all(file.user.startswith("anon_") for file in files)
    return all(len(each) == 1 for each in names.values()) and (anonymous or len(set.union(*names.values())) > 1)


def read(listed: Listing) -> Found:
    """Read an export."""
    found = Found()
    files = _files(listed)
    students: dict[str, list[_File]] = defaultdict(list)
    for file in files:
        students[file.user].append(file)
    found.handins = [_handin(own) for own in students.values()]
    online = {name for name in listed.files if ONLINE.fullmatch(name)}
    taken = {file.path.name for file in files}
    found.notes += ignored(online, "only files that were handed in are graded")
    found.notes += ignored(listed.files.keys() - online - taken, "not named as Canvas names files")
    return found


def _files(listed: Listing) -> list[_File]:
    files = []
    for name, path in listed.files.items():
        match = FILE.fullmatch(name)
        if match and not match["original"].startswith("."):
            late = match["late"] is not None
            files.append(_File(path, match["name"] or "", match["user"], late, int(match["file"]), match["original"]))
    return files


def _handin(files: Sequence[_File]) -> HandIn:
    """The submission of one student: of files that differ in Canvas' "-1" alone, the newest."""
    versions: dict[str, list[_File]] = defaultdict(list)
    for file in sorted(files, key=lambda file: file.number):
        versions[AGAIN.sub("", file.original)].append(file)
    notes = [LATE] if any(file.late for file in files) else []
    for same in versions.values():
        if len(same) > 1:
            names = joined(shown(file.original) for file in same)
            notes.append(f"{names} were handed in; the newest, {shown(same[-1].original)}, is graded.")
    first = files[0]
    place, parts = together([(same[-1].original, same[-1].path) for same in versions.values()])
    known = () if first.user.startswith("anon_") else (Student(name=text(first.name), number=first.user),)
    id = "_".join(filter(None, (first.name, first.user)))
    return HandIn(id, place, known, notes=tuple(notes), files=parts)
