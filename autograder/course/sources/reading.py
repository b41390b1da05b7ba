"""Finds out what kind of source a folder is, and reads it."""

from dataclasses import dataclass
from pathlib import Path

from autograder.course.handins import HandIn
from autograder.course.sources import canvas, gradescope, moodle, plain
from autograder.course.sources.listing import Found, Listing, SourceError, identified, listing
from harness.words import abridged, shown

PLATFORMS = (gradescope, moodle, canvas)
EXPECTED = (
    "expected an unpacked export of Gradescope (with submission_metadata.yml), Moodle or Canvas, "
    "or a folder with a zip or a folder for each submission"
)


@dataclass(frozen=True)
class Source:
    """The submissions of a class.

    Attributes:
        format: what the source is, in words for instructors.
        handins: sorted by id.
        notes: what was ignored, and why.
    """

    format: str
    handins: tuple[HandIn, ...]
    notes: tuple[str, ...] = ()


def read(source: Path, results: Path | None = None) -> Source:
    """Read who handed in what. No submission is opened.

    Args:
        results: the folder of the graded class, which is no submission where it lies in the source.

    Raises:
        SourceError: for a source that is no folder, or in which there are no submissions.
    """
    if not source.is_dir():
        raise SourceError(_no_folder(source))
    listed = listing(source)
    if results and listed.folders.get(results.name, source).resolve() == results.resolve():
        del listed.folders[results.name]
        listed.notes.append(f"{shown(results.name)} holds the results, and was ignored.")
    inner = [listing(path) for path in listed.folders.values()] if len(listed.folders) == 1 else []
    format, found = _found(listed, inner)
    notes = listed.notes + found.notes
    if not found.handins:
        names = abridged(shown(name) for name in (*listed.folders, *listed.files))
        raise SourceError(" ".join([f"{source}: {EXPECTED}; found {names or 'no file and no folder'}.", *notes]))
    return Source(format, tuple(identified(found.handins)), tuple(notes))


def _found(listed: Listing, inner: list[Listing]) -> tuple[str, Found]:
    """The format of a folder, and what is in it. A platform's export may lie in the only folder of the source."""
    for folder in (listed, *inner):
        for platform in PLATFORMS:
            if platform.fits(folder):
                return platform.FORMAT, platform.read(folder)
    return plain.format(listed), plain.read(listed)


def _no_folder(source: Path) -> str:
    if source.is_file() and source.suffix.lower() == ".zip":
        return f"{source} is a zip: unpack it, and name the folder"
    return f"{source} {'is no folder' if source.exists() else 'does not exist'}: {EXPECTED}"
