"""A class made by a script: distinct submissions of every common sort, always the same for the same number.

Of every 25 submissions 6 are right, 13 have one or two known mistakes, 3 have begun only some files, 2 do not run, and
1 hangs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.prepare import catalogue
from autograder.prepare.catalogue import Misconception
from harness.contract import Assignment
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree

SORTS = (
    "right", "mistaken", "mistaken", "begun", "mistaken", "right", "mistaken", "mistaken", "broken", "right",
    "mistaken", "begun", "mistaken", "right", "mistaken", "hanging", "mistaken", "mistaken", "right", "mistaken",
    "broken", "mistaken", "right", "begun", "mistaken",
)  # fmt: skip
EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
HANG = "\n\ndef _hang():\n    while True:\n        pass\n"
Files = dict[str, bytes]


@dataclass(frozen=True)
class Made:
    """A generated submission: its name, sort and files; `junk` stands for the zip where it is none."""

    name: str
    sort: str
    files: Mapping[str, bytes]
    junk: bytes = b""


def submissions(root: Path, count: int) -> Iterator[Made]:
    """Make so many submissions.

    Args:
        root: the repository.
    """
    assignment = Assignment.load(root / "student" / "assignment.json")
    solution, skeleton = read_tree(root / "solution", assignment), read_tree(root / "student", assignment)
    listed = set(assignment.files)
    entries = [entry for entry in catalogue.load(root) if entry.file in listed]
    for number in range(count):
        sort = SORTS[number % len(SORTS)]
        own = {path: content + f"\n# written by student {number}\n".encode() for path, content in solution.items()}
        name = f"s{number:05d}"
        if sort == "mistaken":
            yield Made(name, sort, own | _mistaken(entries, solution, number))
        elif sort == "begun":
            yield Made(
                name,
                sort,
                {path: own[path] if i % 4 < 1 + number % 3 else skeleton[path] for i, path in enumerate(own)},
            )
        elif sort == "broken":
            yield _broken(name, own, number)
        elif sort == "hanging":
            yield Made(name, sort, _hanging(own, number))
        else:
            yield Made(name, sort, own)


def write(made: Made, root: Path, folder: Path) -> Path:
    """Pack a submission as students do."""
    target = folder / f"{made.name}.zip"
    if made.junk:
        target.write_bytes(made.junk)
        return target
    return pack(dict(made.files), Assignment.load(root / "student" / "assignment.json"), [made.name], target)


def _mistaken(entries: Sequence[Misconception], solution: Mapping[str, bytes], number: int) -> Files:
    """One file with a known mistake, or two."""
    wrong: Files = {}
    for step in range(1 + number % 2):
        entry = entries[(number * 37 + step * 1009) % len(entries)]
        if entry.file not in wrong:
            source = catalogue.apply(entry, solution[entry.file].decode())
            wrong[entry.file] = f"{source}\n# {number}\n".encode()
    return wrong


def _broken(name: str, own: Files, number: int) -> Made:
    """In turn: no zip, a file that Python cannot parse, one that cannot be imported, and no file at all."""
    first = next(iter(own))
    kind = number // len(SORTS) % 4
    if kind == 0:
        return Made(name, "broken", {}, b"PK\x03\x04 this is no archive %d" % number)
    if kind == 3:
        return Made(name, "broken", {}, EMPTY_ZIP)
    line = b"def broken(:\n" if kind == 1 else b"import no_such_module_anywhere\n"
    return Made(name, "broken", own | {first: line + own[first]})


def _hanging(own: Files, number: int) -> Files:
    """The first statement of one function never ends."""
    path = sorted(own)[number % len(own)]
    source = own[path].decode()
    marker = "return "
    head, _, tail = source.rpartition(marker)
    indent = head[head.rfind("\n") + 1 :]
    return own | {path: f"{head}_hang()\n{indent}{marker}{tail}{HANG}".encode()}
