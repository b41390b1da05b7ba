"""What a submission hands in, as far as it is graded or compared."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from autograder.course.handins import HandIn
from autograder.grade import collection
from harness.contract import Assignment


@dataclass(frozen=True)
class Work:
    """The assignment's files of one submission.

    Attributes:
        files: path of the assignment -> content.
        notes: sentences for the student about what was taken and what was not.
        notebooks: names of the notebooks.
    """

    files: dict[str, bytes]
    notes: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Changes with everything that grading sees."""
        digests = {path: hashlib.sha256(content).hexdigest() for path, content in sorted(self.files.items())}
        seen = json.dumps([digests, self.notes, self.notebooks])
        return hashlib.sha256(seen.encode()).hexdigest()[:32]


def read(handin: HandIn, assignment: Assignment) -> Work:
    """Read a submission. No content makes it raise."""
    with handin.opened() as place:
        taken = collection.take(place, assignment)
    return Work(taken.files, tuple(taken.notes), tuple(taken.notebooks))
