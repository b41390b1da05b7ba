"""Makes one submission of the files of a student that lie among those of others."""

from collections.abc import Sequence
from pathlib import Path

from autograder.course.sources.listing import is_zip


def together(files: Sequence[tuple[str, Path]]) -> tuple[Path, tuple[tuple[str, Path], ...]]:
    """The `place` and the `files` of a hand-in, from names as they were handed in and where the files lie now.

    A single zip is the submission; other files keep their names for `HandIn.opened`.
    """
    if len(files) == 1 and is_zip(files[0][0]):
        return files[0][1], ()
    return files[0][1].parent, tuple(files)
