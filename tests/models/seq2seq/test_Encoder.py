"""Encoder: embedding, recurrent layer, and a hidden state in the decoder's size."""

from functools import partial

import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from harness.doubles import tensors
from harness.given import PAD, UNK

both_types = pytest.mark.parametrize("model_type", ["RNN", "LSTM"])


def build(models, given, model_type, dropout=0.2):
    """Return a filled encoder and its sizes (V, E, Henc, Hdec). For an LSTM Henc equals Hdec."""
    V, E = given.size("V", 6, 10), given.size("E", 3, 6)
    Henc = given.size("Henc", 3, 7)
    Hdec = Henc if model_type == "LSTM" else given.size("Hdec", 3, 8)
    encoder = models.seq2seq.Encoder.Encoder(V, E, Henc, Hdec, dropout, model_type)
    return given.parameters(encoder), (V, E, Henc, Hdec)


@number("2.1.1")
@weight(1)
@both_types
def test_encoder_has_its_five_layers(models, given, show, model_type):
    """The constructor creates embedding, dropout, recurrent, hidden_in and hidden_out with the contract's sizes."""
    encoder, (_, E, *_) = build(models, given, model_type, dropout=0.35)
    show("embedding.weight", encoder.embedding.weight)
    show("recurrent.weight_ih_l0", encoder.recurrent.weight_ih_l0)
    show("recurrent.weight_hh_l0", encoder.recurrent.weight_hh_l0)
    show("hidden_in.weight", encoder.hidden_in.weight)
    show("hidden_in.bias", encoder.hidden_in.bias)
    show("hidden_out.weight", encoder.hidden_out.weight)
    show("hidden_out.bias", encoder.hidden_out.bias)
    show("what recurrent returns", encoder.recurrent(given.uniform("embedded", 3, 4, E)))
    show("p of dropout", encoder.dropout.p)


@number("2.1.2")
@weight(1)
def test_encoder_reads_with_an_rnn(models, given, show):
    """An RNN encoder returns output (N, T, Henc) of every step and tanh(hidden_out(relu(hidden_in(h)))) of the last."""
    encoder, (V, *_) = build(models, given, "RNN")
    N, T = given.size("N", 2, 5), given.size("T", 3, 9)
    output, hidden = encoder(given.sentences("source", N, T, V))
    show("output", output)
    show("hidden", hidden)


@number("2.1.3")
@weight(1)
def test_encoder_reads_with_an_lstm(models, given, show):
    """An LSTM encoder returns (hidden, cell). Only hidden goes through the two layers; cell stays as it is."""
    encoder, (V, *_) = build(models, given, "LSTM")
    N, T = given.size("N", 2, 5), given.size("T", 3, 8)
    output, states = encoder(given.sentences("source", N, T, V))
    show("output", output)
    show("states", states)


@number("2.1.4")
@weight(1)
@both_types
def test_encoder_reads_single_sentences_and_tokens(models, given, show, model_type):
    """A batch of one sentence and sentences of one token keep all their axes."""
    encoder, (V, *_) = build(models, given, model_type)
    source = given.integers("source", 3, 4, low=0, high=V)
    for name, N, T in (("one sentence", 1, 4), ("single tokens", 3, 1), ("one token", 1, 1)):
        output, states = encoder(source[:N, :T].contiguous())
        show(f"output of {name}", output)
        show(f"states of {name}", states)


@number("2.1.5")
@weight(1)
@both_types
def test_encoder_drops_out_the_embedding_only(models, given, show, model_type):
    """In training p = 1 drops the embedding of every token, and nothing else. In evaluation nothing is dropped."""
    encoder, (V, *_) = build(models, given, model_type, dropout=1.0)
    N, T = given.size("N", 2, 5), given.size("T", 3, 9)
    source = given.sentences("source", N, T, V)
    output, states = encoder(source)
    show("output", output)
    show("states", states)
    output, states = encoder.train()(source)
    show("output with p = 1", output)
    show("states with p = 1", states)
    encoder.dropout.p = 0.0
    output, states = encoder(source)
    show("output with p = 0", output)
    show("states with p = 0", states)


@number("2.1.6")
@weight(1)
@both_types
def test_encoder_lets_gradients_through(models, given, show, model_type):
    """Gradients flow from outputs and last states to all parameters, also to the embeddings of special tokens."""
    encoder, (V, *_) = build(models, given, model_type)
    N, T = given.size("N", 2, 5), given.size("T", 4, 9)
    source = given.sentences("source", N, T, V)
    source[0, 1], source[1, 1] = UNK, PAD
    output, states = encoder(source)
    objective = (output * given.uniform("output weights", *output.shape)).sum()
    for index, state in enumerate(tensors(states)):
        objective = objective + (state * given.uniform(f"weights of state {index}", *state.shape)).sum()
    objective.backward()
    show.gradients(encoder)


@number("2.1.7")
@weight(1)
def test_encoder_refuses_what_it_cannot_do(models, given, show):
    """An unknown model_type and an LSTM with Henc != Hdec raise ValueError. The message names choices or sizes."""
    Encoder = models.seq2seq.Encoder.Encoder
    show.raises("an unknown model_type", ValueError, lambda: Encoder(9, 4, 5, 5, 0.2, "GRU"), ["RNN", "LSTM"])
    for which, sizes in {"decoder": (53, 67), "encoder": (67, 53)}.items():
        build_lstm = partial(Encoder, 9, 4, *sizes, 0.2, "LSTM")
        show.raises(f"an LSTM with a wider {which}", ValueError, build_lstm, mentions=sizes)
    encoder, (V, *_) = build(models, given, "RNN")  # two sizes are fine for an RNN
    output, hidden = encoder(given.sentences("source", 2, 3, V))
    show("output", output)
    show("hidden", hidden)


@number("2.1.8")
@weight(1)
@both_types
def test_encoder_keeps_nothing_between_calls(models, given, show, model_type):
    """Every call starts anew: a second reading of a sentence gives the same, and the source stays as it was."""
    encoder, (V, *_) = build(models, given, model_type)
    N, T = given.size("N", 2, 5), given.size("T", 3, 9)
    source = given.sentences("source", N, T, V)
    output, states = encoder(source)
    show("output", output)
    show("states", states)
    encoder(given.sentences("other source", N, T, V))
    output, states = encoder(source)
    show("output again", output)
    show("states again", states)
    show("source after the calls", source)
