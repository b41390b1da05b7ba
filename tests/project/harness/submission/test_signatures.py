"""Functions that tests can and cannot call."""

import pytest

from harness.submission.findings import Severity
from tests.project.harness.submission.made_up import (
    LSTM,
    RNN,
    SOLVED,
    TRANSFORMER,
    contract,
    deliverable,
    function,
    line_of,
    look_at,
    only,
)


def test_a_default_that_cannot_be_written_is_a_changed_default():
    text = SOLVED[LSTM].replace("states=None", f"states=0x{'f' * 5000}")
    assert only(look_at(LSTM, text)).rule == "signature"


@pytest.mark.parametrize(
    "signature",
    [
        "self, x, states=None",
        "self, x: int, states: tuple | None = None",
        "self, x=None, states=None",
        "self, x, states=None, trace=False",
        "self, x, states=None, *more, **options",
        "self, x, states=None, *, trace=False",
        "self, x, states=NOTHING",
        "self, x, states=tuple()",
        "self, inputs, first=None",
        "this, x, h=None, trace=False",
        "self, x, /, states=None",
        "self, x, states=None, /",
        "self, x, states=None, /, *, trace=False",
        "self, *args",
        "self, x, *rest, trace=False, **options",
    ],
)
def test_signatures_that_the_tests_can_call(signature):
    assert look_at(LSTM, SOLVED[LSTM].replace("self, x, states=None", signature)) == []


@pytest.mark.parametrize(
    ("wanted", "written", "good"),
    [
        ("PAD", "1", True),
        ("PAD", "model.PAD", True),
        ("0.5", "1 / 2", True),
        ("0.5", ".50", True),
        ("1", "1.0", True),
        ("'a'", '"a"', True),
        ("(1, 2)", "1, 2", True),
        ("1", "2", False),
        ("'a'", "'b'", False),
        ("'a=1'", "'a=2'", False),
        ("PAD", "", False),
        ("1", "", False),
    ],
)
def test_an_equal_default_may_be_written_otherwise(wanted, written, good):
    """As text, 1 is not PAD, though both are the same number. Another default is for the tests to fail."""
    entry = {**function(RNN, "VanillaRNN.forward"), "parameters": ["self", "input", f"hidden={wanted}"]}
    assignment = contract(deliverables=[deliverable("naive.RNN", "1.1", 4, RNN, [entry])])
    written = f"({written})" if "," in written else written
    text = SOLVED[RNN].replace("input, hidden)", f"input, hidden={written})" if written else "input, hidden)", 1)
    findings = look_at(RNN, text, assignment)
    assert [(finding.rule, finding.severity) for finding in findings] == (
        [] if good else [("signature", Severity.WARNING)]
    )
    assert all(f"takes hidden{f'={written}' if written else ''} instead of" in finding.message for finding in findings)


@pytest.mark.parametrize(
    "signature",
    [
        "self, x",
        "self, states=None, x=1",
        "self, h, x=None",
        "self, x, states=None, trace",
        "self, x, *, states=None",
        "self, x, /, states=None, *, trace",
        "self, *args, trace",
        "x, states=None",
        "self, x, states=None, *, trace",
        "self, **options",
        "",
    ],
)
def test_signatures_that_the_tests_cannot_call(signature):
    text = SOLVED[LSTM].replace("self, x, states=None", signature)
    findings = look_at(LSTM, text)
    if signature == "self, x, states=None, trace":
        assert findings[0].rule == "syntax"  # a parameter without default after one with
        return
    finding = only(findings)
    assert (finding.severity, finding.rule, finding.deliverables) == (
        Severity.FAULT,
        "signature",
        ("naive.LSTM",),
    )
    assert finding.line == line_of(text, "def forward")
    assert f"({signature})" in finding.message
    assert "(self, x, states=None), in this order. The names are up to you." in finding.message


def test_parameters_that_tests_give_by_name_keep_their_names():
    function_ = {**function(RNN, "VanillaRNN.forward"), "parameters": ["self", "input", "hidden"]}
    named = {**deliverable("naive.RNN", "1.1", 4, RNN, [function_]), "by_name": ["hidden", "other"]}
    assignment = contract(deliverables=[named])

    def written(parameters):
        return look_at(RNN, SOLVED[RNN].replace("self, input, hidden)", f"{parameters})", 1), assignment)

    assert written("self, x, hidden") == written("self, x, /, hidden") == []
    assert {only(written(parameters)).rule for parameters in ("self, x, hidden, /", "self, x, *hidden")} == {
        "signature"
    }
    message = only(written("self, input, h")).message
    assert "where tests need (self, input, hidden), in this order." in message
    assert "Tests give hidden by name; other names are up to you." in message


def test_a_function_that_no_test_calls_may_be_missing_or_another():
    helper = {**function(RNN, "VanillaRNN.forward"), "name": "VanillaRNN.helper", "optional": True}
    entries = [function(RNN, "VanillaRNN.forward"), helper]
    assignment = contract(deliverables=[deliverable("naive.RNN", "1.1", 4, RNN, entries)])
    for text in ("", "\n    def helper(self, more, and_more):\n        pass\n"):
        assert look_at(RNN, SOLVED[RNN] + text, assignment) == []
    left = "\n    def helper(self):\n        raise NotImplementedError('naive.RNN')\n"
    assert look_at(RNN, SOLVED[RNN] + left, assignment) == []
    finding = only(look_at(RNN, SOLVED[RNN].replace("return ", "return self.helper() + ", 1) + left, assignment))
    assert (finding.rule, finding.deliverables) == ("unfinished", ("naive.RNN",)), (
        "here the student's own code calls it"
    )


def test_a_changed_shared_constructor_costs_every_deliverable_that_has_it():
    text = SOLVED[TRANSFORMER].replace("def __init__(self, size)", "def __init__(self, size, width)", 1)
    finding = only(look_at(TRANSFORMER, text))
    assert finding.deliverables == ("small.embed", "small.attention")
    assert "8 points (2.1 Embed, 2.2 Attention), and part of 6.5 points that need it (2.3 Forward)." in finding.message


def test_a_missing_class_is_told_once_and_a_missing_function_by_name():
    finding = only(look_at(TRANSFORMER, SOLVED[TRANSFORMER].replace("class Small", "class Tiny")))
    assert "class Small is not defined" in finding.message
    assert finding.deliverables == ("small.embed", "small.attention")
    finding = only(look_at(TRANSFORMER, SOLVED[TRANSFORMER].replace("def attend", "def attention")))
    assert "function Small.attend is not defined" in finding.message
    assert finding.deliverables == ("small.attention",)


def test_an_imported_class_does_not_stand_for_the_students_own():
    for text in (
        "from torch.nn import LSTM\n",
        "import torch as LSTM\n",
        SOLVED[LSTM] + "\nfrom torch.nn import LSTM\n",
    ):
        assert "class LSTM is not defined" in look_at(LSTM, text)[0].message


def test_functions_may_be_inherited_within_the_file_decorated_or_chosen():
    moved = SOLVED[LSTM].replace("class LSTM(nn.Module)", "class Base(nn.Module)").replace("super(LSTM", "super(Base")
    assert look_at(LSTM, moved + "\n\nclass LSTM(Base):\n    pass\n") == []
    assert look_at(LSTM, SOLVED[LSTM].replace("    def forward", "    @torch.no_grad()\n    def forward")) == []
    assert look_at(LSTM, SOLVED[LSTM].replace("class LSTM", "if True:\n class LSTM").replace("\n    ", "\n     ")) == []
    assert look_at(LSTM, SOLVED[LSTM] + "\n    walk = forward\n") == []


def test_a_class_without_the_function_does_not_find_it_in_torch():
    text = SOLVED[LSTM].replace("def forward", "def walk").replace("nn.Module", "Module")
    assert only(look_at(LSTM, "from torch.nn import Module\n" + text)).rule == "missing"
