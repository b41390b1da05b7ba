"""Frames on the result pipe: cut from any pieces, and nothing in them is believed."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.grade import child, wire
from autograder.grade.wire import BrokenFrame, Frames, Item
from harness.outcome import Fault, Outcome, decode, encode

FRAMES = st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=60)), max_size=6)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


@given(frames=FRAMES, cuts=st.lists(st.integers(0, 10_000), max_size=20))
def test_frames_come_out_as_they_went_in_however_the_pipe_cuts_them(frames, cuts):
    stream = b"".join(wire.pack(index, payload) for index, payload in frames)
    reader = Frames()
    assert [frame for piece in pieces(stream, cuts) for frame in reader.feed(piece)] == frames


def outcome(sentences: int, values: int) -> bytes:
    shown = {"x": np.zeros(values, np.float32)} | {f"fact {number}": "y" * 100 for number in range(sentences)}
    return encode({"": Outcome(shown)})


def test_results_that_are_too_large_become_faults_and_the_others_are_sent():
    fits = outcome(1500, (wire.MAX_PAYLOAD >> 2) - 100_000)
    assert child._fitting(fits) is fits
    assert decode(fits, wire.MAX_HEADER)
    for payload, size, limit in (
        (outcome(0, wire.MAX_PAYLOAD >> 2), "8,192", "8,192"),
        (outcome(4000, 1), "471", "256"),
    ):
        ((sent,), _) = (list(part.values()) for part in decode(child._fitting(payload), wire.MAX_HEADER))
        words = f"what your code returned takes {size} KiB; at most {limit} KiB can be compared"
        assert sent.fault == Fault("TooLarge", words, "the result")


def test_a_long_header_is_refused_before_it_is_parsed():
    """Parsing takes many times its length in memory: 217 MB for 8 MiB, measured."""
    text = b'{"a":' * (1 << 20)
    hostile = len(text).to_bytes(8, "little") + text
    tracemalloc.start()
    with pytest.raises(ValueError, match="not an outcome"):
        decode(hostile, wire.MAX_HEADER)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()
    longer = outcome(4000, 1)
    assert decode(longer)[0]
    with pytest.raises(ValueError, match="not an outcome"):
        decode(longer, wire.MAX_HEADER)


def test_an_unfinished_frame_waits():
    reader = Frames()
    frame = wire.pack(7, b"payload")
    assert list(reader.feed(frame[:-1])) == []
    assert list(reader.feed(frame[-1:])) == [(7, b"payload")]


def test_frames_before_garbage_count():
    reader = Frames()
    stream = reader.feed(wire.pack(0, b"good") + b"garbage, long enough for a head")
    assert next(stream) == (0, b"good")
    with pytest.raises(BrokenFrame, match="bytes that are no result"):
        next(stream)


def test_an_over_long_frame_is_refused_before_it_is_stored():
    head = wire.HEAD.pack(wire.MAGIC, 0, wire.MAX_PAYLOAD + 1)
    with pytest.raises(BrokenFrame):
        list(Frames().feed(head))
    assert list(Frames().feed(wire.HEAD.pack(wire.MAGIC, 0, wire.MAX_PAYLOAD))) == []


@given(data=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_or_wait_for_more(data):
    try:
        for _, payload in Frames().feed(data):
            assert payload in data
    except BrokenFrame:
        pass


@pytest.mark.parametrize(
    "item",
    [
        Item("test", "models/a.py::test_a", "one-2", "abc.1"),
        Item("import", "models.naive.LSTM"),
        Item("probe", paths=(("/a", "/b"), (), ("/c",))),
    ],
)
def test_an_item_survives_json(item):
    assert Item.from_json(item.to_json()) == item


def test_a_child_cannot_fill_the_judges_memory_with_many_frames():
    frame = wire.pack(0, bytes(wire.MAX_PAYLOAD))
    frames = Frames()
    for _ in range(wire.MAX_MEMORY // wire.MAX_PAYLOAD):
        assert len(list(frames.feed(frame))) == 1
    with pytest.raises(BrokenFrame):
        list(frames.feed(frame))


def test_a_header_counts_as_the_memory_that_reading_it_takes():
    header = wire.MAX_HEADER.to_bytes(8, "little") + bytes(wire.MAX_HEADER)
    assert wire.decoded_size(header) > 20 * wire.MAX_HEADER
    assert wire.decoded_size(b"\xff" * 100) <= 27 * 100


@pytest.mark.parametrize("dtype", ["complex64"])
def test_a_dtype_that_the_harness_never_sends_is_refused(dtype):
    """The harness describes such tensors in words: only a forged frame holds one."""
    payload = encode({"": Outcome(shown={"h": np.ones(3, dtype=dtype)})})
    with pytest.raises(ValueError, match="not an outcome"):
        decode(payload)


def test_words_of_a_forged_outcome_are_cut():
    long = "x" * 50_000
    outcome = Outcome(shown={"h": long}, fault=Fault(long, long, long))
    (read,) = decode(encode({"": outcome}))[0].values()
    assert max(map(len, (read.shown["h"], read.fault.kind, read.fault.message, read.fault.where))) <= 1000
