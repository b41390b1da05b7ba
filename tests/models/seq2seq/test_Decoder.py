"""Decoder: one step a call. Where there is attention, its weights are given, not computed."""

from functools import partial

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from harness.doubles import tensors
from tests.models.seq2seq.doubles import AttentionDouble

both_types = pytest.mark.parametrize("model_type", ["RNN", "LSTM"])
with_and_without = pytest.mark.parametrize(
    ("model_type", "attention"), [("RNN", False), ("LSTM", False), ("RNN", True), ("LSTM", True)]
)
plain_and_full = pytest.mark.parametrize(("model_type", "attention"), [("RNN", False), ("LSTM", True)])


def build(models, given, model_type, attention=False, dropout=0.2):
    """Return a filled decoder and its sizes (V, E, Henc, Hdec). With attention Henc equals Hdec."""
    V, E = given.size("V", 6, 10), given.size("E", 3, 6)
    Hdec = given.size("Hdec", 3, 7)
    Henc = Hdec if attention else given.size("Henc", 3, 8)
    decoder = models.seq2seq.Decoder.Decoder(E, Henc, Hdec, V, dropout, model_type, attention)
    return given.parameters(decoder), (V, E, Henc, Hdec)


def draw_state(given, model_type, N, H, name="state"):
    """Return a state before a step: (1, N, H), or a pair of these for an LSTM."""
    h, c = given.uniform(f"{name} h", 1, N, H), given.uniform(f"{name} c", 1, N, H)
    return (h, c) if model_type == "LSTM" else h


@number("2.3.1")
@weight(1)
@with_and_without
def test_decoder_has_its_layers(models, given, show, model_type, attention):
    """The constructor creates embedding, dropout, recurrent, output_layer, and context_layer only with attention."""
    decoder, (_, E, *_) = build(models, given, model_type, attention, dropout=0.35)
    show("embedding.weight", decoder.embedding.weight)
    show("recurrent.weight_ih_l0", decoder.recurrent.weight_ih_l0)
    show("recurrent.weight_hh_l0", decoder.recurrent.weight_hh_l0)
    show("output_layer.weight", decoder.output_layer.weight)
    show("output_layer.bias", decoder.output_layer.bias)
    context_layer = getattr(decoder, "context_layer", None)
    show("context_layer.weight", context_layer and context_layer.weight)
    show("context_layer.bias", context_layer and context_layer.bias)
    show("what recurrent returns", decoder.recurrent(given.uniform("embedded", 3, 4, E)))
    show("p of dropout", decoder.dropout.p)


@number("2.3.2")
@weight(1)
@both_types
def test_decoder_takes_one_step_without_attention(models, given, show, model_type):
    """One step returns log-probabilities (N, V) and the new state, which has the form of the old one."""
    decoder, (V, _, _, Hdec) = build(models, given, model_type)
    N = given.size("N", 2, 5)
    output, state = decoder(given.integers("token", N, 1, low=0, high=V), draw_state(given, model_type, N, Hdec))
    show("output", output)
    show("state", state)


@number("2.3.3")
@weight(1)
@both_types
def test_decoder_mixes_in_the_context(models, given, show, model_type):
    """With attention the recurrent input is context_layer([context; embedded]), where context = weights @ outputs."""
    decoder, (V, _, Henc, Hdec) = build(models, given, model_type, attention=True)
    N, T = given.size("N", 2, 5), given.size("T", 2, 7)
    decoder.compute_attention = AttentionDouble(given, N, T)
    token, encoder_outputs = given.integers("token", N, 1, low=0, high=V), given.uniform("outputs", N, T, Henc)
    output, state = decoder(token, draw_state(given, model_type, N, Hdec), encoder_outputs)
    show("output", output)
    show("state", state)


@number("2.3.4")
@weight(1)
@both_types
def test_decoder_attends_with_the_state_before_the_step(models, given, show, model_type):
    """Each step calls compute_attention once, with the encoder's outputs and the h (never c) before the step."""
    decoder, (V, _, Henc, Hdec) = build(models, given, model_type, attention=True)
    N, T = given.size("N", 2, 5), given.size("T", 2, 7)
    decoder.compute_attention = attention = AttentionDouble(given, N, T)
    encoder_outputs, state = given.uniform("outputs", N, T, Henc), draw_state(given, model_type, N, Hdec)
    for step in range(2):
        output, state = decoder(given.integers(f"token {step}", N, 1, low=0, high=V), state, encoder_outputs)
        show(f"output of step {step}", output)
        show(f"state after step {step}", state)
    show("hidden in the calls", attention.queries)
    show("encoder_outputs in the calls", attention.keys)


@number("2.3.5")
@weight(1)
@both_types
def test_decoder_without_attention_ignores_the_encoder(models, given, show, model_type):
    """Without attention the decoder ignores encoder_outputs of any size and does not call compute_attention."""
    decoder, (V, _, Henc, Hdec) = build(models, given, model_type)
    N, T = given.size("N", 2, 5), given.size("T", 2, 7)
    decoder.compute_attention = attention = AttentionDouble(given, N, T)
    token, state = given.integers("token", N, 1, low=0, high=V), draw_state(given, model_type, N, Hdec)
    show("output and state", decoder(token, state))
    offered = decoder(token, state, given.uniform("outputs", N, T, Henc))
    show("output and state with encoder_outputs", offered)
    show("calls of compute_attention", len(attention.queries))


@number("2.3.6")
@weight(1)
@plain_and_full
def test_decoder_drops_out_the_embedding_only(models, given, show, model_type, attention):
    """In training p = 1 drops the embedded token, but not context or state. In evaluation nothing is dropped."""
    decoder, (V, _, Henc, Hdec) = build(models, given, model_type, attention, dropout=1.0)
    N, T = given.size("N", 2, 5), given.size("T", 2, 7)
    decoder.compute_attention = AttentionDouble(given, N, T)
    token, state = given.integers("token", N, 1, low=0, high=V), draw_state(given, model_type, N, Hdec)
    encoder_outputs = given.uniform("outputs", N, T, Henc)
    show("output and state", decoder(token, state, encoder_outputs))
    decoder.train()
    show("output and state with p = 1", decoder(token, state, encoder_outputs))
    decoder.dropout.p = 0.0
    show("output and state with p = 0", decoder(token, state, encoder_outputs))


@number("2.3.7")
@weight(1)
@with_and_without
def test_decoder_lets_gradients_through(models, given, show, model_type, attention):
    """Gradients flow from output and state to the old state, encoder outputs, weights and all parameters."""
    decoder, (V, _, Henc, Hdec) = build(models, given, model_type, attention)
    N, T = given.size("N", 4, 8), given.size("T", 2, 7)
    decoder.compute_attention = double = AttentionDouble(given, N, T)
    before = tensors(draw_state(given, model_type, N, Hdec))
    encoder_outputs = given.uniform("outputs", N, T, Henc)
    for tensor in (*before, encoder_outputs, double.weights):
        tensor.requires_grad_()
    token = given.integers("token", N, 1, low=0, high=V)
    token[:4, 0] = torch.arange(4)  # the special tokens learn like any other
    output, state = decoder(token, before if model_type == "LSTM" else before[0], encoder_outputs)
    objective = (output * given.uniform("output weights", N, V)).sum()
    for index, tensor in enumerate(tensors(state)):
        objective = objective + (tensor * given.uniform(f"weights of state {index}", 1, N, Hdec)).sum()
    objective.backward()
    show("gradient of the state before", [tensor.grad for tensor in before])
    show("gradient of encoder_outputs", encoder_outputs.grad)
    show("gradient of the attention weights", double.weights.grad)
    show.gradients(decoder)


@number("2.3.8")
@weight(1)
def test_decoder_refuses_what_it_cannot_do(models, given, show):
    """Unknown model_type, attention with Henc != Hdec and attention without encoder_outputs raise ValueError."""
    Decoder = models.seq2seq.Decoder.Decoder
    show.raises("an unknown model_type", ValueError, lambda: Decoder(4, 5, 5, 9, 0.2, "GRU"), ["RNN", "LSTM"])
    for which, sizes in {"decoder": (53, 67), "encoder": (67, 53)}.items():
        build_attending = partial(Decoder, 4, *sizes, 9, attention=True)
        show.raises(f"attention with a wider {which}", ValueError, build_attending, mentions=sizes)
    decoder, (V, _, Henc, Hdec) = build(models, given, "RNN", attention=True)
    N, T = given.size("N", 2, 5), given.size("T", 2, 7)
    decoder.compute_attention = AttentionDouble(given, N, T)
    token, state = given.integers("token", N, 1, low=0, high=V), draw_state(given, "RNN", N, Hdec)
    show.raises("attention without encoder_outputs", ValueError, lambda: decoder(token, state))
    output, _ = decoder(token, state, given.uniform("outputs", N, T, Henc))
    show("output with encoder_outputs", output)


@number("2.3.9")
@weight(1)
@with_and_without
def test_decoder_steps_with_a_single_row(models, given, show, model_type, attention):
    """A batch of one row that reads a single source position keeps all its axes."""
    decoder, (V, _, Henc, Hdec) = build(models, given, model_type, attention)
    decoder.compute_attention = AttentionDouble(given, 1, 1)
    token, state = given.integers("token", 1, 1, low=0, high=V), draw_state(given, model_type, 1, Hdec)
    output, state = decoder(token, state, given.uniform("outputs", 1, 1, Henc))
    show("output", output)
    show("state", state)


@number("2.3.10")
@weight(1)
@plain_and_full
def test_decoder_keeps_nothing_between_calls(models, given, show, model_type, attention):
    """The same arguments give the same results after another call, and no call changes its arguments."""
    decoder, (V, _, Henc, Hdec) = build(models, given, model_type, attention)
    N, T = given.size("N", 2, 5), given.size("T", 2, 7)
    decoder.compute_attention = AttentionDouble(given, N, T)
    token, state = given.integers("token", N, 1, low=0, high=V), draw_state(given, model_type, N, Hdec)
    encoder_outputs = given.uniform("outputs", N, T, Henc)
    first = decoder(token, state, encoder_outputs)
    other = decoder(given.integers("other token", N, 1, low=0, high=V), first[1], given.uniform("others", N, T, Henc))
    again = decoder(token, state, encoder_outputs)
    show("first", first)
    show("other", other)
    show("again", again)
    show("token after the calls", token)
    show("state after the calls", state)
    show("encoder_outputs after the calls", encoder_outputs)
