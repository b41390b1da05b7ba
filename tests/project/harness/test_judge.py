"""Every kind of verdict, in the order in which the judge looks for it, with its exact words."""

import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from harness.graded import Case
from harness.judge import CAUSE, PARAMETERS, Kind, Verdict, differ, judge, telling_order
from harness.marks import Tolerance
from harness.outcome import NOT_STARTED, Fault, Outcome
from tests.project.harness.samples import FAULT, UNREGISTERED, array

DEFAULT = Tolerance()


def judged(shown, expected, tolerance=DEFAULT, parameters=None, fault=None, contract=None, sizes=None):
    outcome = Outcome(shown, parameters or {}, fault)
    return judge(outcome, Outcome(expected, contract or {}, sizes=sizes or {}), tolerance)


def test_equal_and_nearly_equal_pass():
    assert judged({"x": array(1, 2)}, {"x": array(1, 2)}).passed
    assert judged({"x": array(1.00009, 2)}, {"x": array(1, 2)}).passed
    assert judged({"x": "3"}, {"x": "3"}).passed
    assert judged({"x": array(1), "more": array(2)}, {"x": array(1)}).passed
    assert judged({"x": array(-np.inf, 1)}, {"x": array(-np.inf, 1)}).passed
    assert judged({"x": array()}, {"x": array()}).passed


WORDS = [
    (
        Kind.NOT_STARTED,
        partial(judged, {}, {"h": array(1)}, fault=Fault(NOT_STARTED, "naive.LSTM", "models/naive/LSTM.py:57")),
        "Not implemented yet: naive.LSTM (models/naive/LSTM.py:57).",
    ),
    (
        Kind.FAULT,
        partial(judged, {"h": array(1)}, {"h": array(1), "c": array(2)}, fault=FAULT),
        "models/naive/LSTM.py:57, in forward\n  TypeError: 'NoneType' object is not iterable\n"
        "Something on this line is None: the result of a function without `return`, or an argument left out.",
    ),
    (
        Kind.FAULT,
        partial(judged, {}, {"h": array(1)}, fault=Fault("AssertionError", "", "the test")),
        "the test\n  AssertionError",
    ),
    (
        Kind.MISSING,
        partial(judged, {"c": array(1)}, {"h": array(1, 2), "c": array(1)}),
        "h: nothing was shown; expected a tensor of shape (2,).",
    ),
    (
        Kind.FORM,
        partial(judged, {"h": "a tuple of 2"}, {"h": array(1, 2)}),
        "h: expected a tensor of shape (2,), got a tuple of 2.\n"
        "One tensor is asked for: are more things returned, or does a comma at the end of a line make a tuple?",
    ),
    (
        Kind.FORM,
        partial(judged, {"h": "None"}, {"h": array(1, 2)}),
        "h: expected a tensor of shape (2,), got None.\nYour code has returned None for it: is a `return` missing?",
    ),
    (
        Kind.FORM,
        partial(judged, {"gradient of x": "None"}, {"gradient of x": array(1, 2)}),
        "gradient of x: expected a tensor of shape (2,), got None.\n"
        "No gradient arrives there: it is not used, or something on the way from it to the result cuts the graph "
        "(`detach`, `.data`, `.item()`, `torch.no_grad`, a new tensor made of numbers).",
    ),
    (
        Kind.FORM,
        partial(judged, {"loss": array(1)}, {"loss": "1.0"}),
        "loss: expected 1.0, got a tensor of shape (1,).\n"
        "A plain number is asked for; `.item()` takes it out of a tensor.",
    ),
    (
        Kind.VALUES,
        partial(judged, {"h": np.float32(2), "c": array(1)}, {"h": np.float32(1.5), "c": array(1)}),
        "h: expected 1.5000, got 2.0000.\nRight in this test: c.",
    ),
    (
        Kind.FORM,
        partial(judged, {"an empty batch": "no exception"}, {"an empty batch": "ValueError"}),
        "an empty batch: expected ValueError, got no exception.",
    ),
    (
        Kind.FORM,
        partial(judged, {"h": array(1, 2)}, {"h": "None"}),
        "h: expected None, got a tensor of shape (2,).",
    ),
    (
        Kind.SHAPE,
        partial(judged, {"h": np.zeros((5, 4))}, {"h": np.zeros((4, 5), "float32")}),
        "h: expected shape (4, 5), got (5, 4).\nThese are the right sizes in another order: have axes changed places?",
    ),
    (
        Kind.DTYPE,
        partial(judged, {"h": array(1, dtype="float64")}, {"h": array(1)}),
        "h: expected dtype float32, got float64.\n"
        "A tensor on the way is of float64; make new ones with the dtype of what you were given.",
    ),
    (
        Kind.NOT_FINITE,
        partial(judged, {"h": array(1, np.nan, np.inf, 9)}, {"h": array(1, 2, 3, 4)}),
        "h: nan at [1]; 50% of the values are not finite.",
    ),
    (
        Kind.VALUES,
        partial(judged, {"h": array([1, 2.5], [3, 4.5])}, {"h": array([1, 2], [3, 4])}),
        "h at [0, 1]: expected 2.0000, got 2.5000; 50% of 4 values differ.\nRight at index 0 of axis 1 only.",
    ),
    (
        Kind.VALUES,
        partial(judged, {"loss": np.float32(2)}, {"loss": np.float32(1.5)}),
        "loss: expected 1.5000, got 2.0000.",
    ),
    (
        Kind.VALUES,
        partial(judged, {"ids": array(*range(200), dtype="int64")}, {"ids": array(7, *range(1, 200), dtype="int64")}),
        "ids at [0]: expected 7, got 0; under 1% of 200 values differ.\n"
        "Right along axis 0, but for the first (index 0).",
    ),
    (
        Kind.VALUES,
        partial(judged, {"h": array(-np.inf, 1)}, {"h": array(np.inf, 1)}),
        "h at [0]: expected inf, got -inf; 50% of 2 values differ.\nAll values are right but for their signs.",
    ),
    (
        Kind.VALUES,
        partial(judged, {"mask": array(True, False, dtype="bool")}, {"mask": array(True, True, dtype="bool")}),
        "mask at [1]: expected True, got False; 50% of 2 values differ.",
    ),
]


@pytest.mark.parametrize(("kind", "verdict", "words"), WORDS, ids=[f"{kind} {n}" for n, (kind, *_) in enumerate(WORDS)])
def test_the_judges_words(kind, verdict, words):
    verdict = verdict()
    assert (verdict.kind, verdict.message) == (kind, words)
    assert not verdict.passed


def test_the_cause_of_a_fault_is_told_before_the_fault():
    shown, expected = {"h": array(9)}, {"h": array(1), "c": array(2)}
    verdict = judged(shown, expected, fault=FAULT)
    assert verdict.kind is Kind.FAULT
    assert verdict.message.startswith("models/naive/LSTM.py:57, in forward\n")
    assert verdict.message.endswith("\nBefore that, h at [0]: expected 1.0000, got 9.0000.")
    in_test = Fault("RuntimeError", "torch.cat(): expected a list", "this line of the test fails with it:\n  cat(x)")
    verdict = judged(shown, expected, fault=in_test)
    assert verdict.kind is Kind.VALUES
    assert verdict.message == (
        "h at [0]: expected 1.0000, got 9.0000.\n"
        "Then this line of the test fails with it:\n  cat(x)\n  RuntimeError: torch.cat(): expected a list"
    )
    assert judged({"h": array(1)}, expected, fault=in_test).kind is Kind.FAULT


def test_the_most_telling_failure_comes_first():
    in_test = "this line of the test fails with what your code gave it"
    order = [
        Verdict(Kind.FAULT, "models/naive/LSTM.py:57, in forward"),
        Verdict(Kind.VALUES, "Your module lacks parameters.", why=PARAMETERS),
        Verdict(Kind.FORM),
        Verdict(Kind.SHAPE),
        Verdict(Kind.DTYPE),
        Verdict(Kind.NOT_FINITE, hint="Which axis?"),
        Verdict(Kind.NOT_FINITE),
        Verdict(Kind.VALUES, hint="Which state?"),
        Verdict(Kind.VALUES, why=CAUSE),
        Verdict(Kind.FAULT, in_test),
    ]
    ranks = [telling_order(verdict) for verdict in order]
    assert ranks == sorted(set(ranks))
    assert telling_order(Verdict(Kind.FAULT, in_test)) == telling_order(Verdict(Kind.VALUES)), "neither names a cause"


def test_values_beside_a_right_mode_come_after_tests_about_them():
    expected = {"mode meanwhile": "evaluation", "tokens": array(1, 2, 3, 4)}
    wrong = judged(expected | {"tokens": array(1, 2, 9, 4)}, expected)
    assert wrong.why == CAUSE
    assert telling_order(Verdict(Kind.VALUES, hint="h")) < telling_order(replace(wrong, hint="h"))
    assert telling_order(judged(expected | {"mode meanwhile": "training"}, expected)) < telling_order(wrong), (
        "the mode itself"
    )
    of_mode = {"hidden in training mode": array(1, 2, 3, 4)}
    assert not judged({"hidden in training mode": array(1, 2, 9, 4)}, of_mode).beside


def test_a_gradient_that_is_not_finite_is_not_mended_by_replacing_values():
    right = {"finite values in the gradient of hidden": np.array([True, True])}
    verdict = judged({"finite values in the gradient of hidden": np.array([True, False])}, right)
    assert "0 / 0, the root of 0 or the logarithm of 0, also where `where`, `nan_to_num`" in verdict.message


def test_every_kind_has_words():
    worded_elsewhere = {Kind.PASSED, Kind.REFUSED}
    assert {kind for kind, *_ in WORDS} | worded_elsewhere == set(Kind)


def test_a_wrong_value_far_from_float32_is_still_worded():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert judged({"x": array(3e38)}, {"x": array(-3e38)}).kind is Kind.VALUES


@pytest.mark.parametrize(
    ("right", "got", "words"),
    [
        (1.0, 1.5, "expected 1.0000, got 1.5000"),
        (0.5, 0.50009, "expected 0.5000, got 0.5001"),
        (0.00001, 0.00004, "expected 0.000010, got 0.000040"),
    ],
)
def test_two_numbers_that_differ_look_different(right, got, words):
    assert words in judged({"x": array(got)}, {"x": array(right)}).message


def test_a_verdict_names_its_case():
    case = Case("one row", {"N": 1, "T": 4})
    verdict = judged({"x": array(2)}, {"x": array(1)})
    assert verdict.within(case).message == f"In the case N = 1, T = 4:\n{verdict.message}"
    assert verdict.within(Case("", {})) == verdict
    assert Verdict(Kind.PASSED).within(case) == Verdict(Kind.PASSED)


def test_words_say_what_was_checked_unless_nothing_was():
    assert Verdict(Kind.VALUES, "one\ntwo").words("What is checked.") == ["What is checked.", "one", "two"]
    assert Verdict(Kind.NOT_STARTED, "one").words("What is checked.") == ["one"]


def test_the_test_sets_the_tolerance():
    shown, expected = {"x": array(1.01)}, {"x": array(1)}
    assert judged(shown, expected).kind is Kind.VALUES
    assert judged(shown, expected, Tolerance(rtol=0.02)).passed
    assert judged(shown, expected, Tolerance(rtol=0, atol=0.02)).passed


def test_a_difference_in_parameters_is_said_first():
    shown, expected = {"h": array(1)}, {"h": array(2)}
    contract = {"lstm": {"W_ii": [3, 5], "b_ii": [5]}}
    verdict = judged(shown, expected, parameters={"lstm": {"W_ii": [3, 5], "bias": [5]}}, contract=contract)
    assert verdict.message == (
        "Your module lacks parameters of the contract: b_ii (5,). It has bias, which the contract does not name.\n"
        "h at [0]: expected 2.0000, got 1.0000."
    )
    verdict = judged(shown, expected, parameters={"lstm": {"W_ii": [5, 3], "b_ii": [5]}}, contract=contract)
    assert verdict.message.startswith("Parameter W_ii: expected shape (3, 5), got (5, 3). Its axes are exchanged.\n")
    assert verdict.kind is Kind.VALUES
    verdict = judged(
        shown, expected, parameters={"": {"w": [43, 6]}}, contract={"": {"w": [13, 6]}}, sizes={"M": 13, "H": 6}
    )
    assert verdict.message.startswith(
        "Parameter w: expected shape (13, 6), that is (M, H), got (43, 6). Where do the 43"
    )
    verdict = judged(
        shown, expected, parameters={"": {"w": [5, 6]}}, contract={"": {"w": [13, 6]}}, sizes={"M": 13, "H": 6, "V": 5}
    )
    assert "got (5, 6), that is (V, H).\n" in verdict.message
    assert judged(expected, expected, parameters={"lstm": {}}, contract=contract).passed  # explains, decides nothing


def test_a_parameter_that_is_there_but_not_registered_is_named_with_the_reason():
    def said(*missing):
        outcome = Outcome({"h": array(1)}, {"": {"bias": [1]}}, unregistered=UNREGISTERED | {"other": "run: rm"})
        contract = {"": {"bias": [1], **{name: [2] for name in missing}}}
        return judge(outcome, Outcome({"h": array(2)}, contract), Tolerance()).message.splitlines()[1:-1]

    assert said("W", "V") == [
        "self.W, self.V: a plain tensor, which no optimizer finds and no file keeps; wrap it in nn.Parameter."
    ]
    assert said("keys.0.weight", "keys.0.bias", "keys.1.weight") == [
        "self.keys: a Python list, whose layers do not belong to the module; nn.ModuleList makes them do so."
    ]
    assert "a comma at the end of a line makes one" in said("norm.weight")[0]
    assert said("final.weight") == ["self.final: a class; a layer is made by calling it with its sizes."]
    assert said("queries.1.weight")[0].startswith("self.queries.1: the same layer under another name")
    assert said("absent", "other") == [], "what the child says is taken for one of few words, or not at all"


def test_values_that_change_in_a_second_run_are_called_random():
    once, again, infinite = (Outcome({"h": array(*values)}) for values in ((1, 2), (1, 3), (1, np.nan)))
    assert differ(once, again)
    assert not differ(once, once)
    assert not differ(infinite, infinite)
    assert not differ(once, Outcome(fault=FAULT))
