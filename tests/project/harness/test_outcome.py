"""Outcomes travel as bytes and come back whole, and no bytes do harm."""

import json
import re
import struct

import pytest
from hypothesis import given as anything
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.judge import judge
from harness.marks import Tolerance
from harness.outcome import MOST_NODES, Fault, Outcome, decode, encode
from tests.project.harness.samples import array, same

DTYPES = st.sampled_from(["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"])
ARRAYS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=3)))
# Those of tests: a tensor's key is "identifier|name", so that of an identifier with "|" could be another tensor's, too.
IDENTIFIERS = st.text(st.characters(exclude_characters="|", exclude_categories=["Cs"]), max_size=5)
OUTCOMES = st.builds(
    Outcome,
    shown=st.dictionaries(st.text(max_size=5), st.one_of(ARRAYS, st.text(max_size=9)), max_size=4),
    parameters=st.dictionaries(st.text(max_size=3), st.dictionaries(st.text(max_size=3), st.lists(st.integers(0, 9)))),
    fault=st.none() | st.builds(Fault, st.text(max_size=5), st.text(max_size=5), st.text(max_size=5)),
    sizes=st.dictionaries(st.text(max_size=3), st.integers(), max_size=3),
    inputs=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
)


@settings(max_examples=50, deadline=None)
@anything(outcomes=st.dictionaries(IDENTIFIERS, OUTCOMES, max_size=3))
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


def test_kinds_of_nodes_are_sent_bounded_and_never_stored():
    outcome = Outcome(nodes={"MulBackward", "<b>"} | {"A" * length for length in range(1, 300)})
    arrived = decode(encode({"": outcome}, nodes=True))[0][""].nodes
    assert len(arrived) <= MOST_NODES
    assert all(re.fullmatch("[A-Za-z]{1,80}", kind) for kind in arrived)
    assert decode(encode({"": Outcome(nodes={"MulBackward"})}, nodes=True))[0][""].nodes == {"MulBackward"}
    assert encode({"": Outcome(nodes={"MulBackward"})}) == encode({"": Outcome()})


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
