"""Records of a class that was never graded, for tests."""

import json
from collections.abc import Iterable
from pathlib import Path

from autograder.course.handins import HandIn
from autograder.course.record import GRADED, NAME, Graded, Item, Record
from harness.graded import Case, GradedTest
from harness.marks import Tolerance
from tests.project.conftest import ROOT

POINTS = {"1.1.1": 6.0, "1.1.2": 4.0}
TESTS = [
    GradedTest(
        "models/naive/test_RNN.py", f"test_{name}", "", number, 1, Tolerance(), (), False, None, (), (Case("", {}),)
    )
    for number, name in (("1.1.1", "init_hidden"), ("1.1.2", "forward"))
]
KIT = "0123456789abcdef"


def graded(id: str, score: float | None, students=(), late=None, **known) -> Graded:
    """A submission with its points in the first test, as far as they go."""
    points = min(score or 0.0, 6.0)
    common = {"kind": "passed", "inputs": "", "misconception": "", "message": "", "seconds": 0.25, "kit": KIT}
    items = (
        Item(id, "1.1.1", points=points, max=6.0, **common),
        Item(id, "1.1.2", points=max((score or 0.0) - 6.0, 0.0), max=4.0, **common | {"misconception": "naive.RNN/x"}),
    )
    handin = HandIn(id, Path(id), tuple(students), **known)
    results = None if score is None else {"score": score, "extra_data": {"late": late} if late else {}}
    state = GRADED if score is not None else "failed"
    return Graded(handin, "", "", state, KIT, "" if results else "It broke.", results=results, items=items)


def record(folder: Path, submissions: Iterable[Graded]) -> Record:
    """A record in a folder, with one run."""
    made = Record.create(folder / NAME)
    contract = (ROOT / "student" / "assignment.json").read_text(encoding="utf-8")
    made.add_kit(KIT, "v7", contract, json.dumps([test.to_json() for test in TESTS]), POINTS)
    run = made.begin("source", "folder of zips", KIT)
    for each in submissions:
        made.add(each, run)
    made.finish(run)
    return made
