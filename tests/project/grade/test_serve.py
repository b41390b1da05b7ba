"""Many submissions in one process: the answers are those of single grading, and rows can be run or priced again."""

import base64
import json
from pathlib import Path

import pytest

from autograder.grade import main, serve
from autograder.grade.serve import _Server
from harness.contract import Assignment
from harness.outcome import decode
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree
from tests.project.conftest import ROOT
from tests.project.grade.test_engine import only

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
SOLUTION = read_tree(ROOT / "solution", ASSIGNMENT)
LSTM = "models/naive/LSTM.py"
KNOWN = SOLUTION | {LSTM: SOLUTION[LSTM].replace(b"c = f * c + i * g", b"c = i * g")}
UNKNOWN = SOLUTION | {LSTM: SOLUTION[LSTM].replace(b"c = f * c + i * g", b"c = f * c * 0.37 + i * g * 0.61")}
ROWS = ("1.1.2", "1.2.4", "1.2.5")
METADATA = {"created_at": "2026-03-01T12:00:00+00:00", "users": [{}], "assignment": {"due_date": None}}


@pytest.fixture(scope="module")
def server(engine, layout) -> _Server:
    """A server with three rows, on the engine that all tests share."""
    small = only(engine, [test for test in engine.kit.tests if test.number in ROWS])
    made = _Server(layout, [], here=True)
    made.kit = small.kit
    vars(made)["_engine"] = (small, ["note: a test's"])
    return made


def request(files: dict[str, bytes], **more) -> dict:
    packed = {path: base64.b64encode(content).decode() for path, content in files.items()}
    asked = {"files": packed, "notes": [], "notebooks": [], "metadata": METADATA, "overrides": {}, **more}
    return json.loads(json.dumps(asked))


def scores(answer: dict) -> dict[str, float]:
    return {row["number"]: row["score"] for row in answer["results"]["tests"]}


@pytest.fixture(scope="module")
def known(server) -> dict:
    return json.loads(json.dumps(server.answer(request(KNOWN))))


def test_results_are_those_of_single_grading(server, known, tmp_path: Path, monkeypatch) -> None:
    for name in ("submission", "results"):
        (tmp_path / name).mkdir()
    pack(KNOWN, ASSIGNMENT, ["ann"], tmp_path / "submission" / "ann.zip")
    (tmp_path / "submission_metadata.json").write_text(json.dumps(METADATA))
    monkeypatch.setattr(main.Kit, "load", lambda source: server.kit)
    monkeypatch.setattr(main, "Engine", lambda kit: server._engine[0])
    monkeypatch.setattr(server._engine[0], "close", lambda: None)
    monkeypatch.setattr(server._engine[0], "probe", lambda *_: server._engine[1])
    assert main.main(str(tmp_path), here=True) == 0
    assert json.loads((tmp_path / "results" / "results.json").read_text()) == known["results"]


def test_rows_say_what_the_staff_want_to_know(known) -> None:
    right, *wrong = known["rows"]
    assert right == {"kind": "passed", "inputs": "", "misconception": "", "seconds": right["seconds"]}
    assert right["seconds"] > 0
    assert {row["kind"] for row in wrong} == {"values"}
    assert {row["inputs"] for row in wrong} == {"public"}
    assert all(row["misconception"].startswith("naive.LSTM/") for row in wrong)
    assert known["unexplained"] == {}
    assert known["memory"] > 100
    assert known["isolation"] == ["note: a test's"]


def test_wrong_outcomes_that_no_mistake_explains_come_along(server) -> None:
    answer = server.answer(request(UNKNOWN))
    assert {row["misconception"] for row in answer["rows"]} == {""}
    assert answer["unexplained"].keys() == {"1.2.5", "1.2.4"}
    identifier, data = answer["unexplained"]["1.2.5"]
    outcomes, _ = decode(base64.b64decode(data))
    assert outcomes.keys() == {identifier}


def test_points_are_computed_again_and_nothing_runs(server, known, monkeypatch) -> None:
    monkeypatch.setattr(server._engine[0], "grade", lambda files: pytest.fail("it ran"))
    points = {"1.2.5": {"points": 0.5, "reason": "Half of it is right."}}
    answer = server.answer(request(KNOWN, grades=known["grades"], overrides=points))
    assert scores(answer) == scores(known) | {"1.2.5": 0.5}
    row = next(row for row in answer["results"]["tests"] if row["number"] == "1.2.5")
    assert f"The staff gave this test 0.5 of {row['max_score']:g} points: Half of it is right." in row["output"]
    assert answer["results"]["extra_data"]["isolation"] == ["note: a test's"]
    again = server.answer(request(KNOWN, grades=known["grades"]))
    assert again["results"] == known["results"]


def test_one_row_again_takes_the_place_of_the_earlier_one(server, known) -> None:
    answer = server.answer(request(SOLUTION, grades=known["grades"], only=["1.2.5"]))
    full = {row["number"]: row["max_score"] for row in known["results"]["tests"]}
    assert scores(answer) == scores(known) | {"1.2.5": full["1.2.5"]}
    assert {row["number"]: row["max_score"] for row in answer["results"]["tests"]} == full
    assert len(server._engine[0].kit.tests) == len(ROWS)


def test_what_other_tests_have_found_still_holds_when_one_row_runs_again(server, known) -> None:
    before = known["grades"] | {"printed": True, "broken": ["models/naive/RNN.py"], "notes": ["a note"]}
    grades = server.answer(request(KNOWN, grades=before, only=["1.2.5"]))["grades"]
    assert (grades["printed"], grades["broken"], grades["notes"]) == (True, ["models/naive/RNN.py"], ["a note"])


def test_grades_of_a_kit_with_other_tests_fail(server, known) -> None:
    fewer = known["grades"] | {"rows": known["grades"]["rows"][1:]}
    assert "grade the submission again" in server.answer(request(KNOWN, grades=fewer))["failed"]


def test_an_error_is_an_answer(server, monkeypatch) -> None:
    monkeypatch.setattr(serve.policy, "settle", lambda *_: 1 / 0)
    assert server.answer(request(SOLUTION, only=None)) == {"failed": "ZeroDivisionError: division by zero"}
