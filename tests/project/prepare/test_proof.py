"""A kit is written only if it gives the solution all points and the skeleton none, but for what is given to all."""

from dataclasses import replace

import pytest

from autograder.prepare import proof, rehearsal
from autograder.prepare.proof import ProofError
from autograder.prepare.rehearsal import Rehearsal, RehearsalError
from autograder.rubric import Excused, Rubric
from tests.project.conftest import POINTS, ROOT, RUBRIC


def rehearsed(*scores: float, full: float = 2.0) -> Rehearsal:
    rows = [
        {
            "number": f"1.1.{n}",
            "name": f"RNN: test {n}",
            "score": score,
            "max_score": full,
            "output": f"what {n}\n\nwhy",
        }
        for n, score in enumerate(scores, start=1)
    ]
    return Rehearsal({"tests": rows, "score": sum(scores)}, "", 0, 1.0, 1.0)


def with_excused(points: str) -> Rubric:
    return Rubric(RUBRIC.assignment, RUBRIC.grading, (), (), excused=(Excused("1.1.2", points, "It was wrong."),))


def refused(name: str, graded: Rehearsal, rubric: Rubric = RUBRIC) -> str:
    with pytest.raises(ProofError) as error:
        proof.demand(name, graded, rubric)
    return str(error.value)


def test_right_points_are_said():
    assert proof.demand("solution", rehearsed(2, 2), RUBRIC) == "solution 4 of 4"
    assert proof.demand("skeleton", rehearsed(0, 0), RUBRIC) == "skeleton 0 of 4"


def test_wrong_points_come_with_the_first_wrong_row():
    assert refused("solution", rehearsed(2, 0, 0)) == (
        "The kit gives the solution 2 of 6 points, and not 6. It was not written. "
        "The first wrong row is 1.1.2 RNN: test 2:\nwhat 2\n\nwhy"
    )
    words = refused("skeleton", rehearsed(0, 2))
    assert words.startswith("The kit gives the skeleton 2 of 4 points, and not 0. ")
    assert "The first wrong row is 1.1.2" in words


def test_a_row_with_a_part_of_its_points_is_wrong_too():
    assert "The first wrong row is 1.1.2" in refused("solution", rehearsed(2, 0.4))


def test_the_score_counts_too():
    """Rows keep their points where a rule of the course takes all of them."""
    printing = rehearsed(2, 2)
    printing.results.update(score=0.0, output="Your code prints. This assignment gives no points then.")
    words = refused("solution", printing)
    assert words.startswith("All rows of the solution are right, but the kit gives it a score of 0 and not 4.")
    assert words.endswith("Your code prints. This assignment gives no points then.")
    settings = replace(RUBRIC.assignment, notebook="required", notebook_deduct=0.1)
    without_notebook = rehearsed(2, 2)
    without_notebook.results["score"] = 3.6
    assert proof.demand("solution", without_notebook, replace(RUBRIC, assignment=settings)) == "solution 4 of 4"


def test_what_the_rubric_gives_away_the_skeleton_may_have():
    assert proof.demand("skeleton", rehearsed(0, 2), with_excused("given")) == "skeleton 2 of 4"
    assert "and not 2" in refused("skeleton", rehearsed(2, 2), with_excused("given"))
    assert "and not 0" in refused("skeleton", rehearsed(0, 2), with_excused("spread"))


def test_a_kit_is_proven(kit_zip):
    assert [*proof.prove(ROOT, kit_zip)] == [f"solution {POINTS} of {POINTS}", f"skeleton 0 of {POINTS}"]


def test_a_kit_that_cannot_grade_is_refused(monkeypatch, tmp_path):
    def fail(*_: object) -> None:
        raise RehearsalError("the grader wrote no results (exit 1):\nNot graded: torch is gone")

    monkeypatch.setattr(rehearsal, "rehearse", fail)
    with pytest.raises(ProofError) as error:
        [*proof.prove(ROOT, tmp_path)]
    assert str(error.value).startswith("The kit cannot grade the solution, and was not written: ")
    assert str(error.value).endswith("\nNot graded: torch is gone")


def test_a_kit_with_wrong_points_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(rehearsal, "rehearse", lambda *_: rehearsed(2, 2))
    proofs = proof.prove(ROOT, tmp_path)
    assert next(proofs) == "solution 4 of 4"
    with pytest.raises(ProofError) as error:
        next(proofs)
    assert "gives the skeleton 4 of 4 points, and not 0. It was not written." in str(error.value)
