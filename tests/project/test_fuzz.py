"""Everything that reads a stranger's bytes: any bytes give a verdict, the same one again, soon and in little memory.

The corpus beside this file holds a small input of each sort; they are spliced and mutated. FUZZ=100 tries 100 times
as many.
"""

import itertools
import json
import os
import re
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autograder.grade import policy, results, wire
from autograder.grade.collection import take
from autograder.grade.engine import Grades, Row
from autograder.grade.kit import Kit
from autograder.grade.metadata import Metadata
from harness.contract import Assignment
from harness.judge import Kind, Verdict, judge
from harness.marks import Tolerance
from harness.outcome import Outcome, decode, encode
from harness.submission.encoding import LIMIT, read_source, to_utf8
from harness.submission.preflight import inspect
from harness.submission.source import Source
from harness.submission.started import not_started
from harness.submission.unfinished import line_of_work
from tests.project.conftest import ROOT

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
CORPUS = Path(__file__).parent / "corpus"
MORE = int(os.environ.get("FUZZ", "1"))
SECONDS = 5.0  # of CPU for one input: far above what any takes, far below what something quadratic takes
MAX_MESSAGES = 200_000  # characters of all that is said of one input


def fuzz(examples: int) -> Callable[..., Any]:
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
    return settings(max_examples=examples * MORE, deadline=None, suppress_health_check=checks)


def corpus(sort: str) -> list[bytes]:
    samples = [path.read_bytes() for path in sorted(CORPUS.glob(f"{sort}-*"))]
    assert samples
    return samples


WORDS = [
    b"(", b"[", b"{", b":", b"\\\n", b"\r", b"\0", b"\x0c", b"'''", b'f"{', b"0x", b"# coding: ", b"class LSTM:\n",
    b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"PK\1\2", b"PK\5\6", b"SHOW", b"NaN", b"1e999", b"null", b"-1",
    b'"', b"\\ud800", b"[" * 2000, b"a." * 300, b"\xff\xff\xff\xff", b"import ", b"def forward(self, x, states=",
    b"\n    ",
]  # fmt: skip
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["insert", "replace", "cut", "repeat", "end"]),
        st.integers(0, 1 << 20),
        st.integers(0, 80),
        st.one_of(st.sampled_from(WORDS), st.binary(max_size=6)),
    ),
    max_size=8,
)


def mutated(sort: str) -> st.SearchStrategy[bytes]:
    """Bytes of the corpus, two of them joined anywhere, with up to eight changes; or any bytes."""
    seeds = st.sampled_from(corpus(sort))
    return st.one_of(st.builds(_change, seeds, seeds, st.integers(0, 1 << 20), CHANGES), seeds, st.binary(max_size=200))


def _change(one: bytes, other: bytes, joint: int, changes: list[tuple[str, int, int, bytes]]) -> bytes:
    data = one if joint % 3 else one[: joint % (len(one) + 1)] + other[joint % (len(other) + 1) :]
    for what, where, length, word in changes:
        at = where % (len(data) + 1)
        if what == "end":
            data = data[:at]
        elif what == "repeat":
            data = data[:at] + data[at : at + length] * 30 + data[at + length :]
        else:
            data = data[:at] + (b"" if what == "cut" else word) + data[at + (0 if what == "insert" else length) :]
    return data


@contextmanager
def soon() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < SECONDS


# Source text


@fuzz(250)
@given(data=mutated("source"))
@example(data=b"import " + b"a." * 30_000 + b"a\n")
@example(data=b"9" * LIMIT)
def test_the_preflight_reads_any_source(data):
    files = dict.fromkeys(ASSIGNMENT.files, data)
    with soon():
        findings = inspect(files, ASSIGNMENT)
        waiting = not_started(files, ASSIGNMENT)
        places = [line_of_work(files, deliverable) for deliverable in ASSIGNMENT.deliverables]
    lines = read_source(data).count("\n") + 1
    assert all(0 <= finding.line <= lines for finding in findings)
    assert all(1 <= line <= lines or len(data) > LIMIT for line in places)
    assert sum(len(str(finding)) for finding in findings) < MAX_MESSAGES
    Source.parse.cache_clear()
    assert inspect(files, ASSIGNMENT) == findings
    assert not_started(files, ASSIGNMENT) == waiting


@fuzz(250)
@given(data=mutated("source"))
@example(data=b"\xef\xbb\xbf\xef\xbb\xbfx = 1\n")
def test_the_copy_that_python_runs_is_the_text_that_was_checked(data):
    with soon():
        copy = to_utf8(data)
    assert to_utf8(copy) == copy
    text, again = read_source(data).split("\n"), read_source(copy).split("\n")
    assert again[2:] == text[2:]  # a coding comment stands in the first two
    assert len(again) == len(text)


# Archives


MEMBERS = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(
                [*ASSIGNMENT.files, "LSTM.py", "a/LSTM.py", "models/", "__MACOSX/LSTM.py", "..\\RNN.py", "\\"]
            ),
            st.text(max_size=12),
            st.builds(lambda folder, path: f"{folder}/{path}", st.text(max_size=4), st.sampled_from(ASSIGNMENT.files)),
        ),
        st.one_of(st.binary(max_size=40), st.just(b"#" * (LIMIT + 1))),
    ),
    max_size=8,
)


def check_taken(path: Path) -> None:
    with soon():
        taken = take(path, ASSIGNMENT)
    assert set(taken.files) <= set(ASSIGNMENT.files)
    assert all(len(content) <= LIMIT for content in taken.files.values())
    assert taken.files or taken.notes
    assert sum(map(len, taken.notes)) < MAX_MESSAGES
    assert all(note.isprintable() for note in taken.notes)
    assert take(path, ASSIGNMENT) == taken


@fuzz(300)
@given(data=mutated("zip"))
def test_any_bytes_are_taken_as_an_archive(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "work.zip")
        path.write_bytes(data)
        check_taken(path)


# The records of an archive as zipfile reads them: signature, then numbers. Any of them may be any other number.
LOCAL, ENTRY = "<4s5H3I2H", "<4s6H3I5H2I"
WIDE_END, LOCATOR, END = "<4sQ2H2I4Q", "<4sIQI", "<4s4H2IH"
NUMBERS = st.one_of(
    st.sampled_from(
        [0, 1, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
    ),
    st.integers(0, 200),
)
LIES = st.dictionaries(st.tuples(st.sampled_from("leELx"), st.integers(1, 16)), NUMBERS, max_size=3)
SIZE, PACKED_SIZE, OFFSET = 9, 8, 16  # the fields of an entry that its zip64 field may hold instead, in its order


def lying_archive(
    lies: list[dict[tuple[str, int], int]], wide: dict[int, int], cut: int, method: int, end64: bool
) -> bytes:
    """An archive of as many members as there are lies: (record, index of a field) -> what stands there instead.

    Args:
        wide: what stands in the zip64 field of each entry instead of in the entry itself.
        cut: bytes of that field that are missing, whatever it says of its own length.
    """

    def record(kind: str, form: str, lies: dict[tuple[str, int], int], *fields: bytes | int) -> bytes:
        """The record with its lies, each as large as its field allows."""
        widths = [{"H": 16, "I": 32, "Q": 64}[kind] for kind in struct_fields(form)]
        numbers = (lies.get((kind, index), field) for index, field in enumerate(fields[1:], 1))
        return struct.pack(form, fields[0], *(int(n) & ((1 << w) - 1) for n, w in zip(numbers, widths, strict=True)))

    body, directory = b"", b""
    for path, lie in zip(ASSIGNMENT.files, lies, strict=False):
        name, data = path.encode(), zlib.compress(b"x = 1\n" * 9)[2:-4]
        lie = dict.fromkeys((("e", index) for index in wide), 0xFFFFFFFF) | lie
        extra = b"".join(struct.pack("<Q", wide[index]) for index in (SIZE, PACKED_SIZE, OFFSET) if index in wide)
        extra = struct.pack("<HH", 1, lie.get(("x", 1), len(extra)) & 0xFFFF) + extra[: len(extra) - cut]
        sizes = zlib.crc32(b"x = 1\n" * 9), len(data), 54, len(name)
        at, body = len(body), body + record("l", LOCAL, lie, b"PK\3\4", 20, 0, method, 0, 0, *sizes, 0) + name + data
        directory += record("e", ENTRY, lie, b"PK\1\2", 20, 20, 0, method, 0, 0, *sizes, len(extra), 0, 0, 0, 0, at)
        directory += name + extra
    count, last = len(lies), (lies or [{}])[-1]
    ends = b""
    if end64:
        at = len(body) + len(directory)
        ends += record("E", WIDE_END, last, b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), len(body))
        ends += record("L", LOCATOR, last, b"PK\6\7", 0, at, 1)
    ends += record("E", END, last, b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + ends


def struct_fields(form: str) -> str:
    """The letters of a struct format after its signature, one for each field."""
    return re.sub(r"(\d+)([HIQ])", lambda match: match[2] * int(match[1]), form.removeprefix("<4s"))


@fuzz(400)
@given(
    lies=st.lists(LIES, max_size=3),
    wide=st.dictionaries(st.sampled_from([SIZE, PACKED_SIZE, OFFSET]), NUMBERS),
    cut=st.sampled_from([0, 0, 0, 1, 8, 20]),
    method=st.sampled_from([8, 8, 0, 9, 12, 14, 93, 99]),
    end64=st.booleans(),
)
@example(lies=[{}], wide={OFFSET: (1 << 64) - 1}, cut=0, method=8, end64=False)
def test_an_archive_whose_records_lie_is_taken_or_named(lies, wide, cut, method, end64):
    """Sizes, offsets, lengths, flags, methods, counts and comments, of members that may overlap."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "work.zip")
        path.write_bytes(lying_archive(lies, wide, cut, method, end64))
        check_taken(path)


def test_an_archive_without_lies_is_taken():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "work.zip")
        for end64 in (False, True):
            path.write_bytes(lying_archive([{}, {}], {}, 0, 8, end64))
            assert take(path, ASSIGNMENT).files == dict.fromkeys(ASSIGNMENT.files[:2], b"x = 1\n" * 9)


@fuzz(100)
@given(members=MEMBERS, home=st.sampled_from(["", "work/"]))
def test_any_names_are_taken_from_a_folder(members, home):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in members:
            path = Path(folder, home + name.replace("\0", "").replace("..", "").lstrip("/"))
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            except (OSError, UnicodeError):  # not a name here, or one that is a folder already
                continue
        check_taken(Path(folder))


# Results of a child

EXPECTED = Outcome(
    shown={"x": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(3), "why": "ValueError that mentions 3"},
    parameters={"": {"W_ii": [3, 4]}},
)


@fuzz(400)
@given(data=mutated("wire"), cuts=st.lists(st.integers(0, 1 << 12), max_size=5))
def test_any_bytes_on_the_result_pipe_give_a_verdict(data, cuts):
    with soon():
        frames = read_frames([data])
        verdicts = [verdict(payload) for _, payload in frames]
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    assert read_frames([data[start:end] for start, end in itertools.pairwise(places)]) == frames
    assert [verdict(payload) for _, payload in frames] == verdicts


PAYLOADS = [payload for data in corpus("wire") for _, payload in wire.Frames().feed(data)]


@fuzz(400)
@given(
    payload=st.builds(_change, st.sampled_from(PAYLOADS), st.sampled_from(PAYLOADS), st.integers(0, 1 << 20), CHANGES)
)
def test_any_payload_gives_a_verdict(payload):
    with soon():
        said = verdict(payload)
    assert len(said) < MAX_MESSAGES
    assert verdict(payload) == said


ARRAYS = st.builds(
    lambda dtype, shape, fill: np.full(shape, fill).astype(dtype),
    st.sampled_from(["f2", "f4", "f8", "i1", "i8", "u1", "?"]),
    st.lists(st.integers(0, 3), max_size=4),
    st.sampled_from([0, 1, -1e30, 1e30, np.nan, np.inf]),
)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast", "ignore:invalid value encountered in cast")
@fuzz(300)
@given(
    shown=st.dictionaries(st.sampled_from(["x", "n", "why", "other"]), st.one_of(ARRAYS, st.text(max_size=30))),
    parameters=st.dictionaries(
        st.sampled_from(["", "b"]), st.dictionaries(st.text(max_size=4), st.lists(st.integers()))
    ),
)
def test_any_outcome_gives_a_verdict(shown, parameters):
    with soon():
        try:
            payload = encode({"": Outcome(shown, parameters)})
        except UnicodeError:  # a lone surrogate, which a child cannot send either
            return
        verdict(payload)


def read_frames(pieces: list[bytes]) -> list[tuple[int, bytes]]:
    frames: list[tuple[int, bytes]] = []
    reader = wire.Frames()
    try:
        for piece in pieces:
            frames += reader.feed(piece)
    except wire.BrokenFrame:
        frames.append((-1, b""))
    return frames


def verdict(payload: bytes) -> str:
    """What is said of a payload; it passes only when it holds what is expected."""
    try:
        outcomes, _ = decode(payload)
    except ValueError as error:
        return str(error)
    said = [judge(outcome, EXPECTED, Tolerance()) for outcome in outcomes.values()]
    for outcome, one in zip(outcomes.values(), said, strict=True):
        held = sum(value.nbytes for value in outcome.shown.values() if not isinstance(value, str))
        assert held <= len(payload) * max(1, len(outcome.shown))
        if one.passed:
            assert np.allclose(np.asarray(outcome.shown["x"]), np.asarray(EXPECTED.shown["x"]), atol=1e-3)
            assert outcome.shown["why"] == EXPECTED.shown["why"]
    return "\n".join(f"{one.kind} {one.message}" for one in said)


# The platform's metadata


@fuzz(200)
@given(data=mutated("metadata"))
@example(data=b"[" * 100_000)
def test_any_metadata_gives_valid_results(data, layout):
    kit = Kit.load(layout / "source")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "submission_metadata.json")
        path.write_bytes(data)
        with soon():
            metadata = Metadata.load(path)
            settled = policy.settle(kit, nothing_ran(kit), metadata, [])
            composed = results.compose(kit, settled, [], {})
        assert len(json.dumps(composed, allow_nan=False)) < MAX_MESSAGES
        assert Metadata.load(path) == metadata


def nothing_ran(kit: Kit) -> Grades:
    verdict = Verdict(Kind.FAULT, "not run")
    return Grades([Row(test, verdict, 0.0, kit.points[test.key]) for test in kit.tests], [])
