"""Reads Moodle's download of an assignment's submissions ("Download all submissions").

Moodle (mod/assign/classes/downloader.php) names a folder, or in an older form of the download each file, by who has
handed in and the plugin: `Full Name_PARTICIPANT_assignsubmission_file`, followed by "_" and the file's name where there
are no folders. Older versions end a folder's name with "_". A group has its name and its own number there; the default
group has none. Nothing says when a submission was handed in, or who is in a group.
"""

import re

from autograder.course.handins import HandIn, Student
from autograder.course.sources.listing import Found, Listing, ignored, text, together

FORMAT = "Moodle export"
NAMED = re.compile(r"(?as)(?P<name>.*?)(?:_(?P<number>\d+))?_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<file>.*))?")


def fits(listed: Listing) -> bool:
    """Whether most entries are named as Moodle does; a student may have named one so."""
    names = [*listed.folders, *listed.files]
    named = sum(NAMED.fullmatch(name) is not None for name in names)
    return 0 < named and len(names) <= 2 * named


def read(listed: Listing) -> Found:
    """Read an export, in folders or in files."""
    found = Found()
    others, online = [], []
    loose: dict[str, list[tuple[str, str]]] = {}
    students: dict[str, tuple[Student, ...]] = {}
    for name in (*listed.folders, *listed.files):
        match = NAMED.fullmatch(name)
        if match is None:
            others.append(name)
            continue
        if match["plugin"] != "file":
            online.append(name)
            continue
        owner = "_".join(filter(None, (match["name"], match["number"])))
        students[owner] = (Student(name=text(match["name"]), number=match["number"] or ""),)
        if name in listed.folders:
            found.handins.append(HandIn(owner, listed.folders[name], students[owner]))
        elif match["file"] and not match["file"].startswith("."):
            loose.setdefault(owner, []).append((match["file"], name))
    for owner, files in loose.items():
        place, parts = together([(file, listed.files[name]) for file, name in files])
        found.handins.append(HandIn(owner, place, students[owner], files=parts))
    found.notes += ignored(online, "only files that were handed in are graded")
    found.notes += ignored(others, "a Moodle export has names with _assignsubmission_")
    return found
