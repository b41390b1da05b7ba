"""TransformerTranslator.feedforward_layer: two linear layers at every position, residual and LayerNorm."""

import torch
from gradescope_utils.autograder_utils.decorators import number, weight

LAYERS = "feedforward_in feedforward_out norm_ff"


def build(models, given):
    """Return a filled TransformerTranslator and its hidden_dim H."""
    H, D = given.size("H", 5, 8), given.size("dim_feedforward", 6, 11)
    others = {"num_heads": 1, "dim_k": 2, "dim_v": 2, "dim_q": 2, "max_length": 3}  # not used here
    model = models.Transformer.TransformerTranslator(2, 3, "cpu", hidden_dim=H, dim_feedforward=D, **others)
    return given.parameters(model, of=LAYERS), H


@number("3.3.1")
@weight(1)
def test_feedforward_equals_the_equation(models, given, show):
    """feedforward_layer returns LayerNorm(x + W_2 relu(W_1 x + b_1) + b_2) and does not change its input.

    The method has no dropout, so training mode gives the same results.
    """
    model, H = build(models, given)
    N, T = given.size("N", 2, 4), given.size("T", 3, 7)
    inputs = given.uniform("inputs", N, T, H, low=-2, high=2)
    show("feedforward_in", model.feedforward_in.weight)
    show("feedforward_out", model.feedforward_out.weight)
    show("transformed", model.feedforward_layer(inputs))
    show("transformed_in_training_mode", model.train().feedforward_layer(inputs))
    show("inputs_after_the_calls", inputs)


@number("3.3.2")
@weight(1)
def test_feedforward_normalises_small_values_like_layer_norm(models, given, show):
    """norm_ff is a LayerNorm with torch's own epsilon, which matters where the values to normalise are small."""
    model, H = build(models, given)
    with torch.no_grad():
        model.feedforward_out.weight.mul_(0.01)
        model.feedforward_out.bias.mul_(0.01)
    inputs = given.uniform("inputs", 2, 4, H, low=-0.01, high=0.01)
    show("transformed", model.feedforward_layer(inputs))


@number("3.3.3")
@weight(1)
def test_feedforward_transforms_every_position_by_itself(models, given, show):
    """A sentence or a position gives the same alone as among others."""
    model, H = build(models, given)
    inputs = given.uniform("inputs", 4, 3, H)
    show("transformed", model.feedforward_layer(inputs))
    show("last_sentence_alone", model.feedforward_layer(inputs[-1:]))
    show("last_positions_alone", model.feedforward_layer(inputs[:, -1:].contiguous()))
    show("last_position_alone", model.feedforward_layer(inputs[-1:, -1:]))


@number("3.3.4")
@weight(1)
def test_feedforward_passes_gradients(models, given, show):
    """Gradients reach the inputs and the weights and biases of the three layers."""
    model, H = build(models, given)
    N, T = given.size("N", 2, 4), given.size("T", 3, 7)
    inputs = given.uniform("inputs", N, T, H, low=-2, high=2).requires_grad_()
    (model.feedforward_layer(inputs) * given.uniform("weights", N, T, H)).sum().backward()
    show("gradient_of_inputs", inputs.grad)
    show.gradients(model, of=LAYERS)
