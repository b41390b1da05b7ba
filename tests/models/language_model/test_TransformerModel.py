"""TransformerModel: scores the next token after every step."""

from gradescope_utils.autograder_utils.decorators import number, weight


@number("4.4.1")
@weight(8)
def test_transformer_model_scores_the_next_token(models, given, reference):
    """Log-probabilities (S * B, ntoken) of a chunk, behind the causal mask."""
    V, S, B = given.size("ntoken", 7, 11), given.size("S", 3, 6), given.size("B", 2, 5)
    model = models.language_model.TransformerModel.TransformerModel(V, 6, 2, 9, 2, 0.2, False, 12)
    reference.match(output=given.parameters(model)(given.integers("tokens", S, B, low=0, high=V)))
