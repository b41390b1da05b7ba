"""Decoder.compute_attention: how much each source position matters. Nothing else of the decoder is needed here."""

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight


def build(models, H, model_type="RNN"):
    """Return a decoder with attention whose hidden states have size H. The tests do not use its layers."""
    return models.seq2seq.Decoder.Decoder(3, H, H, 5, 0.2, model_type, True)


def draw(given):
    """Return a decoder's hidden state (1, N, H), the encoder's outputs (N, T, H) and the sizes (N, T, H)."""
    N, T, H = given.size("N", 2, 5), given.size("T", 3, 7), given.size("H", 3, 8)
    return given.uniform("hidden", 1, N, H), given.uniform("encoder outputs", N, T, H), (N, T, H)


@number("2.2.1")
@weight(1)
@pytest.mark.parametrize("model_type", ["RNN", "LSTM"])
def test_attention_weighs_source_positions(models, given, show, model_type):
    """The weights (N, 1, T) are the softmax over T of the cosines; hidden is (1, N, H) for both model types."""
    hidden, encoder_outputs, (_, _, H) = draw(given)
    weights = build(models, H, model_type).compute_attention(hidden, encoder_outputs)
    show("weights", weights)


@number("2.2.2")
@weight(1)
def test_attention_ignores_lengths_of_vectors(models, given, show):
    """A cosine depends on directions only: longer or shorter vectors get the same weights."""
    hidden, encoder_outputs, (N, T, H) = draw(given)
    decoder = build(models, H)
    show("weights", decoder.compute_attention(hidden, encoder_outputs))
    stretched = hidden * given.uniform("factors of hidden", 1, N, 1, low=0.1, high=20)
    weights = decoder.compute_attention(stretched, encoder_outputs)
    show("weights with other lengths of hidden", weights)
    stretched = encoder_outputs * given.uniform("factors of encoder outputs", N, T, 1, low=0.1, high=20)
    weights = decoder.compute_attention(hidden, stretched)
    show("weights with other lengths of encoder_outputs", weights)


@number("2.2.3")
@weight(1)
def test_attention_survives_zero_vectors(models, given, show):
    """The cosine with an all-zero vector is 0, on either side. Weights and gradients stay finite."""
    hidden, encoder_outputs, (_, _, H) = draw(given)
    decoder = build(models, H)
    encoder_outputs[0, 1] = 0
    show("weights with a zero output", decoder.compute_attention(hidden, encoder_outputs))
    hidden[0, -1] = 0
    show("weights with a zero state", decoder.compute_attention(hidden, encoder_outputs))
    weights = decoder.compute_attention(torch.zeros_like(hidden), torch.zeros_like(encoder_outputs))
    show("weights of zeros alone", weights)
    hidden.requires_grad_()
    encoder_outputs.requires_grad_()
    decoder.compute_attention(hidden, encoder_outputs)[:, :, :2].sum().backward()
    show("finite values in the gradient of hidden", hidden.grad.isfinite())
    show("finite values in the gradient of encoder_outputs", encoder_outputs.grad.isfinite())


@number("2.2.4")
@weight(1)
def test_attention_weighs_single_rows_and_positions(models, given, show):
    """A batch of one row keeps its axes; a single source position gets all the weight."""
    H = given.size("H", 5, 8)
    decoder = build(models, H)
    hidden, outputs = given.uniform("hidden", 1, 3, H), given.uniform("encoder outputs", 3, 4, H)
    for name, N, T in (("one row", 1, 4), ("single positions", 3, 1), ("one position", 1, 1)):
        h, encoder_outputs = hidden[:, :N], outputs[:N, :T].contiguous()
        show(f"weights of {name}", decoder.compute_attention(h, encoder_outputs))
        doubled = torch.cat((encoder_outputs, -encoder_outputs), dim=1)
        show(f"weights of {name} and the opposite", decoder.compute_attention(h, doubled))


@number("2.2.5")
@weight(1)
def test_attention_lets_gradients_through(models, given, show):
    """Gradients flow from the weights to the decoder's hidden state and to the encoder's outputs."""
    hidden, encoder_outputs, (N, T, H) = draw(given)
    hidden.requires_grad_()
    encoder_outputs.requires_grad_()
    weights = build(models, H).compute_attention(hidden, encoder_outputs)
    (weights * given.uniform("objective", N, 1, T)).sum().backward()
    show("gradient of hidden", hidden.grad)
    show("gradient of encoder_outputs", encoder_outputs.grad)


@number("2.2.6")
@weight(1)
def test_attention_leaves_its_arguments_alone(models, given, show):
    """A call changes neither hidden nor encoder_outputs, and a second call gives the same weights."""
    hidden, encoder_outputs, (_, _, H) = draw(given)
    decoder = build(models, H)
    first = decoder.compute_attention(hidden, encoder_outputs)
    again = decoder.compute_attention(hidden, encoder_outputs)
    show("first", first)
    show("again", again)
    show("hidden after the calls", hidden)
    show("encoder_outputs after the calls", encoder_outputs)
