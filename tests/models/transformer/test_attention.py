"""TransformerTranslator.multi_head_attention: several scaled dot-product attentions, residual and LayerNorm."""

from functools import partial

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

LAYERS = "queries keys values attention_head_projection norm_mh"


def build(models, given, heads=2):
    """Return a filled TransformerTranslator, whose dim_k, dim_v and hidden_dim H differ, and H."""
    H, K, W = given.size("H", 5, 7), given.size("dim_k", 3, 8), given.size("dim_v", 3, 8)
    model = models.Transformer.TransformerTranslator(
        2, 3, "cpu", hidden_dim=H, num_heads=heads, dim_feedforward=2, dim_k=K, dim_v=W, dim_q=K, max_length=2
    )
    return given.parameters(model, of=LAYERS), H


@number("3.2.1")
@weight(1)
def test_attention_has_layers_for_every_head(models, given, show):
    """queries, keys and values hold one Linear for each head. The projection maps the joined heads to hidden_dim."""
    model, _ = build(models, given, heads=3)
    for name in ("queries", "keys", "values"):
        layers = getattr(model, name)
        show(f"number of {name}", len(layers))
        for i, layer in enumerate(layers):
            show(f"{name}[{i}].weight", layer.weight)
            show(f"{name}[{i}].bias", layer.bias)
    show("projection", model.attention_head_projection.weight)
    show("norm", model.norm_mh.weight)


@number("3.2.2")
@weight(2)
@pytest.mark.parametrize("heads", [1, 3])
def test_attention_equals_the_equations(models, given, show, heads):
    """Each head is softmax(Q K^T / sqrt(dim_k)) V. The joined heads are projected, added to the input, normalised.

    The method has no dropout, so training mode gives the same results.
    """
    model, H = build(models, given, heads)
    N, T = given.size("N", 2, 5), given.size("T", 3, 9)
    inputs = given.uniform("inputs", N, T, H, low=-2, high=2)
    show("attended", model.multi_head_attention(inputs))
    show("attended_in_training_mode", model.train().multi_head_attention(inputs))


@number("3.2.3")
@weight(1)
def test_attention_has_a_decided_softmax_over_the_keys(models, given, show):
    """The softmax runs over the keys. With large inputs few keys get nearly all of a position's attention."""
    model, H = build(models, given, heads=3)
    N, T = given.size("N", 2, 5), given.size("T", 3, 9)
    show("attended", model.multi_head_attention(given.uniform("inputs", N, T, H, low=-5, high=5)))


@number("3.2.4")
@weight(1)
def test_attention_normalises_small_values_like_layer_norm(models, given, show):
    """norm_mh is a LayerNorm with torch's own epsilon, which matters where the values to normalise are small."""
    model, H = build(models, given)
    with torch.no_grad():
        model.attention_head_projection.weight.mul_(0.01)
        model.attention_head_projection.bias.mul_(0.01)
    inputs = given.uniform("inputs", 2, 4, H, low=-0.01, high=0.01)
    show("attended", model.multi_head_attention(inputs))


@number("3.2.5")
@weight(1)
def test_attention_takes_one_sentence_and_one_position(models, given, show):
    """A batch of one sentence and sentences of one position give (N, T, H) like any other."""
    model, H = build(models, given)
    inputs = given.uniform("inputs", 4, 3, H)
    show("one_sentence", model.multi_head_attention(inputs[:1]))
    show("sentences_of_one_position", model.multi_head_attention(inputs[:, :1].contiguous()))
    show("one_position", model.multi_head_attention(inputs[:1, :1]))


@number("3.2.6")
@weight(1)
def test_attention_looks_at_all_positions_of_its_own_sentence(models, given, show):
    """Reversing the positions reverses the result (no mask), and a sentence gives the same alone as in a batch."""
    model, H = build(models, given)
    N, T = given.size("N", 2, 5), given.size("T", 3, 9)
    inputs = given.uniform("inputs", N, T, H, low=-2, high=2)
    before = inputs.clone()
    show("attended", model.multi_head_attention(inputs))
    show("attended_in_reverse", model.multi_head_attention(inputs.flip(1)))
    show("second_sentence_alone", model.multi_head_attention(inputs[1:2]))
    show("inputs_after_the_calls", inputs)
    show("inputs_before_the_calls", before)


@number("3.2.7")
@weight(2)
def test_attention_passes_gradients(models, given, show):
    """Gradients reach the inputs and the weights and biases of all layers."""
    model, H = build(models, given)
    N, T = given.size("N", 2, 5), given.size("T", 3, 9)
    inputs = given.uniform("inputs", N, T, H, low=-2, high=2).requires_grad_()
    (model.multi_head_attention(inputs) * given.uniform("weights", N, T, H)).sum().backward()
    show("gradient_of_inputs", inputs.grad)
    show.gradients(model, of=LAYERS)


@number("3.2.8")
@weight(1)
def test_attention_needs_queries_as_wide_as_keys(models, given, show):
    """The constructor raises ValueError for dim_q != dim_k and names both numbers; dim_v is free."""
    K, Q = given.size("dim_k", 20, 29), given.size("dim_q", 30, 39)
    model, H = build(models, given)
    show("attended", model.multi_head_attention(given.uniform("inputs", 2, 3, H)))
    new = partial(models.Transformer.TransformerTranslator, 2, 3, "cpu", hidden_dim=4, dim_feedforward=5)
    show.raises("wider queries", ValueError, lambda: new(dim_k=K, dim_q=Q), mentions=[K, Q])
    show.raises("wider keys", ValueError, lambda: new(dim_k=Q, dim_q=K), mentions=[K, Q])
