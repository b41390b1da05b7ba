"""TransformerTranslator.final_layer and forward: the four steps put together."""

import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from harness import integration


def build(models, given, heads=1, of="final"):
    """Return a filled TransformerTranslator, its input size, hidden_dim H and output size V."""
    V_in, H, V = given.size("input size", 8, 11), given.size("H", 5, 7), given.size("V", 12, 15)
    model = models.Transformer.TransformerTranslator(
        V_in, V, "cpu", hidden_dim=H, num_heads=heads, dim_feedforward=16, dim_k=4, dim_v=3, dim_q=4, max_length=10
    )
    return given.parameters(model, of=of), V_in, H, V


def replace_the_layers(model, given, vocabulary, hidden_dim):
    """Replace embed, multi_head_attention and feedforward_layer by stand-ins, and return their tables."""
    table = given.uniform("embed", vocabulary, hidden_dim).requires_grad_()
    attention = given.uniform("attention", hidden_dim, hidden_dim).requires_grad_()
    feedforward = given.uniform("feedforward", hidden_dim, hidden_dim).requires_grad_()
    model.embed = lambda inputs: table[inputs]
    model.multi_head_attention = lambda inputs: torch.tanh(inputs.cumsum(dim=1) @ attention)
    model.feedforward_layer = lambda inputs: torch.relu(inputs) @ feedforward
    return table, attention, feedforward


@number("3.4.1")
@weight(1)
def test_final_layer_scores_the_target_vocabulary(models, given, show):
    """final_layer is the Linear layer `final` alone: (N, T, H) to (N, T, V), no softmax."""
    model, _, H, _ = build(models, given)
    N, T = given.size("N", 2, 4), given.size("T", 2, 4)
    inputs = given.uniform("inputs", N, T, H)
    show("final_weight", model.final.weight)
    show("final_bias", model.final.bias)
    show("scores", model.final_layer(inputs))
    show("inputs_after_the_call", inputs)


@number("3.4.2")
@weight(1)
def test_forward_embeds_attends_transforms_and_scores(models, given, show):
    """forward applies embed, multi_head_attention, feedforward_layer and final_layer, each once, in this order.

    The model has no dropout, so training mode gives the same results.
    """
    model, V_in, H, _ = build(models, given)
    replace_the_layers(model, given, V_in, H)
    N, T = given.size("N", 2, 4), given.size("T", 3, 7)
    inputs = given.sentences("inputs", N, T, V_in)
    show("scores", model(inputs))
    show("scores_in_training_mode", model.train()(inputs))
    show("inputs_after_the_calls", inputs)


@number("3.4.3")
@weight(1)
def test_forward_takes_one_sentence_and_one_token(models, given, show):
    """A batch of one sentence and sentences of one token give (N, T, V) like any other."""
    model, V_in, H, _ = build(models, given)
    replace_the_layers(model, given, V_in, H)
    inputs = given.integers("inputs", 4, 3, low=4, high=V_in)
    show("scores_of_one_sentence", model(inputs[:1]))
    show("scores_of_single_tokens", model(inputs[:, :1].contiguous()))
    show("scores_of_one_token", model(inputs[:1, :1]))


@number("3.4.4")
@weight(1)
def test_forward_passes_gradients(models, given, show):
    """Gradients flow from the scores through all four steps to the embeddings."""
    model, V_in, H, V = build(models, given)
    table, attention, feedforward = replace_the_layers(model, given, V_in, H)
    N, T = given.size("N", 2, 4), given.size("T", 3, 4)
    scores = model(given.integers("inputs", N, T, low=4, high=V_in))
    (scores * given.uniform("weights", N, T, V)).sum().backward()
    show.gradients(model, of="final")
    show("gradient_of_feedforward", feedforward.grad)
    show("gradient_of_attention", attention.grad)
    show("gradient_of_table", table.grad)


@number("3.4.5")
@weight(2)
@integration()
def test_translator_with_its_own_layers(models, given, show):
    """The whole translator, with your embedding, attention and feed-forward layer, gives the right scores."""
    model, V_in, _, _ = build(models, given, heads=3, of="")
    N, T = given.size("N", 2, 4), given.size("T", 3, 7)
    show("scores", model(given.sentences("inputs", N, T, V_in)))
    show("scores_of_the_longest", model(given.integers("longest", 2, 10, low=4, high=V_in)))
