"""TransformerTranslator.embed: word embedding plus position embedding."""

from gradescope_utils.autograder_utils.decorators import number, weight

from harness import size_names

LAYERS = "word_embedding position_embedding"


def build(models, given, max_length):
    """Return a filled TransformerTranslator, its vocabulary size V and its hidden_dim H."""
    V, H = given.size("V", 8, 12), given.size("H", 3, 7)
    others = {"num_heads": 1, "dim_feedforward": 2, "dim_k": 2, "dim_v": 2, "dim_q": 2}  # not used here
    model = models.Transformer.TransformerTranslator(V, 5, "cpu", hidden_dim=H, max_length=max_length, **others)
    return given.parameters(model, of=LAYERS), V, H


@number("3.1.1")
@weight(1)
def test_embed_adds_word_and_position(models, given, show):
    """embed returns, for every token, word embedding + position embedding (positions 0, 1, ...), without scaling.

    The method has no dropout, so training mode gives the same results.
    """
    N, T = given.size("N", 2, 5), given.size("T", 3, 7)
    model, V, _ = build(models, given, max_length=T + 6)
    inputs = given.sentences("inputs", N, T, V)
    show("word_table", model.word_embedding.weight)
    show("position_table", model.position_embedding.weight)
    show("embedded", model.embed(inputs))
    show("embedded_in_training_mode", model.train().embed(inputs))
    show("inputs_after_the_calls", inputs)


@number("3.1.2")
@weight(1)
@size_names(lengths="max_length")
def test_embed_takes_up_to_max_length_tokens(models, given, show):
    """A sequence of max_length tokens is embedded. One token more raises a ValueError that names both lengths."""
    M = given.size("max_length", 4, 7)
    model, V, _ = build(models, given, max_length=M)
    inputs = given.integers("inputs", 2, M + 1, low=4, high=V)
    show("longest", model.embed(inputs[:, :M]))
    show.raises("one token too many", ValueError, lambda: model.embed(inputs), mentions=[M, M + 1])


@number("3.1.3")
@weight(1)
def test_embed_takes_one_sentence_and_one_token(models, given, show):
    """A batch of one sentence and sentences of one token are embedded like any other."""
    model, V, _ = build(models, given, max_length=9)
    sentence, column = given.integers("sentence", 1, 6, low=4, high=V), given.integers("tokens", 6, 1, low=4, high=V)
    show("one_sentence", model.embed(sentence))
    show("sentences_of_one_token", model.embed(column))
    show("one_token", model.embed(column[:1]))
    show("one_sentence_again", model.embed(sentence))


@number("3.1.4")
@weight(1)
def test_embed_passes_gradients_to_both_tables(models, given, show):
    """Every row of both tables receives the sum of the gradients of the places where it was used."""
    N, T = given.size("N", 3, 5), given.size("T", 3, 7)
    model, V, H = build(models, given, max_length=T + 3)
    inputs = given.integers("inputs", N, T, low=4, high=V)
    objective = (model.embed(inputs) * given.uniform("weights", N, T, H)).sum()
    objective.backward()
    show("objective", objective)
    show.gradients(model, of=LAYERS)
