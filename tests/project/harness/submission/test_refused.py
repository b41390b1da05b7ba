"""Refused names, and output."""

import pytest

from harness.submission.findings import Severity
from tests.project.harness.submission.made_up import (
    CONTRACT,
    HIDDEN,
    LSTM,
    RNN,
    SOLVED,
    TRANSFORMER,
    contract,
    in_lstm,
    line_of,
    look,
    look_at,
    only,
)


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", "nn.LSTM(1, 2)"),
        ("", "torch.nn.LSTM"),
        ("", "nn.RNNCell(1, 2)"),
        ("", "torch.lstm_cell(x)"),
        ("from torch.nn import LSTM as L\n", "L(1, 2)"),
        ("from torch import nn as n\n", "n.LSTM(1)"),
        ("import torch.nn as q\n", "q.LSTM(1)"),
        ("from torch import lstm\n", "lstm(x)"),
        ("", "torch.nn.modules.rnn.LSTM(1)"),
        ("from torch.nn.modules.rnn import LSTM as L\n", "L(1)"),
        ("", "x.LSTM"),
        ("", "x().LSTM"),
        ("", "x[0].LSTM"),
        ("", 'getattr(nn, "LSTM")'),
        ("", 'getattr(torch.nn, "RNNBase")(1)'),
        ("", "torch._VF.lstm(x)"),
        ("from torch import _VF\n", "_VF.gru(x)"),
        ("", "torch.ops.aten.lstm(x)"),
        ("", "nn.LSTM.forward(self, x)"),
        ("from torch.nn import *\n", "RNN(1, 2)"),
        ("n = nn\n", "n.LSTM(1)"),
        ("", "eval('nn.L' + 'STM')"),
        ("", "exec(x)"),
        ("", "__import__('torch')"),
        ("", "compile(x, '', 'exec')"),
        ("", "e = eval"),
        ("from models.naive.RNN import nn as m\n", "m.LSTM(1)"),
        ("from torch._VF import gru\n", "gru(x)"),
        ("import torch._VF as v\n", "v.gru(x)"),
    ],
)
def test_refused_names(before, line):
    text = in_lstm(line, before)
    finding = only(look_at(LSTM, text))
    assert (finding.severity, finding.rule, finding.deliverables) == (
        Severity.FAULT,
        "refused",
        ("naive.LSTM",),
    )
    assert finding.line == line_of(text, "        " + line)
    assert "Costs 12 points (1.2 Lstm)." in finding.message


def test_a_pattern_that_ends_in_a_star_alone_refuses_no_other_object():
    assignment = contract(deliverables=[{**CONTRACT["deliverables"][1], "refused": ["torch.fft.*"]}])
    assert look_at(LSTM, in_lstm("x.size(torch.zeros(1))"), assignment) == []
    assert only(look_at(LSTM, in_lstm("torch.fft.rfft(x)"), assignment)).rule == "refused"


def test_another_deliverables_class_may_be_used_under_its_name():
    """Its last word is refused, but it is the student's own."""
    text = SOLVED[RNN].replace("return torch", "LSTM(1)\n        return torch")
    for line in ("from models.naive.LSTM import LSTM\n", "from .LSTM import LSTM\n"):
        assert look_at(RNN, line + text) == []


@pytest.mark.parametrize(
    "helper",
    [
        "def helper(x):\n    return nn.LSTM(1, 2)(x)\n",
        "def deeper(x):\n    return nn.LSTM(1, 2)(x)\n\n\ndef helper(x):\n    return deeper(x)\n",
        "class helper:\n    layer = nn.LSTM\n",
        "helper = nn.LSTM\n",
        "if True:\n    helper = nn.LSTM\n",
    ],
)
def test_a_deliverable_answers_for_what_it_mentions(helper):
    finding = only(look_at(LSTM, in_lstm("helper(x)") + "\n\n" + helper))
    assert (finding.rule, finding.deliverables) == ("refused", ("naive.LSTM",))


@pytest.mark.parametrize(
    ("line", "before"),
    [
        ("helper(x)", "from models.Transformer import helper\n"),
        ("mine(x)", "from models.Transformer import helper as mine\n"),
        ("helper(x)", "from ..Transformer import helper\n"),
        ("Transformer.helper(x)", "from .. import Transformer\n"),
        ("helper(x)", "from models.Transformer import *\n"),
        ("models.Transformer.helper(x)", "import models.Transformer\n"),
        ("t.helper(x)", "import models.Transformer as t\n"),
        ("f(t)(x)", "import models.Transformer as t\n"),
        ("getattr(t, 'helper')(x)", "import models.Transformer as t\n"),
        ("from models.Transformer import helper; helper(x)", "\n"),
    ],
)
def test_what_a_deliverable_imports_from_another_file_is_its_own(line, before):
    text, other = in_lstm(line, before), SOLVED[TRANSFORMER] + HIDDEN
    finding = only(look({LSTM: text, TRANSFORMER: other}))
    assert (finding.rule, finding.deliverables) == ("refused", ("naive.LSTM",))
    assert (finding.file, finding.line) == (TRANSFORMER, line_of(other, "nn.LSTM"))
    imported = line_of(text, before.strip() or line)
    assert f"1.2 Lstm gets there by the import in {LSTM}:{imported}. Costs 12 points (1.2 Lstm)." in finding.message


@pytest.mark.parametrize(
    "helper",
    [
        "from models.Transformer import helper\n",
        "from models.Transformer import helper as other\n\n\ndef helper(a):\n    return other(a)\n",
        "from models.Transformer import *\n",
    ],
)
def test_imports_are_followed_through_files(helper):
    files = {LSTM: in_lstm("helper(x)", "from models.naive.RNN import helper\n"), RNN: helper + SOLVED[RNN]}
    finding = only(look({**files, TRANSFORMER: SOLVED[TRANSFORMER] + HIDDEN}))
    assert (finding.file, finding.deliverables) == (TRANSFORMER, ("naive.LSTM",))
    assert f"by the import in {LSTM}:1." in finding.message


def test_a_refused_class_imported_by_another_file_is_found_there():
    other = "from torch.nn import LSTM as Base\n" + SOLVED[TRANSFORMER]
    finding = only(look({LSTM: in_lstm("Base(x)", "from models.Transformer import Base\n"), TRANSFORMER: other}))
    assert (finding.file, finding.line, finding.deliverables) == (TRANSFORMER, 1, ("naive.LSTM",))


def test_imports_in_a_circle_end():
    circle = "from models.naive.{} import helper as other\n\n\ndef helper(x):\n    return other(x)\n"
    files = {LSTM: in_lstm("helper(x)", circle.format("RNN")), RNN: circle.format("LSTM") + SOLVED[RNN]}
    assert look(files) == []
    back = files[RNN].replace("helper as other", "hidden as other")
    finding = only(look({LSTM: files[LSTM] + HIDDEN.replace("helper", "hidden"), RNN: back}))
    assert (finding.file, finding.deliverables) == (LSTM, ("naive.LSTM",))


@pytest.mark.parametrize("line", ["print(x)", "sys.stdout.write('x')", "sys.stderr.write('x')"])
def test_output_is_told_as_the_assignment_treats_it(line):
    text = in_lstm(line, "import sys\n")
    finding = only(look_at(LSTM, text))
    assert (finding.severity, finding.rule, finding.line) == (Severity.WARNING, "output", line_of(text, line))
    assert "costs nothing" in finding.message
    zero = only(look_at(LSTM, text, contract(output="zero")))
    assert zero.severity is Severity.WARNING
    assert "no points at all" in zero.message
    assert look_at(LSTM, text, contract(output="allow")) == []


@pytest.mark.parametrize("policy", ["allow", "warn", "zero"])
def test_input_fails_in_grading_whatever_the_policy(policy):
    finding = only(look_at(LSTM, in_lstm("y = input()"), contract(output=policy)))
    assert (finding.severity, finding.rule) == (Severity.WARNING, "output")
    assert "fails" in finding.message


def test_output_that_grading_does_not_reach_is_not_told():
    helper = "\n\ndef show(x):\n    print(x)\n"
    assert look_at(LSTM, SOLVED[LSTM] + helper) == []
    assert only(look_at(LSTM, in_lstm("show(x)") + helper)).rule == "output"
    assert look_at(LSTM, in_lstm("self.print(x)") + "\n\ndef print(x): pass\n") == []
