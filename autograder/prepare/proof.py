"""Proves a kit before anybody is graded with it: the solution gets all points, and the untouched handout none."""

import platform
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autograder.grade.policy import cents
from autograder.prepare import course, demonstration, rehearsal
from autograder.prepare.rehearsal import Rehearsal, RehearsalError
from autograder.rubric import Rubric

NAMES = ("solution", "skeleton")


class ProofError(Exception):
    """A kit that gives wrong points; the message says whom, and why."""


def is_possible() -> bool:
    """Whether this machine can grade."""
    return platform.system() == "Linux"


def prove(root: Path, kit: Path) -> Iterator[str]:
    """Grade the solution and the skeleton with a kit; yields what each one got.

    Raises:
        ProofError: where that is not what the rubric implies.
    """
    with tempfile.TemporaryDirectory(prefix="proof-") as folder:
        for name, archive in demonstration.submissions(root, Path(folder), NAMES).items():
            try:
                rehearsed = rehearsal.rehearse(kit, archive, root)
            except RehearsalError as error:
                raise ProofError(f"this kit cannot grade the {name}, so it was not written: {error}") from None
            if wrong := complaint(name, rehearsed, course.load(root)):
                raise ProofError(f"{wrong}\nSo it was not written.")
            got, full = total(rehearsed)
            yield f"{name} {got:g} of {full:g}"


def total(rehearsed: Rehearsal) -> tuple[float, float]:
    """The points of all rows, and their maximum."""
    rows = rehearsed.results["tests"]
    return round(sum(row["score"] for row in rows), 2), round(sum(row["max_score"] for row in rows), 2)


def complaint(name: str, rehearsed: Rehearsal, rubric: Rubric) -> str:
    """What is wrong with the points of the solution or the skeleton; "" where they are right, and for others."""
    if name not in NAMES:
        return ""
    given = {entry.test for entry in rubric.excused if entry.points == "given"}
    rows = rehearsed.results["tests"]
    right = {row["number"]: row["max_score"] if name == "solution" or row["number"] in given else 0 for row in rows}
    got, full = total(rehearsed)
    whole = round(sum(right.values()), 2)
    if wrong := [row for row in rows if row["score"] != right[row["number"]]]:
        points = f"this kit gives the {name} {got:g} of {full:g} points, and not {whole:g}"
        return f"{points}. The first wrong row is {wrong[0]['number']} {wrong[0]['name']}:\n{wrong[0]['output']}"
    settings = rubric.assignment  # the solution is packed without a notebook
    score = cents(whole * (1 - (settings.notebook_deduct if settings.notebook == "required" else 0)))
    if rehearsed.results["score"] != score:
        points = f"all rows of the {name} are right, but its score is {rehearsed.results['score']:g} and not {score:g}"
        return f"{points}. This stands above the rows:\n{rehearsed.results['output']}"
    return ""
