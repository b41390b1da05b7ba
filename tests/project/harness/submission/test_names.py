"""What the names of a file stand for."""

import pytest

from tests.project.harness.submission.made_up import LSTM, RNN, SOLVED, in_lstm, look_at, only


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", "super(LSTM, self)"),
        ("", "LSTM.forward"),
        ("", "self.LSTM = self.lstm_cell"),
        ("", "isinstance(x, LSTM)"),
        ("from torch.nn import LSTM\n", "super(LSTM, self)"),
        ("from torch.nn import LSTM\n", "pass"),
        ("", "self.eval()"),
        ("import torch.compiler\n", "torch.compile(x)"),
        ("", "x.lst"),
        ("", "lstm = lambda: x; lstm()"),
        ("from models.naive import RNN\n", "RNN.VanillaRNN(1)"),
        ("from models.naive.RNN import VanillaRNN as RNN\n", "RNN(1)"),
        ("from .RNN import VanillaRNN as RNN\n", "RNN(1)"),
        ("", "getattr(self, 'LSTM')"),
        ("", "getattr(nn, x)"),
        ("", "'nn.LSTM'"),
        ("def eval(x): return x\n", "eval(x)"),
    ],
)
def test_names_that_only_look_refused(before, line):
    assert look_at(LSTM, in_lstm(line, before)) == []


HELPER = """

class Helper(nn.Module):
    def __init__(self):
        self.lstm_weight = 1

    def lstm_gate(self, x):
        return x

    @classmethod
    def RNNStep(cls, x):
        return cls.inner.lstm_gate(x)
"""


@pytest.mark.parametrize(
    "line",
    [
        "self.helper.lstm_gate(x)",
        "self.deep.helper.lstm_gate(x)",
        "self.helper.lstm_weight",
        "self.cells[0].lstm_gate(x)",
        "Helper().lstm_gate(x)",
        "Helper.RNNStep(x)",
        "helper = Helper(); helper.lstm_gate(x)",
        "getattr(self.helper, 'lstm_gate')(x)",
        "self.LSTM = 1; self.deep.LSTM(x)",
        "x.lstm_weight",
    ],
)
def test_what_the_file_itself_defines_is_not_refused(line):
    """By its last word alone a student's own method would cost the deliverable."""
    assert look_at(LSTM, in_lstm(line) + HELPER) == []


@pytest.mark.parametrize(
    "line",
    [
        "torch.lstm_gate(x)",
        "torch.ops.aten.lstm_gate(x)",
        "self.helper.lstm_cell(x)",
        "self.nn.RNN(x)",
        "x.LSTM(x)",
        "self.nn.LSTM(x)",
        "nn.RNNStep(x)",
        "torch.nn.modules.rnn.LSTM(x)",
    ],
)
def test_a_files_own_names_excuse_no_other(line):
    assert [finding.rule for finding in look_at(LSTM, in_lstm(line) + HELPER)] == ["refused"]


def test_an_import_within_a_function_hides_the_students_own_class():
    assert only(look_at(LSTM, in_lstm("from torch.nn import LSTM; LSTM(1)"))).rule == "refused"


def test_a_class_of_the_right_name_made_of_the_refused_one():
    """A class that hides an import is the student's own, but not in its own bases."""
    text = SOLVED[LSTM].replace("class LSTM(nn.Module)", "class LSTM(LSTM)")
    assert only(look_at(LSTM, "from torch.nn import LSTM\n" + text)).rule == "refused"
    assert (
        only(look_at(LSTM, "from torch.nn import LSTM as Base\n" + text.replace("(LSTM)", "(Base)"))).rule == "refused"
    )
    assert only(look_at(LSTM, SOLVED[LSTM].replace("nn.Module", "nn.LSTM"))).rule == "refused"


def test_a_parameter_named_input_is_no_call_of_input():
    text = SOLVED[RNN].replace("return torch", "input = input.float()\n        return torch")
    assert look_at(RNN, text) == []
    assert look_at(LSTM, in_lstm("f = lambda input: input(x)")) == []
    assert look_at(LSTM, in_lstm("input = self.cell; input(x)")) == []
    assert only(look_at(LSTM, in_lstm("f = lambda input: 0; input()"))).rule == "output", "another function's"
