"""Files that would cost minutes or gigabytes."""

import cProfile
import tracemalloc

import pytest

from harness.submission.encoding import LIMIT
from harness.submission.findings import Severity
from harness.submission.limits import MAX_NODES
from tests.project.harness.submission.made_up import LSTM, SOLVED, TRANSFORMER, in_lstm, look, look_at, only


def filled(unit: str, head: str = "", tail: str = "\n") -> str:
    """A file of LIMIT bytes made of one piece again and again."""
    return head + unit * ((LIMIT - len((head + tail).encode())) // len(unit.encode())) + tail


EXPENSIVE = {
    "statements": filled("a;"),
    "names": filled("a,"),
    "a long comparison": filled("<1", "1"),
    "nested brackets": filled("(" * 80 + "a" + ")" * 80 + "\n"),
    "attributes": filled(".a", "a"),
    "a dotted import": filled("a.", "import ", "a\n"),
    "a dotted import over many lines": filled("a \\\n. ", "import ", "a\n"),
    "a dotted import with combining letters": filled("a\u0301.", "import ", "a\n"),
    "imports": "".join(f"import x{number}\n" for number in range(5000)),
    "one name imported again and again": filled("b;", "from torch.nn import LSTM as b\n" * 1000),
    "a long name for another": f"import {'m' * 30_000} as a\n" + "a.b\n" * 3500,
    "stars": "".join(f"from x{number} import *\n" for number in range(1500)) + "a;b;c\n" * 1500,
    "a number": filled("9"),
    "a hexadecimal number": filled("f", "0x"),
    "functions": "".join(f"def f{number}(): f{number + 1}\n" for number in range(2300)),
    "f-strings": filled('f"{a}"'),
    "ligatures that normalisation makes longer": filled("\ufdfa"),
    "comments in a function": filled("    #\n", "class LSTM:\n  def forward(self):\n    a\n", "    a\n"),
    "a coding of its own": filled("a", "# coding: punycode\n"),
    "broken functions": filled("def f(:\n pass\n"),
    "decorators": filled("@a\n", tail="def f(): pass\n"),
}


@pytest.mark.parametrize(
    "name",
    [
        "statements", "names", "functions", "a dotted import", "a dotted import over many lines",
        "a long name for another",
    ],
)  # fmt: skip
def test_no_file_takes_much_memory(name):
    text = EXPENSIVE[name]
    tracemalloc.start()
    try:
        findings = look_at(LSTM, text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert findings
    assert peak < 64 << 20
    assert sum(len(finding.message) for finding in findings) < 20_000
    assert look_at(LSTM, text) == findings


@pytest.mark.parametrize("text", EXPENSIVE.values(), ids=EXPENSIVE)
def test_no_file_takes_much_work(text):
    """Counted in calls, which other processes do not disturb; what is quadratic comes to many millions."""
    assert len(text.encode()) <= LIMIT
    profile = cProfile.Profile()
    profile.runcall(look_at, LSTM, text)
    assert sum(entry.callcount for entry in profile.getstats()) < 2_000_000


def test_more_code_than_is_read_is_a_fault():
    room = MAX_NODES // 3 - 1000  # statements of three pieces of syntax
    assert look_at(LSTM, SOLVED[LSTM] + "x\n" * room) == []
    finding = only(look_at(LSTM, SOLVED[LSTM] + "x\n" * (room + 1100)))
    assert (finding.severity, finding.rule) == (Severity.FAULT, "size")
    assert finding.message.startswith("this file holds far more code than this assignment needs")


def test_deeper_code_than_is_read_is_a_fault_however_deep_it_is():
    def nested(levels: int) -> str:
        return in_lstm(f"y = {'-' * levels}x")

    assert look_at(LSTM, nested(90)) == []
    deep = only(look_at(LSTM, nested(110)))
    assert "nested too deeply" in deep.message
    for levels in (1000, 5000, 50_000):  # from some depth on Python itself refuses, depending on who calls
        assert only(look_at(LSTM, nested(levels))) == deep
    assert only(look_at(LSTM, "import " + "a." * 200 + "a\n" + SOLVED[LSTM])) == deep
    assert "nested too deeply" not in str(look_at(LSTM, "import " + "a." * 90 + "a\n" + SOLVED[LSTM]))


def test_names_that_may_stand_for_too_much_are_a_fault():
    text = "".join(f"from torch import x{number} as a\n" for number in range(150)) + SOLVED[LSTM] + "a\n" * 100
    assert "too many imports" in only(look_at(LSTM, text)).message


def test_names_that_stand_for_too_much_in_an_imported_file_are_a_fault():
    helper = "".join(f"from torch import x{number} as a\n" for number in range(150))
    other = SOLVED[TRANSFORMER] + "\n\ndef helper(a):\n" + "    b\n" * 100 + helper.replace(" as a", " as b")
    finding = only(look({LSTM: in_lstm("helper(x)", "from models.Transformer import helper\n"), TRANSFORMER: other}))
    assert (finding.rule, finding.file, finding.deliverables) == ("size", LSTM, ("naive.LSTM",))
    assert "too many imports" in finding.message
