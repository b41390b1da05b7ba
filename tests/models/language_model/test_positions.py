"""PositionalEncoding: a table of sines and cosines that is added, then dropout."""

import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from harness import tolerance

FORMULA = tolerance(atol=2e-4)  # a float32 angle of a hundred is off by some 1e-5


def build(models, d_model, max_len, dropout=0.0):
    """Return an encoding in eval mode."""
    return models.language_model.TransformerModel.PositionalEncoding(d_model, dropout, max_len).eval()


def with_given_table(models, given, max_len, dropout=0.0):
    """Return an encoding with a given table, for tests of what forward does with it, and the table's width d_model."""
    D = 2 * given.size("half of d_model", 2, 4)
    encoding = build(models, D, max_len, dropout)
    encoding.pe.data = given.uniform("table", max_len, 1, D)
    return encoding, D


@number("4.3.1")
@weight(2)
@FORMULA
def test_positions_are_sines_and_cosines(models, given, show):
    """pe[p, 0, 2k] = sin(p / 10000^(2k / d_model)), pe[p, 0, 2k + 1] = cos of the same; pe is (max_len, 1, d_model)."""
    S, B, D = given.size("S", 3, 7), given.size("B", 2, 5), 2 * given.size("half of d_model", 2, 9)
    encoding = build(models, D, 100)
    show("first_hundred_positions", encoding.pe)
    show("output", encoding(given.uniform("x", S, B, D)))


@number("4.3.2")
@weight(1)
@FORMULA
def test_positions_work_for_an_odd_size(models, given, show):
    """An odd d_model has one sine more than cosines. d_model = 1 has only a sine, d_model = 2 one of each."""
    S, B, D = given.size("S", 3, 7), given.size("B", 2, 5), 2 * given.size("half of d_model", 1, 6) + 1
    encoding = build(models, D, 100)
    x = given.uniform("x", S, B, D)
    show("first_hundred_positions", encoding.pe)
    show("output", encoding(x))
    show("width_one", build(models, 1, 6).pe)
    show("width_two", build(models, 2, 5).pe)


@number("4.3.3")
@weight(0.25)
def test_positions_are_added_to_every_sequence(models, given, show):
    """forward adds the first S rows to every sequence and does not change x. No row depends on S or B."""
    S, B = given.size("S", 3, 7), given.size("B", 2, 5)
    encoding, D = with_given_table(models, given, max_len=S + 4)
    x = given.uniform("x", S, B, D)
    show("output", encoding(x))
    show("x_after_the_call", x)
    show("first_step_alone", encoding(x[:1]))
    show("one_sequence", encoding(x[:, :1]))
    show("output_again", encoding(x))
    show("table_after_the_calls", encoding.pe)


@number("4.3.4")
@weight(0.25)
def test_positions_go_up_to_max_len(models, given, show):
    """A sequence of max_len steps works. One step more raises a ValueError that names both lengths."""
    M = given.size("max_len", 4, 8)
    encoding, D = with_given_table(models, given, max_len=M)
    x = given.uniform("x", M + 1, 2, D)
    show("longest", encoding(x[:M]))
    show.raises("one step too many", ValueError, lambda: encoding(x), mentions=[M, M + 1])
    shorter = build(models, D, M - 1)  # shows that the number comes from the argument
    show.raises("one step too many for a shorter one", ValueError, lambda: shorter(x[:M]), mentions=[M, M - 1])


@number("4.3.5")
@weight(0.25)
def test_positions_are_a_buffer(models, given, show):
    """pe is a buffer, not a parameter: it moves with the module, and no optimizer changes it."""
    S = given.size("S", 3, 6)
    encoding, D = with_given_table(models, given, max_len=S + 2)
    x = given.uniform("x", S, 4, D).requires_grad_()
    output = encoding(x)
    (output * given.uniform("weights", S, 4, D)).sum().backward()
    show("output", output)
    show("gradient_of_x", x.grad)
    buffers = dict(encoding.named_buffers())
    show("buffer", buffers.get("pe", "no buffer pe"))
    show("parameters", len(list(encoding.parameters())))
    show("pe_of_a_module_in_float16", encoding.half().pe)


@number("4.3.6")
@weight(0.25)
@pytest.mark.parametrize("dropout", [0.0, 1.0, 0.5])
def test_positions_are_added_before_dropout(models, given, show, dropout):
    """In training mode dropout follows the sum: p = 1 leaves nothing, p = 0 everything. eval drops nothing.

    Dropout is applied once: with p = 0.5 the sum is multiplied by 0 or by 2.
    """
    S = given.size("S", 3, 6)
    encoding, D = with_given_table(models, given, max_len=S + 2, dropout=dropout)
    x = given.uniform("x", S, 50, D)  # enough values for both factors
    show("in_evaluation", encoding(x))
    dropped = encoding.train()(x.clone())
    if dropout in (0, 1):
        show("in_training", dropped)
    else:
        factors = (dropped / (x + encoding.pe[:S])).unique()
        show("factors_of_the_sum", factors if len(factors) <= 2 else "more than two")
