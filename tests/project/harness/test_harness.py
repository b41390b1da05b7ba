"""The harness that graded tests run in: inputs that never change, outcomes that travel, one judge for all words."""

import json
import re
import struct
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given as anything
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import nn

from harness import show as show_module
from harness.answers import Answers, Unsteady, check_head_room, check_margins, check_seeds_matter, make
from harness.contract import Assignment
from harness.given import Given
from harness.graded import TESTS, Case, GradedTest
from harness.judge import CAUSE, PARAMETERS, Kind, Verdict, differ, judge, telling
from harness.marks import Tolerance
from harness.outcome import MOST_NODES, NOT_STARTED, Fault, Outcome, decode, digest, encode
from harness.run import run
from harness.seeds import Seed
from harness.show import MAX_ELEMENTS, Show
from harness.tree import Tree
from harness.verdicts import name_needed

TEST = "models/naive/test_LSTM.py::test_a"


def array(*values, dtype="float32"):
    return np.array(values, dtype=dtype)


# given: the same numbers on every machine. A change of these bytes invalidates every reference.


def test_golden_bytes_of_uniform():
    values = Given("0", TEST).uniform("x", 2, 3)
    assert values.numpy().tobytes().hex() == "b0ce293f18a06ebec01068bfa4e7d93ed8dc2cbe80494d3f"


def test_golden_integers_and_sizes():
    given = Given("0", TEST)
    assert given.integers("t", 8, low=4, high=20).tolist() == [5, 17, 4, 18, 15, 15, 13, 4]
    assert [given.size(name, 2, 9) for name in "NTH"] == [4, 2, 5]


def test_golden_sentences():
    assert Given("0", TEST).sentences("s", 4, 6, 12).tolist() == [
        [2, 8, 10, 6, 5, 3],
        [2, 7, 10, 5, 5, 3],
        [2, 7, 5, 9, 3, 1],
        [2, 5, 3, 1, 1, 1],
    ]


def test_golden_parameters():
    layer = Given("0", TEST).parameters(nn.Linear(2, 2), "k")
    assert layer.weight.tolist() == [
        [-0.3860442340373993, -0.9589219093322754],
        [0.7079117894172668, 1.1764382123947144],
    ]
    assert layer.bias.tolist() == [0.2969321012496948, 0.44527316093444824]
    assert not layer.training


def test_every_part_of_a_name_changes_the_numbers():
    streams = [
        Given("0", TEST).uniform("x", 6),
        Given("1", TEST).uniform("x", 6),
        Given("0", TEST + "[1]").uniform("x", 6),
        Given("0", TEST).uniform("y", 6),
        Given("0", TEST).uniform("x", 2, 3).reshape(6),
        Given("0", TEST).parameters(nn.Linear(3, 2, bias=False), "one").weight.reshape(6),
        Given("0", TEST).parameters(nn.Linear(3, 2, bias=False), "two").weight.reshape(6),
    ]
    assert len({tuple(stream.tolist()) for stream in streams}) == len(streams)


def test_torchs_random_stream_is_neither_used_nor_moved():
    before = torch.get_rng_state()
    first = Given("0", TEST).uniform("x", 5)
    torch.manual_seed(1)
    assert torch.equal(first, Given("0", TEST).uniform("x", 5))
    torch.set_rng_state(before)


def test_parameters_do_not_depend_on_the_order_of_creation():
    class Two(nn.Module):
        def __init__(self, names):
            super().__init__()
            for name in names:
                setattr(self, name, nn.Linear(3, 4))

    one, other = (Given("0", TEST).parameters(Two(names)).state_dict() for names in ("ab", "ba"))
    assert all(torch.equal(one[name], other[name]) for name in one)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden_in = nn.Linear(2, 3)
        self.W_ii = nn.Parameter(torch.zeros(2, 2))


class Gathered(nn.Module):
    """The parameters of Plain, gathered in containers first and called by their names then."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
        self.hidden_in = self.net[0]
        self.weights = nn.ParameterDict({"W_ii": torch.zeros(2, 2)})
        self.W_ii = self.weights["W_ii"]


def test_of_several_names_of_a_parameter_the_least_nested_counts():
    outcomes, modules = [Outcome(), Outcome()], [Plain(), Gathered()]
    for outcome, module in zip(outcomes, modules, strict=True):
        Given("0", TEST, outcome).parameters(module)
        (module.hidden_in(torch.ones(2)).sum() + module.W_ii.sum()).backward()
        show = Show(outcome)
        show("weight", module.hidden_in.weight)
        show("bias", module.hidden_in.bias)
        show("W_ii", module.W_ii)
        show.gradients(module)
    plain, gathered = outcomes
    assert plain.parameters == gathered.parameters
    assert judge(gathered, plain, Tolerance()).passed


def test_a_tied_weight_is_filled_alike_whichever_layer_was_made_first():
    filled = []
    for first, second in (("embedding", "decoder"), ("decoder", "embedding")):
        module = nn.ModuleDict({name: nn.Linear(2, 3, bias=False) for name in (first, second)})
        module[second].weight = module[first].weight
        filled.append(Given("0", TEST).parameters(module).get_parameter("decoder.weight"))
    assert torch.equal(*filled)


def test_values_keep_their_bounds_and_integers_their_range():
    given = Given("0", TEST)
    values = given.uniform("x", 1000, low=-3, high=2)
    assert -3 <= values.min() < -2.9
    assert 1.9 < values.max() < 2
    assert set(given.integers("i", 1000, low=4, high=9).tolist()) == {4, 5, 6, 7, 8}


def test_sizes_differ_until_none_is_left():
    given = Given("5", TEST)
    assert sorted(given.size(f"s{number}", 2, 4) for number in range(3)) == [2, 3, 4]
    with pytest.raises(ValueError, match="no size is left between 2 and 4 for 'x'"):
        given.size("x", 2, 4)


@pytest.mark.parametrize("seed", [Seed("ab12"), Seed("0.3"), Seed("ab", "same", "0"), Seed("a", "other", "0.3")])
def test_a_seed_keeps_its_parts(seed):
    assert Seed.parse(str(seed)) == seed
    assert seed.redrawn(0) == seed
    assert seed.redrawn(2) == Seed(f"{seed.values}.2", seed.sizes, seed.than)


@pytest.mark.parametrize("name", ["a~same", "a~smaller:0", "a~same:0~other:1"])
def test_what_is_no_seed_is_refused(name):
    with pytest.raises(ValueError, match="a seed is VALUES"):
        Seed.parse(name)


SIZES = st.lists(st.tuples(st.integers(2, 5), st.integers(0, 3)).map(lambda pair: (pair[0], sum(pair))), max_size=4)


@settings(max_examples=200, deadline=None)
@anything(public=st.integers(0, 9), ranges=SIZES)
def test_sizes_are_the_published_ones_or_others(public, ranges):
    def draw(seed):
        given, sizes = Given(seed, TEST), []
        for number, (low, high) in enumerate(ranges):
            try:
                sizes.append(given.size(f"s{number}", low, high))
            except ValueError:  # all are taken
                break
        return sizes

    expected, same, other = (draw(seed) for seed in (f"{public}", f"a~same:{public}", f"a~other:{public}"))
    assert same == expected
    for number, (size, (low, high)) in enumerate(zip(other, ranges, strict=False)):
        choices = set(range(low, high + 1)) - set(other[:number])
        assert size in choices
        assert size != expected[number] or choices == {size}


def test_the_same_sizes_come_with_other_values():
    one, other = Given("0", TEST), Given("a~same:0", TEST)
    assert one.size("N", 2, 9) == other.size("N", 2, 9)
    assert not torch.equal(one.uniform("x", 6), other.uniform("x", 6))
    assert torch.equal(Given("a~other:0", TEST).uniform("x", 6), other.uniform("x", 6))


def test_what_was_handed_out_is_noted():
    outcome = Outcome()
    given = Given("0", TEST, outcome)
    N = given.size("N", 2, 5)
    x, rows = given.uniform("x", N, 3), given.sentences("s", 4, 6, 12)
    given.parameters(nn.Linear(2, 2))
    assert outcome.sizes == {"N": N, "padding of s": 4}
    assert outcome.inputs == {"x": digest(x.numpy()), "s": digest(rows.numpy())}
    assert digest(x.numpy().T) != digest(x.numpy())


def test_a_key_names_one_module():
    given = Given("0", TEST)
    given.parameters(nn.Linear(2, 2), "encoder")
    with pytest.raises(ValueError, match="filled a module with key 'encoder' before"):
        given.parameters(nn.Linear(2, 2), "encoder")


def test_double_runs_see_the_same_numbers():
    single = Given("0", TEST).uniform("x", 50)
    torch.set_default_dtype(torch.float64)
    try:
        double = Given("0", TEST).uniform("x", 50)
    finally:
        torch.set_default_dtype(torch.float32)
    assert double.dtype == torch.float64
    assert torch.equal(double, single.double())


# outcome: to bytes and back, and no bytes do harm.


def same(one: Outcome, other: Outcome) -> bool:
    def plain(outcome):
        return [
            (name, value if isinstance(value, str) else (value.dtype.str, value.shape, value.tobytes()))
            for name, value in outcome.shown.items()
        ]

    notes = [(each.parameters, each.fault, each.sizes, each.inputs) for each in (one, other)]
    return plain(one) == plain(other) and notes[0] == notes[1]


DTYPES = st.sampled_from(["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"])
ARRAYS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=3)))
OUTCOMES = st.builds(
    Outcome,
    shown=st.dictionaries(st.text(max_size=5), st.one_of(ARRAYS, st.text(max_size=9)), max_size=4),
    parameters=st.dictionaries(st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.lists(st.integers(0, 9)))),
    fault=st.none() | st.builds(Fault, st.text(max_size=5), st.text(max_size=5), st.text(max_size=5)),
    sizes=st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
    inputs=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
)


@settings(max_examples=50, deadline=None)
@anything(outcomes=st.dictionaries(st.text(max_size=5), OUTCOMES, max_size=3))
def test_outcomes_survive_the_journey(outcomes):
    arrived, header = decode(encode(outcomes, {"torch": "2"}))
    assert header == {"torch": "2"}
    assert list(arrived) == list(outcomes)
    assert all(same(arrived[name], outcomes[name]) for name in outcomes)


def test_the_same_outcomes_give_the_same_bytes():
    outcome = Outcome({"b": array(1, 2), "a": array(3, dtype="int64")}, {"": {"w": [2]}}, None)
    header = dict.fromkeys("fedcba", "x")
    assert len({encode({"t": outcome}, header) for _ in range(20)}) == 1
    (length,) = struct.unpack("<Q", encode({"t": outcome}, header)[:8])
    metadata = json.loads(encode({"t": outcome}, header)[8 : 8 + length])["__metadata__"]
    assert list(metadata) == sorted(metadata)  # as safetensors writes it, the order is drawn


def test_kinds_of_nodes_travel_in_letters_and_bounded_and_are_never_stored():
    outcome = Outcome(nodes={"MulBackward", "<b>"} | {"A" * length for length in range(1, 300)})
    arrived = decode(encode({"": outcome}, nodes=True))[0][""].nodes
    assert len(arrived) <= MOST_NODES
    assert all(re.fullmatch("[A-Za-z]{1,80}", kind) for kind in arrived)
    assert decode(encode({"": Outcome(nodes={"MulBackward"})}, nodes=True))[0][""].nodes == {"MulBackward"}
    assert encode({"": Outcome(nodes={"MulBackward"})}) == encode({"": Outcome()})


def test_a_shown_tensor_tells_which_operations_it_comes_from():
    outcome = Outcome()
    weight = nn.Parameter(torch.ones(2))
    Show(outcome)("plain", torch.ones(2))
    Show(outcome)("state", (torch.tanh(weight * 2), 3))
    assert outcome.nodes == {"TanhBackward", "MulBackward", "AccumulateGrad"}


def test_of_a_long_history_a_bounded_part_is_read(monkeypatch):
    value = nn.Parameter(torch.ones(1)).sin()
    for _ in range(100):
        value = value + 1
    monkeypatch.setattr(show_module, "MAX_NODES", 50)
    assert show_module.nodes(value) == {"AddBackward"}


@settings(max_examples=300, deadline=None)
@anything(data=st.binary(max_size=200))
def test_garbage_is_a_value_error(data):
    with pytest.raises(ValueError, match="not an outcome"):
        decode(data)


ENCODED = encode({"": Outcome({"x": array(1, 2, 3), "y": "a fact"}, {"k": {"w": [2, 3]}}, Fault("a", "b", "c"))})


@settings(max_examples=400, deadline=None)
@anything(changes=st.lists(st.tuples(st.integers(0, len(ENCODED) - 1), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_outcomes_are_outcomes_or_a_value_error(changes):
    data = bytearray(ENCODED)
    for place, byte in changes:
        data[place] = byte
    expect_outcomes_or_value_error(bytes(data))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NOTES = ("shown", "parameters", "fault", "sizes", "inputs", "nodes")
KEYS = st.fixed_dictionaries({}, optional=dict.fromkeys(NOTES, JSON))


@settings(max_examples=300, deadline=None)
@anything(notes=st.dictionaries(st.text(max_size=3), KEYS | JSON, max_size=2) | JSON)
def test_forged_notes_are_outcomes_or_a_value_error(notes):
    header = json.dumps({"__metadata__": {"outcomes": json.dumps(notes)}}).encode()
    expect_outcomes_or_value_error(struct.pack("<Q", len(header)) + header)


@pytest.mark.parametrize("depth", [1000, 100_000])
def test_deeply_nested_notes_are_a_value_error(depth):
    header = json.dumps({"__metadata__": {"outcomes": "[" * depth + "]" * depth}}).encode()
    expect_outcomes_or_value_error(struct.pack("<Q", len(header)) + header)


def expect_outcomes_or_value_error(data: bytes) -> None:
    """What decodes can be judged."""
    try:
        outcomes, _ = decode(data)
    except ValueError:
        return
    for outcome in outcomes.values():
        judge(outcome, Outcome({"x": array(1, 2, 3)}, {"k": {"w": [2, 3]}}), Tolerance())


# judge: every kind, in the order in which it is looked for, with its exact words.

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


FAULT = Fault("TypeError", "'NoneType' object is not iterable", "models/naive/LSTM.py:57, in forward")
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


def test_of_a_fault_and_an_earlier_difference_the_cause_is_told_first():
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


def test_failing_tests_are_told_in_the_order_of_what_they_tell():
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
    ranks = [telling(verdict) for verdict in order]
    assert ranks == sorted(set(ranks))
    assert telling(Verdict(Kind.FAULT, in_test)) == telling(Verdict(Kind.VALUES)), "neither names a cause"


def test_values_beside_a_right_mode_are_told_after_tests_about_them():
    expected = {"mode meanwhile": "evaluation", "tokens": array(1, 2, 3, 4)}
    wrong = judged(expected | {"tokens": array(1, 2, 9, 4)}, expected)
    assert wrong.why == CAUSE
    assert telling(Verdict(Kind.VALUES, hint="h")) < telling(replace(wrong, hint="h"))
    assert telling(judged(expected | {"mode meanwhile": "training"}, expected)) < telling(wrong), "the mode itself"
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


def test_what_was_checked_is_said_where_something_was():
    assert Verdict(Kind.VALUES, "one\ntwo").words("What is checked.") == ["What is checked.", "one", "two"]
    assert Verdict(Kind.NOT_STARTED, "one").words("What is checked.") == ["one"]


def test_the_tolerance_is_the_tests():
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


class Unregistered(nn.Module):
    """Has one parameter, seven attributes that its module does not know, and a layer that it knows twice."""

    def __init__(self):
        super().__init__()
        self.W, self.V = torch.ones(2, 3), torch.ones(3)
        self.keys = [nn.Linear(2, 2), nn.Linear(2, 2)]
        self.norm = (nn.LayerNorm(2),)
        self.final = nn.Linear
        self.gates = {"i": nn.Parameter(torch.ones(1))}
        self.register_buffer("scale", torch.ones(1))
        self.bias = nn.Parameter(torch.ones(1))
        self.queries = nn.ModuleList([nn.Linear(2, 2)] * 2)


UNREGISTERED = {
    "W": "tensor", "V": "tensor", "keys": "list of layers", "norm": "tuple", "final": "class",
    "gates": "dict of tensors", "scale": "buffer", "queries.1": "shared",
}  # fmt: skip


def test_what_a_module_does_not_know_is_noted_and_sent():
    outcome = Outcome()
    Given("0", TEST, outcome).parameters(Unregistered())
    assert outcome.unregistered == UNREGISTERED
    assert decode(encode({"": outcome}))[0][""] == outcome
    assert b"unregistered" not in encode({"": Outcome()})
    tied = Outcome()
    Given("0", TEST, tied).parameters(nn.Sequential(nn.Linear(2, 2), nn.LSTM(2, 2), nn.TransformerEncoderLayer(4, 1)))
    assert tied.unregistered == {}


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


def test_values_that_a_second_run_does_not_give_are_random():
    once, again, infinite = (Outcome({"h": array(*values)}) for values in ((1, 2), (1, 3), (1, np.nan)))
    assert differ(once, again)
    assert not differ(once, once)
    assert not differ(infinite, infinite)
    assert not differ(once, Outcome(fault=FAULT))


# show: copies at once, and tells plain tensors from all else.


def shown(**values):
    outcome = Outcome()
    show = Show(outcome)
    for name, value in values.items():
        show(name, value)
    return outcome.shown


def test_a_shown_tensor_is_copied_at_once():
    tensor = torch.zeros(2, 3)
    values = shown(whole=tensor, view=tensor[:, 1], turned=tensor.T)
    tensor += 1
    assert not any(value.any() for value in values.values())
    assert values["turned"].shape == (3, 2)


class Sneaky(torch.Tensor):
    def __eq__(self, other):
        return True


class States(NamedTuple):
    h: torch.Tensor
    c: torch.Tensor | None


class Odd:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "fact"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (1.5, "1.5"),
        ("text", "'text'"),
        ("x" * 999, "'" + "x" * 199),
        (torch.Size([2, 3]), "(2, 3)"),
        ({"a": 1}, "a dict of 1"),
        ([0] * 9, "a list of 9"),
        (Odd(), "an Odd"),
        (np.zeros(3), "a ndarray"),
        (nn.Module(), "a Module"),
        (torch.zeros(2).as_subclass(Sneaky), "a float32 tensor of shape (2,) (Sneaky)"),
        (torch.zeros(2, dtype=torch.bfloat16), "a bfloat16 tensor of shape (2,) (Tensor)"),
        (torch.zeros(2, dtype=torch.complex64), "a complex64 tensor of shape (2,) (Tensor)"),
        (torch.zeros(2, dtype=torch.int64).as_subclass(Sneaky), "an int64 tensor of shape (2,) (Sneaky)"),
        (torch.zeros(2, 2).to_sparse(), "a float32 tensor of shape (2, 2) (Tensor)"),
        (torch.zeros(1).expand(MAX_ELEMENTS + 1), f"a tensor of shape ({MAX_ELEMENTS + 1},), too large to compare"),
    ],
)
def test_what_is_no_plain_tensor_becomes_a_fact(value, fact):
    assert shown(x=value) == {"x": fact}


def test_a_tuple_is_shown_element_by_element():
    values = shown(states=(torch.ones(2), None), inner=[(1, 2)])
    assert list(values) == ["states", "states[0]", "states[1]", "inner", "inner[0]", "inner[0][0]", "inner[0][1]"]
    assert values["states"] == "a tuple of 2"
    assert values["states[1]"] == "None"


def test_a_named_tuple_is_a_tuple():
    values = shown(states=States(torch.ones(2), None))
    assert values["states"] == "a tuple of 2"
    assert list(values) == ["states", "states[0]", "states[1]"]


def test_tensors_that_need_care_are_shown():
    values = shown(
        parameter=nn.Parameter(torch.ones(2)), scalar=torch.tensor(2.0), empty=torch.ones(0, 3), negative=-torch.ones(1)
    )
    assert [value.shape for value in values.values()] == [(2,), (), (0, 3), (1,)]


def test_a_name_is_shown_once():
    show = Show(Outcome())
    show("x", 1)
    with pytest.raises(ValueError, match="shown 'x' before"):
        show("x", 2)


def test_gradients_are_shown_by_name():
    layer = nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    layer.bias.grad = None
    outcome = Outcome()
    Show(outcome).gradients(layer)
    assert outcome.shown["gradient of weight"].tolist() == [[1, 1]]
    assert outcome.shown["gradient of bias"] == "None"


def stop(error):
    raise error


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        (ValueError("head 3 of 4"), "ValueError that mentions 3 and 4"),
        (UnicodeError("3 and 4"), "ValueError that mentions 3 and 4"),
        (ValueError("no"), "ValueError that does not mention 3 and 4"),
        (TypeError("3 4"), "TypeError"),
    ],
)
def test_raises_shows_the_kind_of_exception(error, fact):
    outcome = Outcome()
    Show(outcome).raises("an odd size", ValueError, partial(stop, error), mentions=(3, 4))
    assert outcome.shown == {"an odd size": fact}


def test_raises_lets_a_todo_through():
    show = Show(Outcome())
    with pytest.raises(NotImplementedError):
        show.raises("why", ValueError, partial(stop, NotImplementedError("naive.LSTM")))
    outcome = Outcome()
    Show(outcome).raises("why", ValueError, lambda: None)
    assert outcome.shown == {"why": "no exception"}


# run: whatever happens in a test becomes an outcome, and nothing stays behind.


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "work.py").write_text("def work():\n    raise KeyError('x')\n", encoding="utf-8")
    return Tree(tmp_path)


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), MemoryError(), RecursionError("deep"), OSError()])
def test_any_end_of_a_test_is_a_fault(tree, error):
    outcome = run(lambda: stop(error), tree, TEST)
    assert outcome.fault is not None
    assert outcome.fault.kind == type(error).__name__


def test_torch_compiles_nothing_and_sets_no_threads_while_a_test_runs(tree):
    """On a laptop as in the grader: a compiler takes minutes, or is missing. Afterwards torch is as before."""
    before = torch.compile, torch.set_num_threads, torch.get_num_threads()

    def student(x):
        return x

    def test():
        layer = nn.Linear(2, 2)
        assert torch.compile(student) is torch.compile(fullgraph=True, mode="max-autotune")(student) is student
        assert torch.compile(layer) is layer
        layer.compile()
        layer(torch.ones(2))
        torch.set_num_threads(before[2] + 3)
        torch.set_num_interop_threads(2)
        assert torch.get_num_threads() == before[2]

    assert run(test, tree, "models/test_x.py::test_a").fault is None
    assert (torch.compile, torch.set_num_threads, torch.get_num_threads()) == before


def test_ctrl_c_passes(tree):
    with pytest.raises(KeyboardInterrupt):
        run(lambda: stop(KeyboardInterrupt()), tree, TEST)


def test_a_fault_names_the_students_line(tree):
    source = (tree.root / "models" / "work.py").read_text(encoding="utf-8")
    space: dict = {}
    exec(compile(source, tree.root / "models" / "work.py", "exec"), space)
    outcome = run(space["work"], tree, TEST)
    assert outcome.fault == Fault("KeyError", "'x'", "models/work.py:2, in work", own=True)


@pytest.mark.parametrize(
    ("line", "own"), [("raise ValueError(\n'no')", True), ("int('no')", False), ("{}['no']", False)]
)
def test_a_fault_says_whether_the_student_has_raised_it(tree, line, own):
    path = tree.root / "models" / "check.py"
    path.write_text(f"def check():\n    {line}\n")
    space: dict = {}
    exec(compile(path.read_text(), path, "exec"), space)
    found = run(space["check"], tree, TEST)
    assert found.fault is not None
    assert found.fault.own is own
    assert decode(encode({TEST: found}))[0][TEST].fault == found.fault


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise NotImplementedError('naive.LSTM')", NOT_STARTED),
        ("raise NotImplementedError", NOT_STARTED),
        ("raise NotImplementedError()", NOT_STARTED),
        ("raise NotImplementedError('no bidirectional layers')", "NotImplementedError"),
        ("torch.nn.Module()(1)", "NotImplementedError"),
        ("torch.utils.data.Dataset()[0]", "NotImplementedError"),
    ],
)
def test_a_raise_that_is_left_is_told_from_what_torch_does_not_implement(tree, code, kind):
    space: dict = {}
    exec(compile(f"import torch\n\ndef work():\n    {code}\n", tree.root / "models" / "work.py", "exec"), space)
    outcome = run(space["work"], tree, TEST)
    assert outcome.fault is not None
    assert (outcome.fault.kind, outcome.fault.where) == (kind, "models/work.py:4, in work")
    if kind == NOT_STARTED:
        verdict = judge(outcome, Outcome(), DEFAULT)
        assert "Not implemented yet:" in verdict.message
        assert "models/work.py:4, in work" in verdict.message
        assert verdict.todo in ("naive.LSTM", "models/work.py:4, in work")


def test_what_was_shown_before_a_fault_stays(tree):
    def test(given, show):
        show("x", given.uniform("x", 2))
        raise ValueError("too late")

    outcome = run(test, tree, TEST)
    assert list(outcome.shown) == ["x"]
    assert outcome.fault.message == "too late"


def test_settings_do_not_reach_the_next_test(tree):
    def test(show):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)

    run(test, tree, TEST)
    assert torch.get_default_dtype() == torch.float32
    assert torch.is_grad_enabled()


# answers: only what does not depend on rounding may be expected.

GRADED = GradedTest("models/a.py", "test_a", "", "1.1.1", 1, Tolerance(), (), False, None, (), (Case("", {}),))


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
    with pytest.raises(Unsteady, match="the solution fails"):
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


def test_seeds_must_matter():
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


# A needed deliverable that fails is named where it is to blame.

ASSIGNMENT = Assignment.load(TESTS.parent / "student" / "assignment.json")
GENERATION, RNN_MODEL, TRANSFORMER = (
    f"models/language_model/test_{name}.py" for name in ("generation", "RNNModel", "TransformerModel")
)
CASES = tuple(Case(kind, {"kind": kind}) for kind in ("RNNModel", "TransformerModel"))
ONLY = {"RNNModel": "language_model.RNNModel", "TransformerModel": "language_model.TransformerModel"}
JOINED = replace(GRADED, module=GENERATION, integration=True, cases=CASES, only=ONLY)
PLAIN = replace(GRADED, module=GENERATION, name="test_plain")
DIFFERS = Verdict(Kind.VALUES, "a differs.")


def named(failing: Verdict, *fail: str, tests: Sequence[GradedTest] = (JOINED, PLAIN)) -> str:
    """The number of the deliverable that a failing integration test names while the tests of these modules fail."""
    needed = {
        f"{module}::test_a": DIFFERS if module in fail else Verdict(Kind.PASSED) for module in (RNN_MODEL, TRANSFORMER)
    }
    own = DIFFERS if GENERATION in fail else Verdict(Kind.PASSED)
    renamed = name_needed({**needed, JOINED.key: failing, PLAIN.key: own}, tests, ASSIGNMENT)
    message = renamed[JOINED.key].message if JOINED.key in renamed else ""
    return message.partition("(")[2].partition(")")[0]


def test_a_needed_deliverable_is_named_where_it_is_to_blame():
    recurrent, transformer = (DIFFERS.within(case) for case in CASES)
    assert named(recurrent, RNN_MODEL, TRANSFORMER) == "4.2"
    assert named(transformer, RNN_MODEL, TRANSFORMER) == "4.4"
    assert named(transformer, RNN_MODEL) == "", "this case does not use it"
    assert named(recurrent, RNN_MODEL, GENERATION) == "", "the deliverable's other tests fail as well"
    assert named(DIFFERS, RNN_MODEL) == "", "of a hidden run the case is not known"


def test_of_several_needed_deliverables_the_one_that_has_stopped_is_named():
    both = (replace(JOINED, only={}), PLAIN)
    stopped = Verdict(Kind.FAULT, "models/language_model/TransformerModel.py:50, in forward")
    assert named(stopped, RNN_MODEL, TRANSFORMER, tests=both) == "4.4"
    assert named(DIFFERS, RNN_MODEL, TRANSFORMER, tests=both) == "4.2"
