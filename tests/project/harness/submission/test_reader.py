"""What runs when a file is imported, and what only when somebody uses it."""

import pytest

from tests.project.harness.submission.made_up import (
    HIDDEN,
    LSTM,
    RNN,
    SOLVED,
    TRANSFORMER,
    in_lstm,
    look,
    look_at,
    only,
)


@pytest.mark.parametrize(
    "loose",
    [
        "LSTM.forward = nn.LSTM.forward",
        "a = LSTM.forward = nn.LSTM",
        "setattr(LSTM, 'f', nn.LSTM)",
        "if x:\n    a = nn.LSTM",
    ],
)
def test_statements_that_do_more_than_bind_names_concern_every_deliverable(loose):
    assert look_at(LSTM, SOLVED[LSTM] + "\n\n" + loose + "\n")[0].rule == "refused"


def test_only_what_is_used_of_another_file_counts():
    clean = "\n\ndef clean(a):\n    return a\n"
    other = SOLVED[TRANSFORMER] + HIDDEN + clean
    assert look({LSTM: in_lstm("clean(x)", "from models.Transformer import clean\n"), TRANSFORMER: other}) == []
    assert look({LSTM: in_lstm("t.clean(x)", "import models.Transformer as t\n"), TRANSFORMER: other}) == []
    assert look({LSTM: in_lstm("x", "from models.Transformer import helper\n"), TRANSFORMER: other}) == []
    user = SOLVED[TRANSFORMER].replace("return x + 1", "return helper(x)")  # embed refuses no LSTM
    assert look({TRANSFORMER: "from models.naive.RNN import helper\n" + user, RNN: SOLVED[RNN] + HIDDEN}) == []


def test_names_are_refused_only_where_their_deliverable_can_reach_them():
    """By file, nn.Transformer in Full would cost the attention of Small, which refuses it."""
    assert look({}) == []
    helper = "\n\ndef layers(size):\n    return nn.TransformerEncoderLayer(size)\n"
    text = SOLVED[TRANSFORMER].replace("nn.Transformer(size)", "layers(size)") + helper
    assert look_at(TRANSFORMER, text) == []
    finding = only(look_at(TRANSFORMER, text.replace("return x.softmax(-1)", "return layers(x)")))
    assert finding.deliverables == ("small.attention",)
    assert "part of 6.5 points that need it (2.3 Forward)" in finding.message
