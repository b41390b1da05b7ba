"""What is as it was handed out."""

from harness.submission.findings import Severity
from harness.submission.started import not_started
from tests.project.harness.submission.made_up import (
    ASSIGNMENT,
    LSTM,
    RNN,
    SKELETON,
    TRANSFORMER,
    contract,
    deliverable,
    function,
    line_of,
    look_at,
    only,
)


def test_what_is_not_started_is_told_with_the_line_where_its_todo_stands_now():
    moved = "\n\n\n" + SKELETON[LSTM]
    finding = only(look_at(LSTM, moved))
    assert (finding.severity, finding.rule, finding.deliverables) == (
        Severity.WARNING,
        "not-started",
        ("naive.LSTM",),
    )
    assert finding.line == line_of(moved, "TODO(naive.LSTM)") == 11
    assert "12 points" in finding.message


def test_without_its_todo_comment_the_line_is_that_of_its_function_now():
    text = SKELETON[RNN].replace("        # TODO(naive.RNN): one step\n", "").replace("import torch\n", "", 1)
    assert not_started({RNN: text.encode()}, ASSIGNMENT) == {"naive.RNN": (RNN, line_of(text, "def forward"))}


def test_one_touched_function_is_a_start():
    text = SKELETON[LSTM].replace("super(LSTM, self).__init__()", "super(LSTM, self).__init__()\n        self.w = 1")
    assert not_started({LSTM: text.encode()}, ASSIGNMENT) == {}


def test_shared_constructors_prove_nothing():
    """With the constructor as evidence, one layer for `embed` would also start `attention`."""
    text = SKELETON[TRANSFORMER].replace("super().__init__()\n\n", "super().__init__()\n        self.e = 1\n\n", 1)
    assert list(not_started({TRANSFORMER: text.encode()}, ASSIGNMENT)) == [
        "small.embed",
        "small.attention",
        "transformer.full_forward",
    ]
    text = text.replace('raise NotImplementedError("small.embed")', "return self.e")
    assert list(not_started({TRANSFORMER: text.encode()}, ASSIGNMENT)) == [
        "small.attention",
        "transformer.full_forward",
    ]


def test_without_evidence_a_deliverable_counts_as_started():
    """All of no functions are untouched, says `all`."""
    shared = [function(RNN, "VanillaRNN.forward", shared=True)]
    assignment = contract(deliverables=[deliverable("naive.RNN", "1.1", 4, RNN, shared)])
    assert not_started({RNN: SKELETON[RNN].encode()}, assignment) == {}


def test_comments_docstrings_and_line_ends_are_no_start():
    text = SKELETON[LSTM].replace("Return the last states.", "Ich weiß es nicht.").replace("walk", "run")
    for data in (
        text.encode(),
        text.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + text.encode(),
        text.encode("latin-1"),
    ):
        assert "naive.LSTM" in not_started({LSTM: data}, ASSIGNMENT)
