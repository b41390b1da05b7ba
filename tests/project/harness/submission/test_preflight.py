"""All checks together: nothing to say, nothing there, files of any bytes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.submission.encoding import LIMIT, read_source, to_utf8
from harness.submission.findings import Severity
from harness.submission.preflight import inspect
from harness.submission.source import definition
from harness.submission.started import not_started
from tests.project.harness.submission.made_up import (
    ASSIGNMENT,
    LSTM,
    RNN,
    SKELETON,
    SOLVED,
    TRANSFORMER,
    in_lstm,
    look,
    look_at,
    only,
)


def test_a_finished_submission_has_no_findings():
    assert look({}) == []


def test_an_empty_submission_is_unusable():
    finding = only(inspect({}, ASSIGNMENT))
    assert finding.severity is Severity.UNUSABLE
    assert RNN in finding.message
    assert only(inspect({"LSTM.py": b"", "models/other.py": b""}, ASSIGNMENT)).severity is Severity.UNUSABLE


def test_a_missing_file_costs_its_deliverables_and_names_what_needs_them():
    rest = {path: text.encode() for path, text in SOLVED.items() if path != TRANSFORMER}
    finding = only(inspect(rest, ASSIGNMENT))
    assert (finding.severity, finding.rule, finding.file) == (Severity.FAULT, "missing", TRANSFORMER)
    assert finding.deliverables == ("small.embed", "small.attention", "transformer.full_forward")
    assert "14.5 points (2.1, 2.2, 2.3)" in finding.message
    rest = {path: text.encode() for path, text in SOLVED.items() if path != LSTM}
    assert str(only(inspect(rest, ASSIGNMENT))).endswith("Costs 12 points (1.2 Lstm).")


def test_an_untouched_skeleton_is_told_in_big_words():
    finding = only(look(SKELETON))
    assert finding.severity is Severity.WARNING
    assert "NOTHING IS STARTED" in finding.message
    assert set(finding.deliverables) == {deliverable.id for deliverable in ASSIGNMENT.deliverables}


@pytest.mark.parametrize(
    "source",
    [
        b"\0",
        b"(" * 5000,
        b"-" * 200_000 + b"1",
        b"a" + b".b" * 50_000,
        b"if 1:\n" * 3,
        b"'''",
        b"\\",
        b"\x0c\x1a",
        b"def f(x=" + b"-" * 3000 + b"1): pass",
        b"if " + b"-" * 900 + b"1: pass",
        b"class LSTM(LSTM): pass",
        b"class LSTM(A): pass\nclass A(LSTM): pass",
        b"x = 0x" + b"f" * 9000,
        b"from . import *",
        b"from .... import a",
        b"\xff\xfe\x00",
        b"# coding: idna\n",
        b"getattr()",
        b"getattr(x, *y)",
        b"lambda: (yield)",
        b"@",
        b"@a\n" * 500,
        b"type X = int",
        b"def f[T](x: T): pass",
        b"try: pass\nexcept* A: pass",
        b"match x:\n case _: y",
    ],
    ids=range(26),
)
def test_odd_files_never_stop_the_packager(source):
    assert isinstance(look_at(LSTM, source), list)
    assert not_started({LSTM: source}, ASSIGNMENT) == {}


PIECES = [
    "class LSTM:\n",
    " def forward(self, ",
    "x",
    ")",
    ":",
    "\n",
    "\r",
    "    ",
    "(",
    "'",
    '"""',
    "f'{",
    "}",
    "nn.",
    "import ",
    "from . ",
    "getattr(x, 'LSTM')",
    "\\",
    "# coding: utf-16\n",
    "\0",
    "ü",
    "@",
    "lambda ",
    "=",
    "if __name__ == '__main__':",
]


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400) | st.lists(st.sampled_from(PIECES), max_size=40).map(lambda words: "".join(words).encode())
)
@example(b"# coding: unicode_escape\n\\")
@example(b"# coding: punycode\n-\xff")
def test_inspect_never_raises(data):
    files = {LSTM: data, TRANSFORMER: data}
    for finding in inspect(files, ASSIGNMENT):
        assert str(finding).isprintable()
    assert definition(read_source(data), "LSTM.forward") is None or "LSTM" in read_source(data)
    to_utf8(data)


def test_a_huge_file_is_a_fault():
    fill = b"\n" * (LIMIT - len(SOLVED[LSTM].encode()))
    assert look_at(LSTM, SOLVED[LSTM].encode() + fill) == []
    finding = only(look_at(LSTM, SOLVED[LSTM].encode() + fill + b"\n"))
    assert (finding.severity, finding.rule) == (Severity.FAULT, "size")
    assert "neither packed nor graded" in finding.message


def test_findings_come_worst_first_then_in_the_order_of_the_files():
    findings = look(
        {
            LSTM: in_lstm("print(x)", "import pandas\n"),
            RNN: SKELETON[RNN],
            TRANSFORMER: "import os\n" + SOLVED[TRANSFORMER],
        }
    )
    assert [(f.severity.value, f.file) for f in findings] == [
        ("fault", LSTM),
        ("fault", TRANSFORMER),
        ("warning", RNN),
        ("warning", LSTM),
    ]
