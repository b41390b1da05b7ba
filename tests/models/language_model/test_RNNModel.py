"""RNNModel: a recurrent language model."""

from gradescope_utils.autograder_utils.decorators import number, weight


@number("4.2.1")
@weight(10)
def test_rnn_model_scores_the_next_token(models, given, reference):
    """Log-probabilities (S * B, ntoken) of a chunk, and the state after it."""
    V, E, H = given.size("ntoken", 7, 11), given.size("ninp", 3, 6), given.size("nhid", 3, 7)
    S, B = given.size("S", 3, 6), given.size("B", 2, 5)
    model = given.parameters(models.language_model.RNNModel.RNNModel("LSTM", V, E, H, 2))
    output, hidden = model(given.integers("tokens", S, B, low=0, high=V), model.init_hidden(B))
    reference.match(output=output, hidden=hidden)
