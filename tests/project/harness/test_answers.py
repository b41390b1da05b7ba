"""Stored answers hold only what does not depend on rounding."""

import re
from functools import partial

import numpy as np
import pytest

from harness.answers import Answers, Unsteady, check_head_room, check_margins, check_seeds_matter, make
from harness.marks import Tolerance
from harness.outcome import Outcome
from tests.project.harness.samples import FAULT, GRADED, array, same


def test_a_draw_that_rounding_could_decide_is_drawn_again():
    def compute(seed, double):
        return Outcome({"x": array(1.0 if double or seed == "s.2" else 1.5)})

    assert make(GRADED, GRADED.cases[0], "s", compute)[0] == "s.2"


def test_a_draw_in_use_stays_where_rounding_takes_up_little_more():
    def compute(rounded, seed, double):
        return Outcome({"x": array(1.0 if double or seed != "s.1" else rounded)})

    for rounded, used in ((1.00002, "s.1"), (1.00004, "s")):  # 0.18 and 0.36 of the tolerance
        assert make(GRADED, GRADED.cases[0], "s", partial(compute, rounded), kept="s.1")[0] == used


def test_a_test_that_no_draw_makes_steady_is_an_error():
    with pytest.raises(Unsteady, match=r"models/a\.py::test_a: no steady draw in 30: x differs between float32"):
        make(GRADED, GRADED.cases[0], "s", lambda seed, double: Outcome({"x": array(1.0 if double else 1.5)}))
    words = f"tests/{GRADED.identifier(GRADED.cases[0])}: the solution fails at {FAULT.where}: {FAULT.kind}: "
    with pytest.raises(Unsteady, match=f"^{re.escape(words + FAULT.message)}$"):
        make(GRADED, GRADED.cases[0], "s", lambda seed, double: Outcome(fault=FAULT))


def test_head_room_is_a_tenth_of_the_tolerance():
    exact = Outcome({"x": array(1.0, dtype="float64")})
    check_head_room(Outcome({"x": array(1.00001)}), exact, Tolerance())
    with pytest.raises(Unsteady):
        check_head_room(Outcome({"x": array(1.00002)}), exact, Tolerance())
    with pytest.raises(Unsteady):
        check_head_room(Outcome({"x": array(1, dtype="int64")}), Outcome({"x": array(2, dtype="int64")}), Tolerance())
    with pytest.raises(Unsteady):
        check_head_room(Outcome({"x": array(np.nan)}), exact, Tolerance())
    with pytest.raises(Unsteady):
        check_head_room(Outcome({"x": "one"}), Outcome({"x": "two"}), Tolerance())
    check_head_room(Outcome({"x": array(-np.inf)}), Outcome({"x": array(-np.inf)}), Tolerance())


def test_steering_scores_need_a_margin():
    check_margins(Outcome({"s": array([0, 1, 3], [0, 0, 0])}), ("s",))
    with pytest.raises(Unsteady, match="nearly tie"):
        check_margins(Outcome({"s": array([0, 3, 3.0005])}), ("s",))
    with pytest.raises(Unsteady, match="not a tensor of scores"):
        check_margins(Outcome({"s": "None"}), ("s",))


def test_answers_must_depend_on_the_seed():
    one, other = Outcome({"x": array(1), "n": array(1, dtype="int64")}), Outcome({"x": array(2)})
    check_seeds_matter("t", {"public": one, "hidden-1": other})
    with pytest.raises(Unsteady, match="shows no float tensor that differs"):
        check_seeds_matter("t", {"public": one, "hidden-1": one})


def test_answers_are_stored_whole(tmp_path):
    answers = Answers({"t": Outcome({"x": array(1)})}, {"t": "0"}, {"torch": "2"})
    answers.save(tmp_path / "deep" / "a.safetensors")
    loaded = Answers.load(tmp_path / "deep" / "a.safetensors")
    assert (loaded.seeds, loaded.header) == (answers.seeds, answers.header)
    assert same(loaded.outcomes["t"], answers.outcomes["t"])
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.safetensors"]
