"""`python -m autograder bench`: every figure is there and comes from runs that graded rightly. Nothing is timed."""

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from autograder.bench import speed, speed_table, unprotected
from autograder.bench.speed import BenchError, Figures
from autograder.grade.kit import Kit
from autograder.grade.overlay import overlay
from harness.contract import Assignment
from harness.submission.listed_files import read_tree
from tests.project.conftest import ROOT

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
SOLUTION = read_tree(ROOT / "solution", ASSIGNMENT)
FIGURES = Figures(88, 474, 1.0, 6.0, 6.0, 4.0, 4.0, 1.5, 1.5, 5.0, 0.51, 1.0)


def test_quick_writes_every_figure(kit_zip, tmp_path, warm_python):
    target = tmp_path / "bench.json"
    command = [warm_python, "-m", "autograder", "bench", "--quick", "--kit", str(kit_zip), "--json", str(target)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    figures = json.loads(target.read_text())
    assert set(figures) == {field.name for field in fields(Figures)}
    assert figures["tests"] == len(ASSIGNMENT.deliverables)
    for name, figure in figures.items():
        if name != "marginal_test_ms":  # of one pair of runs: may be anything
            assert figure > 0, name
    assert figures["cold_ratio"] == pytest.approx(figures["cold_seconds"] / figures["unprotected_seconds"], rel=0.01)
    assert result.stdout == speed_table.markdown(Figures(**figures)) + "\n"


def test_the_table_says_which_goals_are_missed():
    table = speed_table.markdown(FIGURES)
    assert [line.split("|")[1].strip() for line in table.splitlines() if "MISSED" in line] == [
        "warm, a submission that passes"
    ]
    assert len({len(line) for line in table.splitlines()}) == 1


def test_a_run_with_the_wrong_points_is_no_figure(layout, tmp_path):
    kit = Kit.load(layout / "source")
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"score": sum(kit.points.values()) - 1}))
    with pytest.raises(BenchError, match="gave the solution"):
        speed._demand_full_marks(results, kit, "the run")


def test_the_unprotected_grader_tells_wrong_from_right(layout, tmp_path):
    """Else it would be fast for the wrong reason: the same rows fail there as here."""
    kit = Kit.load(layout / "source")
    files = dict(SOLUTION)
    path = "models/naive/LSTM.py"
    files[path] = files[path].replace(b"c = f * c + i * g", b"c = i * c + f * g")
    results = tmp_path / "results.json"
    with overlay(layout / "source" / "student", files) as tree:
        command = [sys.executable, "-s", "-P", unprotected.__file__, str(kit.root), str(tree), str(results)]
        subprocess.run(command, check=True, capture_output=True)
    tests = json.loads(results.read_text())["tests"]
    assert len(tests) == len(kit.tests) * len(kit.seeds)
    failed = {test["number"] for test in tests if test["status"] == "failed"}
    assert failed
    assert failed <= {test.number for test in kit.tests if Path(test.module).name == "test_LSTM.py"}


def test_failing_submissions_differ_from_the_solution_and_from_each_other():
    submissions = list(speed._failing(ROOT, SOLUTION, 50))
    assert len(submissions) == 50
    contents = {tuple(sorted(files.items())) for files in submissions}
    assert len(contents) == 50
    assert tuple(sorted(SOLUTION.items())) not in contents
