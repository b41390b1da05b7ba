"""TransformerModel: scaled embedding, causal encoder, log-probabilities. Positions are given."""

import math
from functools import partial

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from tests.models.language_model.doubles import PositionsDouble

LAYERS = "embedding encoder decoder"
MAX_LEN = 12


def build(models, given, heads=2, nlayers=1, **options):
    """Return a filled model with given positions, whose sizes all differ, and V and E. One layer shows most."""
    V, E = given.size("V", 13, 17), heads * 2 * given.size("half of E of a head", 2, 3)
    model = models.language_model.TransformerModel.TransformerModel(
        V, E, heads, given.size("nhid", 10, 11), nlayers, max_len=MAX_LEN, **options
    )
    model.positional_encoding = PositionsDouble(given, E, 0.0, MAX_LEN)
    return given.parameters(model, of=LAYERS), V, E


def tokens(given, vocabulary, name="src"):
    """Return token ids (S, B)."""
    return given.integers(name, given.size("S", 5, 8), given.size("B", 2, 3), low=0, high=vocabulary)


def causal(steps):
    """Return the mask (S, S) that hides later steps, for tests that are not about the mask that forward makes."""
    return torch.ones(steps, steps, dtype=torch.bool).triu(diagonal=1)


def unless_random(call):
    """Return what a call returns, or zeros if a second call returns something else: then it is random."""
    first = call()
    return first if torch.equal(first, call()) else torch.zeros_like(first)


@number("4.4.1")
@weight(1)
@pytest.mark.parametrize("norm_first", [False, True])
def test_transformer_scores_every_next_token(models, given, show, norm_first):
    """forward embeds src (S, B), adds positions, encodes with a causal mask, gives log-probabilities (S * B, V).

    The model has two layers of three heads, normalises after the sublayers or before them (norm_first), and has no norm
    after the last layer.
    """
    model, V, _ = build(models, given, heads=3, nlayers=2, norm_first=norm_first)
    src = tokens(given, V)
    show("scores", model(src, causal(len(src))))
    show("src_after_the_call", src)


@number("4.4.2")
@weight(1)
def test_transformer_scales_the_embedding(models, given, show):
    """The positional encoding receives the embedding times sqrt(E), of shape (S, B, E)."""
    model, V, _ = build(models, given)
    src = tokens(given, V)
    show("scores", model(src, causal(len(src))))
    show("table", model.embedding.weight)
    show("positions_were_added_to", model.positional_encoding.added_to)


@number("4.4.3")
@weight(1)
def test_transformer_returns_log_probabilities_by_rows(models, given, show):
    """Each row's probabilities sum to 1. Row t * B + b is step t of sequence b and depends on no other sequence."""
    model, V, _ = build(models, given)
    src = tokens(given, V)
    scores = model(src, causal(len(src)))
    show("scores", scores)
    show("sums", scores.exp().sum(dim=1))
    show("scores_of_the_last_sequence_alone", model(src[:, -1:], causal(len(src))))
    show("scores_of_one_token", model(src[:1, :1], causal(1)))


@number("4.4.4")
@weight(1)
def test_transformer_does_not_look_ahead(models, given, show):
    """Without a mask no row depends on later tokens: other or fewer later tokens do not change it.

    A mask that another call was given does not change it either.
    """
    model, V, _ = build(models, given, nlayers=2)
    src = tokens(given, V)
    other = torch.cat((src[:-2], given.integers("other end", 2, src.size(1), low=0, high=V)))
    show("scores", model(src))
    show("scores_with_another_end", model(other))
    show("scores_of_the_beginning", model(src[:3]))
    model(src, torch.zeros(len(src), len(src), dtype=torch.bool))
    show("scores_after_a_call_in_which_all_was_visible", model(src))


@number("4.4.5")
@weight(1)
def test_transformer_uses_a_given_mask(models, given, show):
    """forward uses a given mask as it is: a boolean one (True hides) or a float one that is added."""
    model, V, _ = build(models, given)
    src = tokens(given, V)
    S = src.size(0)
    distance = (torch.arange(S).unsqueeze(1) - torch.arange(S)).abs()
    hidden = distance > 1  # every step sees its two neighbours
    added = (-given.uniform("slope", 1, low=0.5, high=2) * distance).masked_fill(distance > 2, -math.inf)
    show("scores_with_a_boolean_mask", model(src, hidden))
    show("boolean_mask_after_the_call", hidden)
    show("scores_with_an_added_mask", model(src, added))
    show("weights_after_the_call", added.exp())
    show("scores_with_all_visible", model(src, torch.zeros(S, S, dtype=torch.bool)))


@number("4.4.6")
@weight(1)
@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_transformer_drops_in_every_layer(models, given, show, dropout):
    """In training mode every layer of the encoder drops with the given probability.

    With 0 nothing is random. With 1 every sublayer adds zero, so with norm_first the input passes unchanged.
    """
    model, V, _ = build(models, given, nlayers=2, dropout=dropout, norm_first=True)
    src = tokens(given, V)
    show("scores_in_evaluation", model(src, causal(len(src))))
    model.train()
    show("scores_in_training", unless_random(lambda: model(src, causal(len(src)))))


@number("4.4.7")
@weight(0.5)
def test_transformer_starts_with_small_weights(models, given, show):
    """A new model's embedding and decoder weights spread from -0.1 to 0.1; the decoder's bias is zero.

    The encoder keeps torch's own values: norms start with ones and zeros, linear layers are drawn from
    -1 / sqrt(number of inputs) to 1 / sqrt(number of inputs), and in_proj_weight is Xavier-uniform.
    """
    E, V = 16, 50
    model = models.language_model.TransformerModel.TransformerModel(V, E, 2, 5, 1)
    show.spread("embedding.weight", model.embedding.weight, -0.1, 0.1)
    show.spread("decoder.weight", model.decoder.weight, -0.1, 0.1)
    show("decoder_bias", model.decoder.bias)
    bounds = {"linear1": E**-0.5, "linear2": 5**-0.5, "self_attn.out_proj.weight": E**-0.5}
    bounds["self_attn.in_proj_weight"] = (6 / (4 * E)) ** 0.5
    for name, values in model.encoder.layers[0].named_parameters():
        bound = next((bound for start, bound in bounds.items() if name.startswith(start)), None)
        if bound:
            show.spread(f"{name} of the encoder", values, -bound, bound)
        else:  # norms, and the biases of the attention
            show(f"{name} of the encoder", values)
    src = given.integers("src", 3, 2, low=0, high=V)
    show("scores_when_filled", given.parameters(model)(src, causal(3)))


@number("4.4.8")
@weight(0.5)
def test_transformer_passes_gradients(models, given, show):
    """Gradients reach the embedding, every layer of the encoder and the decoder."""
    model, V, _ = build(models, given, nlayers=2)
    src = tokens(given, V)
    (model(src, causal(len(src))) * given.uniform("weights", src.numel(), V)).sum().backward()
    show.gradients(model, of="embedding decoder")
    for index, layer in enumerate(model.encoder.layers):
        show(f"gradient in layer {index}", layer.linear1.weight.grad)


@number("4.4.9")
@weight(1)
@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_transformer_makes_its_positional_encoding(models, given, show, dropout):
    """The constructor passes size, dropout and max_len to PositionalEncoding, which a stand-in replaces here.

    max_len steps work, and one more raises the stand-in's ValueError. With dropout 1 nothing of the input is left in
    training mode, so all rows have the same scores. An odd E works like any other.
    """
    V, M = given.size("V", 8, 12), given.size("max_len", 5, 7)
    module = models.language_model.TransformerModel
    own, module.PositionalEncoding = module.PositionalEncoding, partial(PositionsDouble, given)
    try:
        model = module.TransformerModel(V, 9, 3, 4, 1, dropout, True, M)
    finally:
        module.PositionalEncoding = own
    given.parameters(model, of=LAYERS)
    src = given.integers("src", M + 1, 2, low=0, high=V)
    show("longest", model(src[:M], causal(M)))
    show.raises("one step too many", ValueError, lambda: model(src, causal(M + 1)), mentions=[M, M + 1])
    model.train()
    show("longest_in_training", unless_random(lambda: model(src[:M], causal(M))))
