"""What a submission holds, as far as it is graded or compared."""

import errno
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from autograder.course.handins import HandIn, storable
from autograder.course.notebooks import code_of
from autograder.grade import collection
from harness.contract import Assignment

FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Content:
    """The assignment's files of one submission, and its notebooks.

    Attributes:
        files: path of the assignment -> content.
        notes: sentences for the student about what was taken and what was not.
        notebooks: names of the notebooks.
        code: name of a notebook -> the code of its cells; not graded.
    """

    files: dict[str, bytes]
    notes: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()
    code: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def sources(self) -> dict[str, bytes]:
        """All that a person has written: the files, and the code of the notebooks."""
        return self.files | dict(self.code)

    @cached_property
    def digest(self) -> str:
        """Changes with everything that is graded or compared."""
        digests = {path: hashlib.sha256(content).hexdigest() for path, content in sorted(self.sources.items())}
        seen = json.dumps([digests, self.notes, self.notebooks])
        return hashlib.sha256(seen.encode()).hexdigest()[:32]


def read(handin: HandIn, assignment: Assignment) -> Content:
    """Read a submission. No content makes it raise, and a file that cannot be read costs this submission alone.

    Raises:
        OSError: if the disk is full.
    """
    try:
        with handin.opened() as place:
            taken = collection.take(place, assignment, with_notebooks=True)
    except OSError as error:
        if error.errno in FULL:
            raise
        return Content({}, (f"The submission cannot be read: {error.strerror}.",))
    code = {storable(name): code_of(notebook) for name, notebook in taken.notebook_files.items()}
    return Content(taken.files, tuple(taken.notes), tuple(taken.notebooks), code)
