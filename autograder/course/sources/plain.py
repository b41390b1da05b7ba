"""Reads a folder that holds a zip or a folder for each submission, as a course collects them without a platform."""

from pathlib import PurePath

from autograder.course.handins import HandIn
from autograder.course.sources.listing import Found, Listing, ignored, is_zip


def format(listed: Listing) -> str:
    """What the folder is, in words."""
    zips = any(map(is_zip, listed.files))
    return "folder of zips and folders" if zips and listed.folders else f"folder of {'zips' if zips else 'folders'}"


def fits(listed: Listing) -> bool:
    return bool(listed.folders) or any(map(is_zip, listed.files))


def read(listed: Listing) -> Found:
    """Read a folder. Who has handed in is told by the names alone, so they are the identifiers."""
    found = Found()
    found.handins = [HandIn(name, path) for name, path in listed.folders.items()]
    found.handins += [HandIn(PurePath(name).stem, path) for name, path in listed.files.items() if is_zip(name)]
    others = [name for name in listed.files if not is_zip(name)]
    found.notes += ignored(others, "a submission is a zip or a folder")
    return found
