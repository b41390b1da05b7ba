"""What is started and not finished."""

import pytest

from harness.submission.encoding import LIMIT
from harness.submission.findings import Severity
from harness.submission.unfinished import line_of_work
from tests.project.harness.submission.made_up import (
    ASSIGNMENT,
    LSTM,
    SKELETON,
    SOLVED,
    TRANSFORMER,
    line_of,
    look_at,
    only,
)

FORWARD = 'raise NotImplementedError("naive.LSTM")'
LEFT = {
    "as handed out": FORWARD,
    "no words": "raise NotImplementedError",
    "an empty call": "raise NotImplementedError()",
    "own words": "raise NotImplementedError('later')",
    "below an argument check": "if x is None:\n            raise ValueError\n        raise NotImplementedError",
    "above finished code": f"{FORWARD}\n        return x, states",
    "in a with": "with torch.no_grad():\n            raise NotImplementedError",
    "in one case": f"if states is None:\n            {FORWARD}\n        return x, states",
    "after some have returned": f"if states is None:\n            return x, x\n        {FORWARD}",
}
NOT_LEFT = {
    "below a return": f"return x, states\n        {FORWARD}",
    "below a return in both branches": (
        f"if states is None:\n            return x, x\n        else:\n            return x, states\n        {FORWARD}"
    ),
    "below an endless loop": f"while True:\n            return x, states\n        {FORWARD}",
    "an unsupported argument": (
        "if states is None:\n            raise NotImplementedError('without states')\n        return x, states"
    ),
    "the last case": (
        "if states is None:\n            return x, x\n        raise NotImplementedError('states are not supported')"
    ),
    "in a function of its own": "def later():\n            raise NotImplementedError\n        return x, states",
    "in a comment": f"return x, states  # {FORWARD}",
}


def with_forward(code: str) -> str:
    """The solved LSTM with another body of forward."""
    return SOLVED[LSTM].replace("return x, states", code)


@pytest.mark.parametrize("code", LEFT.values(), ids=LEFT)
def test_a_raise_that_is_left_is_unfinished_work_with_its_line_and_its_price(code):
    text = with_forward(code)
    line = line_of(text, "raise NotImplementedError")
    finding = only(look_at(LSTM, text))
    assert (finding.severity, finding.rule, finding.line) == (Severity.WARNING, "unfinished", line)
    assert finding.message == (
        f"1.2 Lstm is unfinished: NotImplementedError is still raised in LSTM.forward (line {line}). "
        "Costs up to 12 points (1.2 Lstm)."
    )
    assert line_of_work({LSTM: text.encode()}, ASSIGNMENT.deliverable("naive.LSTM")) == line, "it begins there"


@pytest.mark.parametrize("code", NOT_LEFT.values(), ids=NOT_LEFT)
def test_a_raise_that_is_not_reached_or_meant_for_an_argument_is_not(code):
    assert look_at(LSTM, with_forward(code)) == []


def test_a_constructor_alone_is_not_the_whole_work():
    text = SKELETON[LSTM].replace("# TODO(naive.LSTM): sixteen parameters", "self.w = 1")
    finding = only(look_at(LSTM, text))
    assert finding.line == line_of(text, "raise NotImplementedError")
    assert "LSTM.forward" in finding.message


@pytest.mark.parametrize("rest", ["", "\n        pass", "\n        ..."])
def test_a_function_in_which_nothing_is_written_is_unfinished(rest):
    text = SKELETON[LSTM].replace(FORWARD, "return x, states")  # the constructor is as handed out
    line = line_of(text, "# TODO(naive.LSTM): sixteen")
    assert f"nothing is written in LSTM.__init__ (line {line})" in only(look_at(LSTM, text)).message
    text = with_forward(f'"""Later."""{rest}')
    assert "nothing is written in LSTM.forward" in only(look_at(LSTM, text)).message


def test_what_needs_the_unfinished_is_priced_too():
    text = SOLVED[TRANSFORMER].replace("return x.softmax(-1)", "x = x + 1\n        raise NotImplementedError")
    message = only(look_at(TRANSFORMER, text)).message
    assert message.endswith("Costs up to 5 points (2.2 Attention), and part of 6.5 points that need it (2.3 Forward).")


def test_a_helper_that_is_left_is_a_warning_without_a_price():
    helper = "\n    def step(self, x):\n        raise NotImplementedError\n"
    finding = only(look_at(LSTM, with_forward("return self.step(x), states") + helper))
    assert (finding.severity, finding.rule, finding.deliverables) == (Severity.WARNING, "unfinished", ())
    assert finding.message == "NotImplementedError is still raised in LSTM.step. A test that calls it fails."
    assert look_at(LSTM, SOLVED[LSTM] + helper) == [], "nothing mentions it"
    base = "class Base:" + helper + "\n"
    own = "\n    def step(self, x):\n        return x\n"
    assert look_at(LSTM, base + with_forward("return self.step(x), states") + own) == [], "the class overrides it"


def test_the_place_of_the_work_is_in_the_file_as_it_is():
    """The line in the handout would lie beyond a file that has become shorter."""
    embed, lstm = ASSIGNMENT.deliverable("small.embed"), ASSIGNMENT.deliverable("naive.LSTM")

    def line(text: str, deliverable=lstm) -> int:
        return line_of_work({deliverable.file: text.encode()}, deliverable)

    assert line(SKELETON[LSTM]) == line_of(SKELETON[LSTM], "# TODO(naive.LSTM): sixteen")
    text = SKELETON[LSTM].replace("# TODO(naive.LSTM): sixteen parameters", "self.w = 1")
    assert line(text) == line_of(text, "raise NotImplementedError"), "where work is left"
    assert line("\n" + SOLVED[LSTM].replace("# TODO", "# done")) == 7
    assert line("class LSTM:\n    def forward(self): pass\n") == 2
    assert line("class LSTM: pass\n") == line("") == line("\0(") == line_of_work({}, lstm) == 1
    assert line("#" * (LIMIT + 1)) == 1
    text = SOLVED[TRANSFORMER].replace("# TODO(small.embed)", "#")
    assert line(text, embed) == line_of(text, "def embed"), "not the constructor, which others share"
