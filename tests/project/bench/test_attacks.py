"""The comparison with ordinary graders: it measures, and its words mean what its docstring says."""

from pathlib import Path

import pytest

from autograder.bench import attacks, malicious
from autograder.bench.attacks import Result, verdict
from tests.project.conftest import ROOT

HONEST = {"1.1.1": 1.0, "1.2.1": 1.0, "1.2.2": 0.0}
SECRETS = {"0.1234567891"}


@pytest.mark.parametrize(
    ("points", "text", "valid", "word"),
    [
        (HONEST, "", True, "held"),
        ({"1.1.1": 1.0, "1.2.1": 0.0, "1.2.2": 0.0}, "", True, "held"),
        (HONEST, "FORGED", True, "forged"),
        ({**HONEST, "1.2.2": 1.0}, "TAKEN", True, "inflated"),
        (HONEST, "TAKEN: a socket", True, "leaked"),
        (HONEST, "got -0.12345678912", True, "leaked"),
        (HONEST, "", False, "broken"),
        ({}, "", True, "broken"),
        ({**HONEST, "1.1.1": 0.0}, "", True, "broken"),
    ],
)
def test_a_verdict_is_one_word(points, text, valid, word):
    assert verdict(Result(points, text, valid), HONEST, SECRETS) == word


@pytest.mark.parametrize("data", [None, [], {"tests": [{}]}, {"tests": [{"number": "1", "score": "many"}]}])
def test_data_that_are_no_results_are_not_valid(data):
    assert not attacks.read(data).valid


def test_the_tables_count_every_file_once():
    files = {
        "row01_a": {"this grader": "held", "pytest": "forged"},
        "row01_b": {"this grader": "held", "pytest": "held"},
        "row09_c": {"this grader": "held", "pytest": ""},
    }
    assert attacks.counts(files) == {"this grader": {"held": 3}, "pytest": {"forged": 1, "held": 1}}
    lines = attacks.markdown(files).splitlines()
    assert "| this grader, 3 | 0 | 0 | 0 | 0 | 3 |" in lines
    assert "| pytest, 2 | 1 | 0 | 0 | 0 | 1 |" in lines
    assert "| 1 | 2 | 2 held | 1 forged, 1 held |" in lines
    assert "| 9 | 1 | 1 held | - |" in lines


@pytest.mark.needs("root", "mount")
def test_ordinary_graders_fall_to_attacks_that_ours_withstands(kit_zip: Path):
    wanted = [
        attack
        for attack in malicious.load()
        if str(attack) in ("row01_results_then_exit-import", "row03_frames-forward")
    ]
    table = attacks.compare(ROOT, kit_zip, wanted)
    forged, inflated = table["row01_results_then_exit"], table["row03_frames"]
    assert forged == {"this grader": "held", "gradescope-utils": "forged", "pytest": "forged"}
    assert inflated == {"this grader": "held", "gradescope-utils": "inflated", "pytest": "inflated"}
