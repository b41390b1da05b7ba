"""What the tests of a class share: the contract, Debian's chromium, and commands that grade with one engine."""

import copy
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.course import commands as course_commands
from autograder.course import explain
from autograder.grade.engine import Engine
from autograder.grade.serve import _Server
from autograder.rubric import Excused
from harness.contract import Assignment
from tests.project.conftest import ROOT
from tests.project.grade.test_engine import only


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    return Assignment.load(ROOT / "student" / "assignment.json")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all tests of a file: while it is open, nothing else in this process can run an event loop."""
    from playwright.sync_api import sync_playwright  # not above: only tests that need chromium need it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


ROWS = ("1.1.2", "1.2.2", "1.2.4")  # that `shared` grades


class Shared:
    """Stands in for grading processes: the engine that all tests share, with three rows.

    Attributes:
        excused: name of a kit's file -> the rubric's entries for tests that have proved faulty.
        asked: all requests, in order.
    """

    def __init__(self, engine: Engine, layout: Path) -> None:
        _ = engine.hints  # read once for all copies
        self.engine = only(engine, [test for test in engine.kit.tests if test.number in ROWS])
        self.layout = layout
        self.excused: dict[str, tuple[Excused, ...]] = {}
        self.asked: list[dict[str, Any]] = []

    def ask(self, kit: Path, request: Mapping[str, Any]) -> Any:
        self.asked.append(json.loads(json.dumps(request)))
        server = _Server(self.layout, [], here=True)
        engine, rubric = copy.copy(self.engine), self.engine.kit.rubric
        engine.kit = replace(engine.kit, rubric=replace(rubric, excused=self.excused.get(kit.name, ())))
        vars(server).update(kit=engine.kit, _engine=(engine, []))
        return json.loads(json.dumps(server.answer(self.asked[-1])))

    def grader(self, kit: Path, *_: object) -> SimpleNamespace:
        return SimpleNamespace(ask=lambda request, seconds: self.ask(kit, request), close=lambda: None)

    def graders(self, kit: Path, *_: object) -> SimpleNamespace:
        return SimpleNamespace(answers=lambda tasks: ((task, self.ask(kit, task.request())) for task in tasks))


@pytest.fixture
def shared(engine: Engine, layout: Path, monkeypatch: pytest.MonkeyPatch) -> Shared:
    """Let the commands grade with the engine that all tests share."""
    made = Shared(engine, layout)
    monkeypatch.setattr(course_commands, "Graders", made.graders)
    monkeypatch.setattr(explain, "Grader", made.grader)
    return made
