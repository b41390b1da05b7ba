"""A class that was never taught: a record of as many submissions as asked for, without grading anything.

Tests, deliverables and hints are the repository's own, read without importing torch. Who passes what is drawn at random
from a student's ability and a test's difficulty. The first submissions are those of hostile and odd people.
"""

import ast
import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.course.clusters import Cluster
from autograder.course.differences import StudentLine
from autograder.course.drafts import Draft
from autograder.course.handins import HandIn, Student
from autograder.course.record import FAILED, GRADED, UNREADABLE, Graded, Item, Record
from autograder.course.report import Pair
from autograder.prepare import catalogue
from autograder.prepare.catalogue import Misconception
from harness.contract import Assignment, Deliverable
from harness.graded import GradedTest
from harness.judge import Kind
from harness.marks import Tolerance
from tests.project.conftest import ROOT

DUE = datetime(2026, 5, 1, 12, tzinfo=UTC)
KIT = "kit"
ALERT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
ODD = (
    ALERT,
    '"><b onmouseover=alert(3)>Bold</b>',
    "</script><script>alert(4)</script>",
    "\u202eevil \u2028 name\u202c",
    "👩‍🎓 Åsa Öberg-Nuñez",
    "Maximiliane Theodora " + "Wolfeschlegelsteinhausenbergerdorff" * 3,
)
FIRST = (
    "Ada",
    "Alan",
    "Barbara",
    "Chen",
    "Dana",
    "Edsger",
    "Fatima",
    "Grace",
    "Hana",
    "Ibrahim",
    "Mei",
    "Noor",
    "Olga",
)
LAST = ("Abbasi", "Becker", "Costa", "Dijkstra", "Eriksen", "Garcia", "Huang", "Ito", "Kaya", "Müller", "Nguyen")
FAULTY, TOO_EASY, BACKWARDS = "1.1.4", "1.1.1", "1.2.3"  # nobody passes it; everybody does; weak students do
NOT_ISOLATED = "not isolated: without root, student code runs as the user who grades"


class Class:
    """Draws submissions, the same ones for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.contract = (ROOT / "student" / "assignment.json").read_text(encoding="utf-8")
        self.assignment = Assignment.parse(self.contract)
        self.tests = [test for deliverable in self.assignment.deliverables for test in _tests(deliverable)]
        self.deliverables = {deliverable.tests: deliverable for deliverable in self.assignment.deliverables}
        self.points = {test.number: self._points(test) for test in self.tests}
        self.difficulty = {test.number: self.random.gauss(-0.5, 0.9) for test in self.tests}
        self.mistakes: dict[str, list[Misconception]] = {}
        for mistake in catalogue.load(ROOT):
            self.mistakes.setdefault(mistake.deliverable, []).append(mistake)

    def _points(self, test: GradedTest) -> float:
        deliverable = self.deliverables[test.module]
        weights = sum(other.weight for other in self.tests if other.module == test.module)
        return round(deliverable.points * test.weight / weights, 2)

    def submission(self, position: int) -> Graded:
        handin = self._handin(position)
        if position % 97 == 7:
            why = f"It holds none of the assignment's files: found {ALERT}.docx."
            return Graded(handin, "", "", UNREADABLE, KIT, why=why, results=self._results(handin, (), [why]))
        if position % 331 == 9:
            return Graded(handin, "", "", FAILED, KIT, why="The grader was killed: out of memory.")
        items = self._items(handin.id)
        late = handin.created - DUE if handin.created else timedelta(0)
        seconds, memory = self.random.lognormvariate(1.2, 0.3), self.random.lognormvariate(3, 0.3)
        return Graded(
            handin,
            "",
            "",
            GRADED,
            KIT,
            results=self._results(handin, items, [], late),
            items=items,
            isolation=(NOT_ISOLATED,) if position == 3 else (),
            seconds=seconds * (12 if position % 150 == 2 else 1),
            memory=memory * (15 if position % 210 == 3 else 1),
        )

    def _handin(self, position: int) -> HandIn:
        names = [self._name(position)]
        if self.random.random() < 0.1:
            names.append(self._name(len(ODD)))
        students = tuple(
            Student(name, f"student{position}.{place}@example.org", f"{4_000_000 + position}")
            for place, name in enumerate(names)
        )
        hours = self.random.choice((1, 9, 30, 80)) if self.random.random() < 0.15 else -self.random.uniform(1, 200)
        created = None if position % 60 == 59 else DUE + timedelta(hours=hours)
        id = f"submission_{position + 1}"
        return HandIn(id, Path("class", id), students, created, DUE, (f"{ALERT} is ignored.",) if not position else ())

    def _name(self, position: int) -> str:
        if position < len(ODD):
            return ODD[position]
        return f"{self.random.choice(FIRST)} {self.random.choice(LAST)}"

    def _items(self, id: str) -> tuple[Item, ...]:
        ability = self.random.gauss(0.8, 1.1)
        items: list[Item] = []
        for deliverable in self.assignment.deliverables:
            is_started = self.random.random() < 0.97 + 0.1 * ability
            known = self.mistakes[deliverable.id][:24]
            [mistake] = self.random.choices(known, [1 / place for place, _ in enumerate(known, start=1)])
            for test in self.tests:
                if test.module == deliverable.tests:
                    item = self._item(id, test, ability, mistake)
                    items.append(item if is_started else _not_started(item, deliverable))
        return tuple(items)

    def _item(self, id: str, test: GradedTest, ability: float, mistake: Misconception) -> Item:
        margin = ability - self.difficulty[test.number] + self.random.gauss(0, 0.7)
        passed = {FAULTY: False, TOO_EASY: True, BACKWARDS: ability < 0.8}.get(test.number, margin > 0)
        points = self.points[test.number]
        row = Item(id, test.number, points, points, Kind.PASSED, "", "", "Passed.", 0.02, KIT)
        if passed:
            return row
        draw = self.random.random()
        misconception, message = "", self._message(draw)
        if draw < 0.5:
            misconception = str(mistake)
            message = f"h at [0, 0]: expected -0.2836, got -0.1428; 100% of 24 values differ.\n\nHint: {mistake.hint}"
        elif draw > 0.98:
            message = f"AttributeError: {ALERT}\n\n{'very long ' * 40}"
        inputs = "hidden" if self.random.random() < 0.2 else "public"
        return replace(row, points=0, kind=Kind.VALUES, inputs=inputs, misconception=misconception, message=message)

    def _message(self, draw: float) -> str:
        index, expected, got = self.random.randrange(7), self.random.gauss(0, 1), self.random.gauss(0, 1)
        lines = [
            f"output at [{index}, 0, {self.random.randrange(9)}]: expected {expected:.4f}, got {got:.4f}; "
            f"{self.random.randrange(101)}% of 126 values differ.",
            f"Of 12 things that this test compares only these are wrong: h in training mode, c, output {index}.",
            "They come from models/naive/LSTM.py, LSTM.forward.",
        ]
        return "\n".join(lines[: 1 + int(3 * draw)])

    def _results(self, handin: HandIn, items: tuple[Item, ...], notes: list[str], late: timedelta = timedelta(0)):
        before = round(sum(item.points for item in items), 2)
        share = 0.0 if late <= timedelta(hours=2) else 0.1 if late < timedelta(hours=72) else 1.0
        score = round(before * (1 - share), 2)
        extra: dict[str, Any] = {"answers": "278e5ca1", "notes": []}
        if handin.created:
            extra["late"] = {"due": DUE.isoformat(), "own": False, "seconds": max(0, int(late.total_seconds()))}
            extra["late"] |= {"deduct": share, "before": before} if late > timedelta(0) else {}
        lines = [
            f"{self.assignment.title}\nversion {self.assignment.version}, answers 278e5ca1",
            "1 test is not shown now, and so no sum of points is.",
            *notes,
            *handin.notes,
        ]
        tests = {test.number: test for test in self.tests}
        return {
            "score": score,
            "output": "\n\n".join(lines),
            "extra_data": extra,
            "tests": [self._row(tests[item.test], item) for item in items],
        }

    def _row(self, test: GradedTest, item: Item) -> dict[str, Any]:
        return {
            "name": f"{self.deliverables[test.module].title}: {test.title}",
            "number": test.number,
            "score": item.points,
            "max_score": item.max,
            "status": "passed" if item.kind == Kind.PASSED else "failed",
            "output": f"{test.summary}\n\n{item.message}",
            "visibility": "after_published" if test.number == "4.6.1" else "visible",
        }


def _not_started(item: Item, deliverable: Deliverable) -> Item:
    message = f"Not started: {deliverable.title} ({deliverable.file}:44)."
    return replace(item, points=0, kind=Kind.NOT_STARTED, inputs="", misconception="", message=message)


def _tests(deliverable: Deliverable) -> list[GradedTest]:
    """The graded tests of a deliverable from the text of their file: importing it would import torch."""
    tree = ast.parse((ROOT / "tests" / deliverable.tests).read_text(encoding="utf-8"))
    return [_test(deliverable.tests, node) for node in tree.body if isinstance(node, ast.FunctionDef) and _marks(node)]


def _marks(function: ast.FunctionDef) -> dict[str, Any]:
    calls = [mark for mark in function.decorator_list if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name)]
    marks = {call.func.id: call for call in calls}
    return {name: ast.literal_eval(marks[name].args[0]) for name in ("number", "weight") if name in marks}


def _test(module: str, function: ast.FunctionDef) -> GradedTest:
    summary = " ".join((ast.get_docstring(function) or "").split("\n\n")[0].split())
    marks = _marks(function)
    return GradedTest(
        module, function.name, summary, marks["number"], marks["weight"], Tolerance(), (), False, None, (), ()
    )


def fill(path: Path, students: int, seed: int = 0) -> Record:
    """Make a record of a class in which so many submissions were handed in."""
    drawn = Class(seed)
    record = Record.create(path)
    record.add_kit(KIT, "278e5ca1", drawn.contract, json.dumps([t.to_json() for t in drawn.tests]), drawn.points)
    run = record.begin(f"{ALERT} submissions.zip", "gradescope", KIT)
    for position in range(students):
        record.add(drawn.submission(position), run)
    record.finish(run)
    return record


def clusters(record: Record) -> list[Cluster]:
    """Two groups of wrong outcomes, without a hint, as they would be found in this class."""
    ids = [submission.id for submission in record.submissions()]
    message = f"output at [0, 0]: expected 0.1344, got 0.2529; 100% of 28 values differ.\ngot {ALERT}"
    lines = [StudentLine(id, "models/naive/LSTM.py:9", f"print('{ALERT}')") for id in ids[:3]]
    draft = Draft("naive.LSTM", "a = 1", f"a = '{ALERT}'", ("3 submissions",))
    return [
        Cluster(1, "naive.LSTM", ("1.2.4",), tuple(ids[:3]), message, (f"+ {ALERT}",), tuple(lines), draft),
        Cluster(2, "transformer.embedding", ("3.1.2",), tuple(ids[1:3]), ALERT, (), (), Draft("transformer.embedding")),
    ]


def pairs(record: Record) -> list[Pair]:
    """Two pairs of similar submissions of this class."""
    ids = [submission.id for submission in record.submissions()]
    return [Pair(a, b, 12.5, 0.83, f"similarity/{a}+{b}.html") for a, b in ((ids[0], ids[1]), (ids[1], ids[2]))]
