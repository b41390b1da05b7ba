"""Submissions that show an instructor what the grader does: full marks, nothing, and several ways in between.

Made of whatever the rubric has switched on.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from autograder.prepare import catalogue
from autograder.prepare.catalogue import CatalogueError
from harness.contract import Assignment
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree

NAMES = ("solution", "skeleton", "one-file", "half-done")


def submissions(root: Path, out: Path, names: Collection[str] = NAMES) -> dict[str, Path]:
    """Pack the demonstration's submissions into `out` and return them by name.

    solution: everything right. skeleton: nothing started. one-file: only the first file done. half-done: the solution
    with the mistakes under [half_done] in the catalogue.

    Raises:
        CatalogueError: where the text that such a mistake replaces is not in the solution.
    """
    assignment = Assignment.load(root / "student" / "assignment.json")
    solution, skeleton = read_tree(root / "solution", assignment), read_tree(root / "student", assignment)
    first = assignment.files[0]
    made = {
        "solution": lambda: solution,
        "skeleton": lambda: skeleton,
        "one-file": lambda: {**skeleton, first: solution[first]},
        "half-done": lambda: _half_done(root, solution, assignment),
    }
    return {name: pack(made[name](), assignment, [name], out / f"{name}.zip") for name in names}


def _half_done(root: Path, files: Mapping[str, bytes], assignment: Assignment) -> dict[str, bytes]:
    """The solution's files with the mistakes that the catalogue keeps for this."""
    heads = catalogue.heads(root)
    texts = {name: source.decode() for name, source in files.items()}
    for deliverable in assignment.deliverables:
        before, after = heads.get(deliverable.id, catalogue.Head()).half_done
        if before not in texts[deliverable.file]:
            where = catalogue.FOLDER / f"{deliverable.id}.toml"
            raise CatalogueError(f"{where}: half_done: expected text of solution/{deliverable.file}, found {before!r}")
        texts[deliverable.file] = texts[deliverable.file].replace(before, after, 1)
    return {name: text.encode() for name, text in texts.items()}
