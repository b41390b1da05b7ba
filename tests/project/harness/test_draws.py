"""Statistics of drawn values: the same for all right draws, other ones for wrong draws, and no way to claim them."""

import numpy as np
import pytest
import torch

from harness.draws import alike, frequencies, measured, spread
from harness.judge import Kind, judge
from harness.marks import Tolerance
from harness.outcome import Outcome, decode, encode
from harness.show import Show

LAW = [0.5, 0.3, 0.2]
MISTAKE = [0.2, 0.3, 0.5]
SIZES = (1, 2, 9, 81, 1350)


def uniform(seed: int, size: int, low: float = -0.1, high: float = 0.1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, size).astype(np.float32)


@pytest.mark.parametrize("size", SIZES)
def test_right_draws_all_look_the_same(size):
    words = {spread(uniform(seed, size), -0.1, 0.1) for seed in range(300)}
    assert words == {f"a tensor of shape ({size},), whose values are spread from -0.1 to 0.1"}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (uniform(0, 800, -0.12, 0.12), "some of whose values lie outside of -0.1 to 0.1"),
        (uniform(0, 800, -0.09, 0.09), "whose values do not reach as far as -0.1 and 0.1"),
        (uniform(0, 81, -0.03, 0.03), "whose values do not reach as far as -0.1 and 0.1"),
        (uniform(0, 800, 0.0, 0.1), "all of whose values lie on one side of the middle of -0.1 to 0.1"),
        (uniform(0, 800, 0.0, 1.0), "all of whose values lie on one side of the middle of -0.1 to 0.1"),
        (np.abs(uniform(0, 800)) * np.where(np.arange(800) % 20, 1, -1), "whose values lie mostly in one half"),
        (np.zeros((3, 3), np.float32), "most of whose values are the same"),
        (np.full(9, np.nan), "not all of whose values are finite"),
        (np.full(9, 1e300), "some of whose values lie outside of -0.1 to 0.1"),
        (np.zeros((0, 3)), "not all of whose values are finite"),
        (np.ones(5, dtype=bool), "some of whose values lie outside of -0.1 to 0.1"),
    ],
)
def test_wrong_draws_are_told_apart(values, words):
    assert words in spread(values, -0.1, 0.1)


@pytest.mark.parametrize("seed", range(20))
def test_ids_are_told_by_the_distribution_that_they_follow(seed):
    random = np.random.default_rng(seed)
    for law in (LAW, MISTAKE):
        ids = random.choice(3, size=800, p=law)
        assert np.allclose(frequencies(ids, 800, [LAW, MISTAKE]), law)
    without_the_last = random.choice(2, size=800, p=[0.625, 0.375])
    assert np.allclose(frequencies(without_the_last, 800, [LAW, MISTAKE]), [0.625, 0.375, 0])
    others = random.choice(3, size=800, p=[0.05, 0.9, 0.05])
    assert np.allclose(frequencies(others, 800, [LAW, MISTAKE]), np.bincount(others) / 800)


@pytest.mark.parametrize(
    "ids", [np.zeros(799, np.int64), np.full(800, 3), np.full(800, -1), np.zeros(800), np.zeros((800, 1), np.int64)]
)
def test_values_that_are_no_ids_become_a_sentence(ids):
    assert isinstance(frequencies(ids, 800, [LAW]), str)


def test_equal_rows_are_named():
    one, other = np.arange(3), np.arange(3)[::-1]
    assert alike(np.stack([one, other, one]), ["a", "b", "c"]) == "a = c != b"
    assert alike(np.stack([one, one]), ["a", "b"]) == "a = b"
    for rows in (np.array(1.0), np.zeros((3, 2))):
        assert "2 rows are expected" in alike(rows, ["a", "b"])


def shown(seed: int) -> Outcome:
    """What a test would show of a layer that is drawn from -1/2 to 1/2, and of ids."""
    outcome = Outcome()
    show, random = Show(outcome), torch.Generator().manual_seed(seed)
    weight = torch.rand(40, 10, generator=random) - 0.5
    show.spread("weight", weight, -0.5, 0.5)
    show.frequencies("ids", torch.tensor([0] * 400 + [1] * 240 + [2] * 160), 800, [torch.tensor(LAW)])
    show.alike("twice", {"weight": weight, "again": weight})
    return outcome


def test_two_right_draws_are_judged_equal():
    right = measured(shown(1), shown(1))
    arrived = decode(encode({"": shown(2)}))[0][""]
    assert judge(measured(arrived, right), right, Tolerance()).passed
    assert np.allclose(right.shown["ids"], LAW)


def test_only_the_expected_outcome_says_what_is_measured():
    right, got = measured(shown(1), shown(1)), shown(2)
    got.measures = {"weight": ["spread", -9.0, 9.0], "ids": ["frequencies", 800, [MISTAKE]], "more": ["spread", 0, 1]}
    got.shown["weight"] = np.zeros((40, 10), np.float32)
    verdict = judge(measured(got, right), right, Tolerance())
    assert verdict.kind is Kind.FORM
    assert verdict.message == (
        "weight: expected a tensor of shape (40, 10), whose values are spread from -0.5 to 0.5, "
        "got a tensor of shape (40, 10), most of whose values are the same."
    )


def test_the_statistic_itself_cannot_be_sent():
    right, got = measured(shown(1), shown(1)), shown(2)
    got.shown["weight"] = right.shown["weight"]
    assert judge(measured(got, right), right, Tolerance()).kind is Kind.FORM
