"""results.json: in Gradescope's form, complete, points that add up, and nothing secret in it."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from autograder.grade import policy, results
from autograder.grade.engine import Engine, Grades, Row
from autograder.grade.kit import Kit
from autograder.grade.metadata import Metadata
from harness.contract import Assignment
from harness.judge import Kind, Verdict
from harness.submission.findings import Finding, Severity
from harness.submission.listed_files import read_tree
from tests.project.conftest import POINTS, ROOT, patiently

SCHEMA = json.loads((Path(__file__).parent / "results.schema.json").read_text(encoding="utf-8"))
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
SOLUTION = read_tree(ROOT / "solution", ASSIGNMENT)
SKELETON = read_tree(ROOT / "student", ASSIGNMENT)
LSTM = "models/naive/LSTM.py"


def valid(composed: dict, kit: Kit) -> dict:
    """Demand that results keep to the schema, are complete and add up, once they are written and read."""
    read = json.loads(json.dumps(composed, allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(read)
    assert len(read["tests"]) == len(kit.tests) >= 70
    assert len({row["number"] for row in read["tests"]}) == len(read["tests"])
    assert [row["max_score"] for row in read["tests"]] == [kit.points[test.key] for test in kit.tests]
    assert read["score"] == round(sum(row["score"] for row in read["tests"]), 2)
    return read


def failed(kit: Kit, message: str) -> Grades:
    return Grades([Row(test, Verdict(Kind.FAULT, message), 0.0, kit.points[test.key]) for test in kit.tests], [])


def compose(kit: Kit, grades: Grades, notes: list[str] | None = None, extra: dict | None = None) -> dict:
    """A submission's results without metadata."""
    return results.compose(kit, policy.settle(kit, grades, Metadata(), ()), notes or [], extra or {})


@pytest.fixture(scope="module")
def graded(engine: Engine) -> dict[str, Grades]:
    broken = {**SOLUTION, LSTM: SOLUTION[LSTM].replace(b"f * c + i * g", b"i * c + f * g") + b"\nprint('loaded')\n"}
    with patiently(engine):
        return {
            name: engine.grade(files)
            for name, files in (("solution", SOLUTION), ("skeleton", SKELETON), ("broken", broken))
        }


@pytest.mark.parametrize("name", ["solution", "skeleton", "broken"])
def test_results_keep_to_the_schema(engine, graded, name):
    read = valid(compose(engine.kit, graded[name], ["A note."], {"answers": "12345678"}), engine.kit)
    full = sum(deliverable.points for deliverable in ASSIGNMENT.deliverables)
    assert {"solution": read["score"] == full, "skeleton": read["score"] == 0, "broken": 0 < read["score"] < full}[name]
    assert sum(row["max_score"] for row in read["tests"]) == pytest.approx(full)
    assert all((row["status"] == "passed") == (row["score"] == row["max_score"]) for row in read["tests"])


def test_the_output_opens_with_version_and_points(engine, graded):
    output = compose(engine.kit, graded["broken"], ["A note."])["output"].split("\n")
    assert output[:3] == [ASSIGNMENT.title, f"version {ASSIGNMENT.version}, answers {engine.kit.answers_id}", ""]
    assert output[3].startswith("Part 1: RNN and LSTM from scratch")
    assert output[4].split() == ["1.1", "RNN", "6", "of", "6"]
    assert output[5].split()[:2] == ["1.2", "LSTM"]
    assert "A note." in output
    assert "Your code prints while it is imported or tested. It costs nothing; take it out next time." in output
    assert any(line.startswith(f"{LSTM}:") and "print" in line for line in output)  # the preflight's warning


def test_a_failed_row_says_what_is_checked_and_what_came_out(engine, graded):
    rows = compose(engine.kit, graded["broken"])["tests"]
    row = next(row for row in rows if row["number"].startswith("1.2.") and row["status"] == "failed")
    assert row["name"].startswith("LSTM: lstm ")
    checked, verdict = row["output"].split("\n\n", 1)
    assert checked.endswith(".")
    assert "expected" in verdict
    passed = next(row for row in rows if row["status"] == "passed")
    assert passed["output"].endswith("Passed.")


def test_no_secret_is_in_any_output(engine, graded):
    """Neither a hidden seed nor an expected hidden value, of those that would be shown if a public one were."""
    for grades in graded.values():
        text = json.dumps(compose(engine.kit, grades))
        for name in engine.kit.seeds[1:]:
            answers = engine.answers[name]
            assert not any(seed in text for seed in answers.seeds.values())
            floats = [
                value
                for outcome in answers.outcomes.values()
                for value in outcome.shown.values()
                if not isinstance(value, str) and value.dtype.kind == "f" and value.size
            ]
            assert not any(
                f"expected {value.flat[0]:.4f}," in text for value in floats if abs(value.flat[0]) not in (0, 1)
            )


@pytest.mark.parametrize("output", ["allow", "warn", "zero"])
def test_prints_cost_what_the_rubric_says(engine, graded, output):
    rubric = engine.kit.rubric
    kit = replace(engine.kit, rubric=replace(rubric, assignment=replace(rubric.assignment, output=output)))
    composed = compose(kit, replace(graded["solution"], printed=True))
    jsonschema.validate(composed, SCHEMA)
    assert composed["score"] == (0 if output == "zero" else POINTS)
    said = "Your code prints while it is imported or tested." in composed["output"]
    assert said == (output != "allow")
    assert ("This assignment gives no points then." in composed["output"]) == (output == "zero")


@pytest.mark.parametrize("text", ["\x1b[2J\x07", "a\tb\rc", "\ud800", "<script>", "x" * 10**6, "\x00", "\u2028"])
def test_whatever_student_code_says_fits_the_schema(engine, text):
    grades = failed(engine.kit, text)
    grades.findings.append(Finding(Severity.WARNING, LSTM, 1, text))
    valid(compose(engine.kit, grades, [text], {"note": text}), engine.kit)


def test_a_verdict_of_every_kind_is_a_row(engine):
    for kind in Kind:
        grades = failed(engine.kit, "words")
        grades.rows[0] = replace(grades.rows[0], verdict=Verdict(kind, "words"))
        status = compose(engine.kit, grades)["tests"][0]["status"]
        assert status == ("passed" if kind is Kind.PASSED else "failed")


def test_the_time_that_hidden_inputs_take_is_not_told(engine, graded):
    """Student code can choose it."""
    assert "execution_time" not in compose(engine.kit, graded["solution"])


def test_results_are_written_whole_or_not_at_all(tmp_path):
    target = tmp_path / "results" / "results.json"
    results.write({"score": 1}, target)
    with pytest.raises(TypeError):
        results.write({"score": object()}, target)
    assert json.loads(target.read_text(encoding="ascii")) == {"score": 1}
    assert [path.name for path in target.parent.iterdir()] == ["results.json"]
