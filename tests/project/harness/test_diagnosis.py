"""Diagnoses of wrong tensors: the usual ones are found, all are true, and none is made up."""

import re

import numpy as np
import pytest
from hypothesis import assume, example, settings
from hypothesis import given as anything
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.diagnosis import close, diagnose
from harness.judge import judge
from harness.marks import Tolerance
from harness.outcome import Outcome, digest
from harness.sizes import Sizes

DEFAULT = Tolerance()


def draw(*shape, seed=0, low=-2.0, high=2.0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype("float32")


def softmax(values, axis=-1):
    powers = np.exp(values - values.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def said(got, right, name="h", sizes=None, inputs=None, **others):
    got = np.asarray(got)
    digests = {input_name: digest(values) for input_name, values in (inputs or {}).items()}
    return diagnose(name, got, Outcome({name: right, **others}, inputs=digests), DEFAULT, Sizes(sizes or {}))


X, SQUARE, WORDS = draw(3, 4), draw(4, 4, seed=1), np.array([[4, 7, 9, 5], [8, 4, 6, 10]])
LOGS, SHARES = np.log(softmax(X)), softmax(X)
NAN, INF = np.float32(np.nan), np.float32(np.inf)


def changed(values, index, new):
    result = np.array(values)
    result[index] = new
    return result


RECOGNISED = [
    (X.T, X, "All values are right, but axes 0 and 1 are swapped."),
    (draw(4, 3, seed=2), X, "These are the right sizes in another order: have axes changed places?"),
    (SQUARE.T, SQUARE, "All values become right when axes 0 and 1 change places: yours is transposed."),
    (X[None], X, "All values are right; an axis of size 1 is too many or in another place."),
    (X, X[None], "All values are right; an axis of size 1 is missing."),
    (X.reshape(2, 6), X, "All values are right and in order; only the shape is another."),
    (X[:, :3], X, "Along axis 1, 1 is missing at the end; the others are right."),
    (X[2:], X, "Along axis 0, 2 are missing at the beginning; the others are right."),
    (np.concatenate((X, X)), X, "Along axis 0, 3 are too many at the end; the others are right."),
    (X[:, -1], X, "These are the right values of the last index of axis 1 alone."),
    (X[:1, None], X, "These are the right values of the first index of axis 0 alone."),
    (X.mean(1), X, "This is the mean of the right values over axis 1."),
    (X.sum(0), X, "This is the sum of the right values over axis 0."),
    (2 * X, X, "Every value is twice the right one."),
    (X / 2, X, "Every value is half the right one."),
    (1.7 * X, X, "Every value is 1.7 times the right one."),
    (-3 * X, X, "Every value is -3 times the right one."),
    (-X, X, "Every value has the wrong sign."),
    (np.abs(X), X, "All values are right but for their signs."),
    (X + 0.25, X, "Every value is 0.25 too large."),
    (WORDS - 1, WORDS, "Every value is 1 too small."),
    (X - X[:, :1], X, "Along the last axis all values are off by the same number, each row by its own."),
    (np.zeros_like(X), X, "All your values are 0."),
    (np.full_like(WORDS, 4), WORDS, "All your values are 4."),
    (np.tile(X[:1], (3, 1)), X, "Along axis 0 all your values are the same; the right ones are not."),
    (X[::-1], X, "All values are right, but in reverse order along axis 0."),
    (X, LOGS, "All values become right after a log-softmax along axis 1."),
    (X, SHARES, "All values become right after a softmax along axis 1."),
    (SHARES, X, "This is the softmax of the right values along axis 1."),
    (LOGS, X, "This is the log-softmax of the right values along axis 1."),
    (LOGS, SHARES, "All values become right after a softmax along axis 1."),
    (np.exp(X), X, "These are the exponentials of the right values."),
    (X, np.exp(X), "These are the logarithms of the right values."),
    (X, np.tanh(X), "All values become right after a tanh."),
    (np.tanh(X), X, "These are the right values after a tanh, which is one step too many."),
    (X, np.maximum(X, 0), "All values become right after a ReLU."),
    (softmax(X, 0), SHARES, "Along axis 1 your values should sum to 1; they do so along axis 0 instead."),
    (SHARES**2, SHARES, "Along axis 1 your values should sum to 1; they do not."),
    (np.log(softmax(X, 0)), LOGS,
     "Along axis 1 the exponentials of your values should sum to 1; they do so along axis 0 instead."),
    (changed(X, np.s_[:, -1], 9), X, "Right along axis 1, but for the last (index 3)."),
    (changed(X, np.s_[:, 0], 9), X, "Right along axis 1, but for the first (index 0)."),
    (changed(X, np.s_[1:], 9), X, "Right at index 0 of axis 0 only."),
    (changed(X, np.s_[:, 2:], 9), X, "Right along axis 1 up to index 1, wrong from index 2 on."),
    (changed(X, np.s_[:, :2], 9), X, "Right along axis 1 from index 2 on, wrong before."),
    (np.concatenate((draw(3, 1, seed=5), X[:, :-1]), 1), X,
     "One step late along axis 1: from index 1 on, index t holds what belongs at t - 1."),
    (np.concatenate((X[:, 1:], draw(3, 1, seed=5)), 1), X,
     "One step early along axis 1: up to index 2, index t holds what belongs at t + 1."),
    (X[:, [2, 0, 3, 1]], X, "Along axis 1 the right values are there, in another order."),
    (changed(X, np.s_[:, 2:], NAN), X, "Right along axis 1 before index 2, not finite from there on."),
    (changed(X + 1, np.s_[1:], INF), X, "Finite along axis 0 before index 1, not finite from there on."),
    (changed(X, np.s_[1], NAN), X, "Along axis 0 index 1 is not finite, all else is."),
    (np.full_like(X, NAN), X, "All your values are NaN or infinite."),
    (changed(LOGS, np.s_[0, 1], -INF), LOGS,
     "Minus infinity is the logarithm of zero: was a small probability rounded before its logarithm was taken?"),
    (X.astype("float64"), X,
     "A tensor on the way is of float64; make new ones with the dtype of what you were given."),
    (WORDS.astype("float32"), WORDS,
     "Integers are expected: torch makes new tensors of float32 unless they are given another dtype."),
    (WORDS.astype("int32"), WORDS, "Give the tensor the dtype int64 where you make it."),
]  # fmt: skip


@pytest.mark.parametrize(("got", "right", "words"), RECOGNISED, ids=[words for *_, words in RECOGNISED])
def test_a_usual_difference_is_recognised(got, right, words):
    assert said(got, right) == words


def test_a_ratio_is_named_after_a_size():
    sizes = {"dim_k": 5, "N": 3, "padding of source": 7}
    assert said(X * 5**0.5, X, sizes=sizes) == "Every value is 2.236 times the right one, which is sqrt(dim_k) here."
    assert said(X / 3, X, sizes=sizes) == "Every value is 0.3333 times the right one, which is 1/N here."
    assert said(X * 7, X, sizes=sizes) == "Every value is 7 times the right one."
    assert "which is N or sqrt(H) here" in said(X * 3, X, sizes={"N": 3, "H": 9})
    assert said(X * 3, X, sizes={"T": 9, "B": 9}) == "Every value is 3 times the right one."
    assert said(X * 2, X, sizes={"N": 2, "H": 4}) == "Every value is twice the right one."
    assert said(X / 2, X, sizes={"N": 2, "H": 4}) == "Every value is half the right one."


def test_an_input_and_another_result_are_recognised():
    inputs, other = {"x": SQUARE}, draw(4, 4, seed=7)
    assert said(SQUARE, other, inputs=inputs) == "These are the values of 'x' as the test hands it out."
    assert said(other, SQUARE, "x after the calls", inputs=inputs) == (
        "Expected is 'x' as the test hands it out: your code has changed it in place."
    )
    assert said(other, SQUARE, "query", inputs=inputs) == "Expected is 'x' as the test hands it out."
    assert said(other, SQUARE, c=other) == "These are the right values of 'c'."
    assert said(X, SQUARE, c=X) == "These are the right values of 'c'."
    assert said(np.zeros((3, 4), np.float32), SQUARE, c=np.zeros((3, 4), np.float32)) == "", "zeros come by chance"


def test_the_judge_adds_the_diagnosis_as_a_line_of_its_own():
    message = judge(Outcome({"h": 2 * X}), Outcome({"h": X}), DEFAULT).message
    first, diagnosis = message.splitlines()
    assert first.startswith("h at [0, 0]: expected")
    assert diagnosis == "Every value is twice the right one."


def test_notes_of_the_child_are_not_believed():
    hostile = Outcome({"h": SQUARE}, sizes={"T": 4}, inputs={"x": digest(SQUARE)})
    assert "'x'" not in judge(hostile, Outcome({"h": draw(4, 4, seed=9)}), DEFAULT).message


@pytest.mark.parametrize(
    ("got", "right"),
    [
        (np.full((3, 4), 0.5, "float32") * draw(3, 4), np.full((3, 4), 0.2, "float32")),
        (np.float32(2), np.float32(1)),  # twice? one more? nobody knows
        (np.float32([2]), np.float32([1])),
        (np.float32([2, 2.5]), np.float32([1, 1.25])),  # two numbers
        (np.float32([2, 0, 0, 0, 1e-7]), np.float32([1, 0, 0, 0, 0])),  # a single one that counts
        (draw(3, 4), draw(3, 4, seed=3)),
        (draw(3, 4), draw(5, 6)),
        (WORDS, WORDS[:, [1, 0, 3, 2]]),
        (np.array([5, 3, 5]), np.array([[5, 3, 5], [7, 3, 2], [5, 3, 5]])),  # the first row, or the last?
    ],
)
def test_no_diagnosis_where_the_right_values_cannot_tell(got, right):
    assert said(got, right) == "" or "order" in said(got, right)


# Truth: whatever is said of small arrays full of coincidences is checked again, in the plainest way.


def near(one, other):
    return one.shape == other.shape and np.allclose(one, other, rtol=2e-3, atol=2e-3)


def check_factor(got, right, ratio):
    ratio = {"twice": 2.0, "half": 0.5}.get(ratio) or float(ratio.removesuffix(" times"))
    return near(got, ratio * right)


def check_summed(got, right, axis, exponentials):
    sums = [(np.exp(values) if exponentials else values).sum(int(axis)) for values in (got, right)]
    return near(sums[1], np.ones_like(sums[1])) and not near(sums[0], np.ones_like(sums[0]))


def part(values, axis, start, end):
    return np.take(values, range(start, end), int(axis))


def check_slices(got, right, axis, good):
    """The slices at these places are right, and the others are wrong for the judge."""
    slices = [(part(got, axis, i, i + 1), part(right, axis, i, i + 1)) for i in range(got.shape[axis])]
    return all(near(*pair) if i in good else not close(*pair, DEFAULT).all() for i, pair in enumerate(slices))


def from_to(start, end=None):
    return lambda got, right, axis, *index: check_slices(
        got, right, int(axis), range(start(*index), end(*index) if end else got.shape[int(axis)])
    )


TRUE = {
    r"Every value is ([-\d.e+]+ times|twice|half) the right one\.": check_factor,
    r"Every value is ([\d.e+-]+) too (large|small)\.": lambda got, right, number, way: near(
        got, right + float(number) * (1 if way == "large" else -1)
    ),
    r"Every value has the wrong sign\.": lambda got, right: near(-got, right),
    r"All values are right but for their signs\.": lambda got, right: near(abs(got), abs(right)),
    r"All your values are ([-\d.e+]+|True|False)(?:, as a softmax .*)?\.": lambda got, right, value: (
        got == got.flat[0]
    ).all(),
    r"Along axis (\d) all your values are the same; the right ones are not\.": lambda got, right, axis: (
        np.ptp(got, int(axis)).max() < 1e-3 < np.ptp(right, int(axis)).max() + 1e-3
    ),
    r"All values become right when axes (\d) and (\d) change places: .*": lambda got, right, i, j: near(
        got.swapaxes(int(i), int(j)), right
    ),
    r"All values are right, but axes (.*) are swapped\.": lambda got, right, axes: (
        near(np.sort(got, axis=None), np.sort(right, axis=None)) and got.shape != right.shape
    ),
    r"These are the right sizes in another order: .*": lambda got, right: (
        sorted(got.shape) == sorted(right.shape) and got.shape != right.shape
    ),
    r"All values are right, but in reverse order along axis (\d)\.": lambda got, right, axis: near(
        np.flip(got, int(axis)), right
    ),
    r"All values are right(?: and in order)?; .*": lambda got, right: near(got.ravel(), right.ravel()),
    r"Along axis (\d), (\d) (?:is|are) missing at the end; .*": lambda got, right, axis, n: near(
        got, part(right, axis, 0, right.shape[int(axis)] - int(n))
    ),
    r"Along axis (\d), (\d) (?:is|are) missing at the beginning; .*": lambda got, right, axis, n: near(
        got, part(right, axis, int(n), right.shape[int(axis)])
    ),
    r"Along axis (\d), (\d) (?:is|are) too many at the end; .*": lambda got, right, axis, n: near(
        part(got, axis, 0, got.shape[int(axis)] - int(n)), right
    ),
    r"Along axis (\d), (\d) (?:is|are) too many at the beginning; .*": lambda got, right, axis, n: near(
        part(got, axis, int(n), got.shape[int(axis)]), right
    ),
    r"This is the (sum|mean|maximum) of the right values over axis (\d)\.": lambda got, right, how, axis: near(
        got.ravel(), {"sum": np.sum, "mean": np.mean, "maximum": np.max}[how](right, axis=int(axis)).ravel()
    ),
    r"These are the right values of the (first|last) index of axis (\d) alone\.": lambda got, right, end, axis: near(
        got.ravel(), np.take(right, 0 if end == "first" else -1, int(axis)).ravel()
    ),
    r"Along the last axis all values are off by the same number, .*": lambda got, right: (
        np.ptp(got - right, -1).max() < 1e-2
    ),
    r"All values become right after a (log-)?softmax along axis (\d)\.": lambda got, right, log, axis: near(
        np.log(softmax(got, int(axis))) if log else softmax(got, int(axis)), right
    ),
    r"This is the (log-)?softmax of the right values along axis (\d)\.": lambda got, right, log, axis: near(
        got, np.log(softmax(right, int(axis))) if log else softmax(right, int(axis))
    ),
    r"These are the exponentials of the right values\.": lambda got, right: near(got, np.exp(right)),
    r"These are the logarithms of the right values\.": lambda got, right: near(np.exp(got), right),
    r"All values become right after a tanh\.": lambda got, right: near(np.tanh(got), right),
    r"All values become right after a sigmoid\.": lambda got, right: near(1 / (1 + np.exp(-got)), right),
    r"All values become right after a ReLU\.": lambda got, right: near(np.maximum(got, 0), right),
    r"These are the right values after a tanh, .*": lambda got, right: near(got, np.tanh(right)),
    r"These are the right values after a sigmoid, .*": lambda got, right: near(got, 1 / (1 + np.exp(-right))),
    r"These are the right values after a ReLU, .*": lambda got, right: near(got, np.maximum(right, 0)),
    r"Along axis (\d) (the exponentials of )?your values should sum to 1; .*": check_summed,
    r"Right along axis (\d), but for (?:the first|the last|one) \(index (\d)\)\.": lambda got, right, axis, i: (
        check_slices(got, right, int(axis), set(range(got.shape[int(axis)])) - {int(i)})
    ),
    r"Right at index 0 of axis (\d) only\.": from_to(lambda: 0, lambda: 1),
    r"Right along axis (\d) up to index (\d), wrong from index (\d) on\.": from_to(
        lambda last, wrong: 0, lambda last, wrong: int(wrong)
    ),
    r"Right along axis (\d) from index (\d) on, wrong before\.": from_to(lambda first: int(first)),
    r"One step late along axis (\d): .*": lambda got, right, axis: near(
        part(got, axis, 1, got.shape[int(axis)]), part(right, axis, 0, got.shape[int(axis)] - 1)
    ),
    r"One step early along axis (\d): .*": lambda got, right, axis: near(
        part(got, axis, 0, got.shape[int(axis)] - 1), part(right, axis, 1, got.shape[int(axis)])
    ),
    r"Along axis (\d) the right values are there, in another order\.": lambda got, right, axis: near(
        np.sort(got, int(axis)), np.sort(right, int(axis))
    ),
    r"All your values are NaN or infinite\.": lambda got, right: not np.isfinite(got).any(),
    r"(Right|Finite) along axis (\d) before index (\d), not finite from there on\.": lambda got, right, how, axis, i: (
        np.isfinite(part(got, axis, 0, int(i))).all()
        and not np.isfinite(part(got, axis, int(i), got.shape[int(axis)])).any()
        and (how == "Finite" or near(part(got, axis, 0, int(i)), part(right, axis, 0, int(i))))
    ),
    r"Along axis (\d) index (\d) is not finite, all else is\.": lambda got, right, axis, i: (
        np.isfinite(np.delete(got, int(i), int(axis))).all() and not np.isfinite(np.take(got, int(i), int(axis))).any()
    ),
    r"Minus infinity is the logarithm of zero: .*": lambda got, right: (got[~np.isfinite(got)] == -np.inf).all(),
}

FEW = st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -0.5, 0.25, 1.5, 0.75])
MANY = st.floats(-4, 4, width=32)
SHAPE = arrays.array_shapes(min_dims=1, max_dims=3, max_side=4)


@st.composite
def wrong_and_right(draw):
    """Two arrays that often have to do with each other."""
    dtype = draw(st.sampled_from(["float32", "float32", "int64", "bool"]))
    elements = (
        st.booleans()
        if dtype == "bool"
        else st.integers(-2, 6)
        if dtype == "int64"
        else draw(st.sampled_from([FEW, MANY]))
    )
    right = draw(arrays.arrays(dtype, SHAPE, elements=elements))
    got = draw(arrays.arrays(dtype, st.just(right.shape) | SHAPE, elements=elements))
    axis = draw(st.integers(0, right.ndim - 1))
    related = [
        got, right * 2, -right if dtype != "bool" else ~right, np.flip(right, axis), right.T, np.roll(right, 1, axis),
        right.sum(axis), np.sort(right, axis), np.take(right, [0], axis), right + 1, np.tanh(right), np.exp(right),
        softmax(right.astype("float32"), axis), np.log(softmax(right.astype("float32"), axis)), right[..., None],
    ]  # fmt: skip
    got = np.array(draw(st.sampled_from(related)))
    if dtype == "float32" and got.size and draw(st.booleans()):
        value = draw(st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 9.0]))
        got = got.astype(dtype)
        got[tuple(draw(st.integers(0, size - 1)) for size in got.shape[: draw(st.integers(0, got.ndim))])] = value
    return got.astype(dtype), right


@settings(max_examples=600, deadline=None)
@anything(wrong_and_right())
@example((np.float32([1, 2**-9, 0]), np.float32([1, 0, 0])))  # wrong for the judge, though by little
def test_every_diagnosis_is_true(pair):
    got, right = pair
    words = said(got, right)
    assume(words and not judge(Outcome({"h": got}), Outcome({"h": right}), DEFAULT).passed)
    matches = [(match, check) for pattern, check in TRUE.items() if (match := re.fullmatch(pattern, words))]
    assert len(matches) == 1, words
    ((match, check),) = matches
    with np.errstate(all="ignore"):
        numbers = [values.astype(np.float64) for values in (got, right)]
        assert check(*numbers, *match.groups()), words


FLOATS = st.integers(0, 10**6).flatmap(
    lambda seed: SHAPE.map(lambda shape: (draw(*shape, seed=seed), draw(*shape, seed=seed + 1)))
)


@settings(max_examples=200, deadline=None)
@anything(FLOATS)
def test_unrelated_values_get_no_diagnosis(pair):
    got, right = pair
    assume(got.size >= 4)
    assert said(got, right, sizes={"N": 3, "T": 5, "H": 4}) == ""


ANY = st.sampled_from(["float64", "float32", "float16", "int64", "int8", "uint8", "bool"]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=3, max_dims=6))
)


@settings(max_examples=200, deadline=None)
@anything(got=ANY, right=ANY)
def test_no_tensor_breaks_the_judge(got, right):
    judge(Outcome({"h": got}), Outcome({"h": right}), DEFAULT)
