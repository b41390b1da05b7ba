"""PositionalEncoding: a fixed table that is added."""

from gradescope_utils.autograder_utils.decorators import number, weight


@number("4.3.1")
@weight(4)
def test_positions_are_added(models, given, reference):
    """The first S rows of the table are added to the input; the table has sines and cosines."""
    D = given.size("d_model", 3, 8)
    encoding = models.language_model.TransformerModel.PositionalEncoding(D, 0.0, given.size("max_len", 9, 14))
    x = given.uniform("x", given.size("S", 2, 6), given.size("B", 2, 5), D)
    reference.match(pe=encoding.pe, output=encoding.eval()(x))
