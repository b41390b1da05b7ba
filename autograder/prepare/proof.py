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
    """A kit that gives wrong points; the message says to which submission, and why."""


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
                raise ProofError(f"The kit cannot grade the {name}, and was not written: {error}") from None
            yield demand(name, rehearsed, course.load(root))


def demand(name: str, rehearsed: Rehearsal, rubric: Rubric) -> str:
    """Demand the points that the rubric implies for the solution or the skeleton; return what it got, in words.

    Raises:
        ProofError: names the first wrong row, with its text.
    """
    given = {entry.test for entry in rubric.excused if entry.points == "given"}
    rows = rehearsed.results["tests"]
    right = {row["number"]: row["max_score"] if name == "solution" or row["number"] in given else 0 for row in rows}
    got, full = (round(sum(row[key] for row in rows), 2) for key in ("score", "max_score"))
    whole = round(sum(right.values()), 2)
    if wrong := [row for row in rows if row["score"] != right[row["number"]]]:
        first = wrong[0]
        points = f"The kit gives the {name} {got:g} of {full:g} points, and not {whole:g}. It was not written."
        raise ProofError(f"{points} The first wrong row is {first['number']} {first['name']}:\n{first['output']}")
    settings = rubric.assignment  # the solution is packed without a notebook
    score = cents(whole * (1 - (settings.notebook_deduct if settings.notebook == "required" else 0)))
    if rehearsed.results["score"] != score:
        found = f"a score of {rehearsed.results['score']:g} and not {score:g}"
        points = f"All rows of the {name} are right, but the kit gives it {found}."
        above = f"This stands above the rows:\n{rehearsed.results['output']}"
        raise ProofError(f"{points} It was not written. {above}")
    return f"{name} {got:g} of {full:g}"
