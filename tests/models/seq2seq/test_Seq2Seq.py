"""Seq2Seq: encodes once, then decodes step by step. Most tests replace encoder and decoder by stand-ins."""

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from harness import integration, size_names, steered_by
from harness.given import EOS
from tests.models.seq2seq.doubles import DecoderDouble, EncoderDouble

both_types = pytest.mark.parametrize("model_type", ["RNN", "LSTM"])


def build(models, given, model_type="RNN"):
    """Return a model of two stand-ins and the vocabulary sizes of source and target."""
    source_size, target_size, H = given.size("source V", 6, 9), given.size("target V", 7, 11), given.size("H", 3, 6)
    encoder = EncoderDouble(given, source_size, H, model_type)
    decoder = DecoderDouble(given, target_size, H, model_type)
    return models.seq2seq.Seq2Seq.Seq2Seq(encoder, decoder, "cpu"), (source_size, target_size)


def build_with_own_parts(models, given, model_type, attention):
    """Return a filled model of your own encoder and decoder, and the vocabulary sizes of source and target."""
    source_size, target_size = given.size("source V", 6, 9), given.size("target V", 7, 11)
    E, H = given.size("E", 3, 9), given.size("H", 3, 9)
    encoder = models.seq2seq.Encoder.Encoder(source_size, E, H, H, 0.2, model_type)
    decoder = models.seq2seq.Decoder.Decoder(E, H, H, target_size, 0.2, model_type, attention)
    model = models.seq2seq.Seq2Seq.Seq2Seq(encoder, decoder, "cpu")
    return given.parameters(model), (source_size, target_size)


def fed(model):
    """Return the tokens (N, L) that the decoder's stand-in was fed, one column for each step."""
    return torch.cat(model.decoder.inputs, dim=1)


@number("2.4.1")
@weight(1)
def test_seq2seq_keeps_both_models_on_the_device(models, given, show):
    """The attributes encoder and decoder are the given models, moved to the device."""
    V, H = given.size("V", 6, 9), given.size("H", 3, 5)
    encoder, decoder = EncoderDouble(given, V, H), DecoderDouble(given, V, H)
    model = models.seq2seq.Seq2Seq.Seq2Seq(encoder, decoder, "cpu")
    show("encoder's table", model.encoder.table)
    show("decoder's table", model.decoder.tokens)
    own = dict(model.named_buffers())  # includes the buffers of submodules
    for name in ("encoder.table", "decoder.tokens"):
        show(f"{name} as the model's own", own.get(name))
    model = models.seq2seq.Seq2Seq.Seq2Seq(encoder, decoder, torch.device("meta"))
    show("device of the encoder", str(model.encoder.table.device))
    show("device of the decoder", str(model.decoder.tokens.device))


@number("2.4.2")
@weight(1)
@steered_by("outputs")
@both_types
def test_seq2seq_translates_freely(models, given, show, model_type):
    """Without a target the decoder takes T steps: it starts with <sos> and then reads its most probable tokens."""
    model, (V, _) = build(models, given, model_type)
    N, T = given.size("N", 2, 5), given.size("T", 3, 8)
    outputs = model(given.sentences("source", N, T, V))
    show("tokens fed to the decoder", fed(model))
    show("outputs", outputs)


@number("2.4.3")
@weight(1)
@steered_by("2 outputs", "10 outputs", "1 outputs", "outputs when <eos> is likely")
def test_seq2seq_translates_up_to_max_length(models, given, show):
    """Without a target max_length alone decides how many positions are predicted, also after an <eos>."""
    model, (V, _) = build(models, given)
    source = given.sentences("source", 3, given.size("T", 4, 9), V)
    for N, max_length in ((3, 2), (2, 10), (1, 1)):
        model.decoder.inputs.clear()
        outputs = model(source[:N], max_length=max_length)
        show(f"tokens fed for {max_length} outputs", fed(model))
        show(f"{max_length} outputs", outputs)
    model.decoder.bias[EOS] = 20.0
    show("outputs when <eos> is likely", model(source, max_length=4))


@number("2.4.4")
@weight(1)
@steered_by("outputs")
@size_names(lengths="max_length")
@pytest.mark.parametrize("max_length", [None, 2])
def test_seq2seq_takes_its_length_from_the_target(models, given, show, max_length):
    """A target of L + 1 tokens asks for L positions, whatever max_length is. The decoder does not read its tokens."""
    model, (source_size, target_size) = build(models, given)
    N, T, L = given.size("N", 2, 5), given.size("T", 3, 8), given.size("L", 4, 9)
    target = given.sentences("target", N, L + 1, target_size)
    outputs = model(given.sentences("source", N, T, source_size), target, max_length=max_length)
    show("tokens fed to the decoder", fed(model))
    show("outputs", outputs)


@number("2.4.5")
@weight(1)
@both_types
def test_seq2seq_is_taught_by_the_target(models, given, show, model_type):
    """With teacher forcing, in both modes, step t reads target[:, t]; the first step always reads <sos>."""
    model, (source_size, target_size) = build(models, given, model_type)
    N, T, L = given.size("N", 2, 5), given.size("T", 3, 8), given.size("L", 3, 9)
    source, target = given.sentences("source", N, T, source_size), given.sentences("target", N, L + 1, target_size)
    target[:, 0] = given.integers("other beginnings", N, low=4, high=target_size)
    outputs = model(source, target, teacher_forcing=True)
    show("tokens fed to the decoder", fed(model))
    show("outputs", outputs)
    show("outputs in evaluation", model.eval()(source, target, teacher_forcing=True))
    show("source after the calls", source)
    show("target after the calls", target)


@number("2.4.6")
@weight(1)
@steered_by("outputs")
@both_types
def test_seq2seq_encodes_once(models, given, show, model_type):
    """The encoder runs once a call, every step receives its outputs, and nothing is kept for the next call."""
    model, (V, _) = build(models, given, model_type)
    N, T = given.size("N", 2, 5), given.size("T", 3, 8)
    source = given.sentences("source", N, T, V)
    show("outputs", model(source))
    show("sources that the encoder has read", torch.stack(model.encoder.inputs))
    show("steps that saw encoder_outputs", torch.tensor(model.decoder.saw_encoder))
    show("outputs of a second call", model(source))
    show("source after the calls", source)


@number("2.4.7")
@weight(1)
@steered_by("outputs")
def test_seq2seq_needs_a_target_to_be_taught(models, given, show):
    """Teacher forcing without a target raises ValueError, with and without max_length."""
    model, (V, _) = build(models, given)
    source = given.sentences("source", given.size("N", 2, 5), given.size("T", 3, 8), V)
    show.raises("teacher forcing without target", ValueError, lambda: model(source, teacher_forcing=True))
    show.raises(
        "teacher forcing with max_length", ValueError, lambda: model(source, teacher_forcing=True, max_length=3)
    )
    show("outputs", model(source))


@number("2.4.8")
@weight(1)
@steered_by("outputs")
@pytest.mark.parametrize("teacher_forcing", [False, True])
def test_seq2seq_lets_gradients_through(models, given, show, teacher_forcing):
    """Gradients flow from every position back through all steps before it, down to the encoder."""
    model, (source_size, target_size) = build(models, given, "LSTM")
    N, T, L = given.size("N", 2, 5), given.size("T", 3, 8), given.size("L", 3, 9)
    tables = {"encoder": model.encoder.table, "tokens": model.decoder.tokens, "scores": model.decoder.scores}
    for table in tables.values():
        table.requires_grad_()
    source, target = given.sentences("source", N, T, source_size), given.sentences("target", N, L + 1, target_size)
    outputs = model(source, target, teacher_forcing)
    (outputs * given.uniform("objective", N, L, target_size)).sum().backward()
    show("outputs", outputs)
    for name, table in tables.items():
        show(f"gradient of the doubles' {name}", table.grad)


@number("2.4.9")
@weight(1)
@integration(attention="seq2seq.Attention")
@pytest.mark.parametrize(("model_type", "attention"), [("RNN", True), ("LSTM", False), ("LSTM", True)])
def test_seq2seq_teaches_your_encoder_and_decoder(models, given, show, model_type, attention):
    """Your encoder and decoder together learn from a target: outputs and gradients of all parameters are right."""
    N, T, L = given.size("N", 2, 3), given.size("T", 3, 5), given.size("L", 3, 5)  # steps take time
    model, (source_size, target_size) = build_with_own_parts(models, given, model_type, attention)
    source, target = given.sentences("source", N, T, source_size), given.sentences("target", N, L + 1, target_size)
    outputs = model(source, target, teacher_forcing=True)
    (outputs * given.uniform("objective", N, L, target_size)).sum().backward()
    show("outputs", outputs)
    show.gradients(model)


@number("2.4.10")
@weight(1)
@integration(attention="seq2seq.Attention")
@steered_by("outputs")
@pytest.mark.parametrize(("model_type", "attention"), [("RNN", False), ("RNN", True), ("LSTM", True)])
def test_seq2seq_translates_with_your_encoder_and_decoder(models, given, show, model_type, attention):
    """Your encoder and decoder together translate without a target."""
    model, (V, _) = build_with_own_parts(models, given, model_type, attention)
    outputs = model(given.sentences("source", given.size("N", 2, 5), given.size("T", 3, 9), V), max_length=4)
    show("outputs", outputs)
