"""The test report of a graded submission."""

from xml.etree import ElementTree

from autograder.prepare import junit
from harness.contract import Assignment
from tests.project.conftest import ROOT

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
ROWS = [
    {
        "number": "1.1.1", "name": "RNN: Layers & shapes", "score": 1.0, "max_score": 1.0, "status": "passed",
        "output": "All layers.\n\nPassed.",
    },
    {
        "number": "1.2.3", "name": "LSTM: Gates", "score": 0.0, "max_score": 2.5, "status": "failed",
        "output": "The gates.\n\nh at [0, 0]: expected <1>, got 2.\n\nHint: swap",
    },
]  # fmt: skip


def test_each_deliverable_is_a_suite_and_each_test_a_case():
    suites = ElementTree.fromstring(junit.report({"tests": ROWS}, ASSIGNMENT).encode())
    assert suites.tag == "testsuites"
    titles = [f"{deliverable.number} {deliverable.title}" for deliverable in ASSIGNMENT.deliverables]
    assert [suite.get("name") for suite in suites] == titles
    rnn, lstm, *_ = suites
    assert (rnn.get("tests"), rnn.get("failures")) == ("1", "0")
    assert (lstm.get("tests"), lstm.get("failures")) == ("1", "1")
    (case,) = lstm
    assert (case.get("classname"), case.get("name")) == ("1.2 LSTM", "1.2.3 Gates")
    assert case.get("file") == "models/naive/LSTM.py"
    assert {entry.get("name"): entry.get("value") for entry in case.find("properties")} == {
        "score": "0",
        "max_score": "2.5",
    }
    failure = case.find("failure")
    assert failure.get("message") == "The gates."
    assert failure.text == "h at [0, 0]: expected <1>, got 2.\n\nHint: swap"
    assert rnn[0].find("failure") is None
