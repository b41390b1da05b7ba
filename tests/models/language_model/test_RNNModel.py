"""RNNModel: four kinds of recurrent layers between an embedding and a decoder, which may share a weight."""

from functools import partial

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from harness.doubles import tensors

TYPES = ["RNN_TANH", "RNN_RELU", "GRU", "LSTM"]
all_types = pytest.mark.parametrize("rnn_type", TYPES)
with_and_without_cell = pytest.mark.parametrize("rnn_type", ["RNN_RELU", "LSTM"])


def build(models, given, rnn_type, nlayers=2, dropout=0.3, tied=False):
    """Return a filled model and its sizes ntoken and nhid. In a tied model ninp equals nhid."""
    V, H = given.size("ntoken", 7, 11), given.size("nhid", 4, 7)
    E = H if tied else given.size("ninp", 3, 6)
    model = models.language_model.RNNModel.RNNModel(rnn_type, V, E, H, nlayers, dropout, tied)
    return given.parameters(model), V, H


def draw_state(given, rnn_type, nlayers, B, H, name="state"):
    """Return a state before a chunk: (nlayers, B, nhid), or a pair of these for an LSTM."""
    h, c = given.uniform(f"{name} h", nlayers, B, H), given.uniform(f"{name} c", nlayers, B, H)
    return (h, c) if rnn_type == "LSTM" else h


def draw_chunk(given, rnn_type, V, H, nlayers=2):
    """Return token ids (S, B) and the state before them."""
    S, B = given.size("S", 4, 7), given.size("B", 2, 5)
    return given.integers("tokens", S, B, low=0, high=V), draw_state(given, rnn_type, nlayers, B, H)


def record(layer):
    """Record a layer's first argument and first result at every call from now on."""
    calls = {"in": [], "out": []}

    def note(layer, args, kwargs, result):
        calls["in"].append((*args, *kwargs.values())[0].detach().clone())
        calls["out"].append(tensors(result)[0].detach().clone())

    layer.register_forward_hook(note, with_kwargs=True)
    return calls


def pass_features_on(decoder):
    """Fill a decoder so that every score is one feature of its input, and the last score zero."""
    with torch.no_grad():
        decoder.weight.copy_(torch.eye(*decoder.weight.shape))
        decoder.weight[-1] = 0
        decoder.bias.zero_()


def features(output, H):
    """Return what a decoder that passes features on has read.

    Differences of log-probabilities equal differences of scores, and the last score is zero."""
    scores = output - output[:, -1:]
    return scores[:, : min(H, output.size(1) - 1)].detach()


def factors(before, after):
    """Return by which numbers, each once and rounded to one digit, values that are not near zero were multiplied."""
    return (after / before)[before.abs() > 0.05].round(decimals=1).add(0.0).unique()


@number("4.2.1")
@weight(1)
@all_types
def test_rnn_model_has_its_layers(models, given, show, rnn_type):
    """The model has embedding, dropout, recurrent (nlayers, time first, dropout between layers) and decoder."""
    model, *_ = build(models, given, rnn_type, dropout=0.35)
    embedded = given.uniform("embedded", 4, 3, model.embedding.weight.size(1))
    show("embedding.weight", model.embedding.weight)
    for name, parameter in model.recurrent.named_parameters(prefix="recurrent"):
        show(name, parameter)
    show("decoder.weight", model.decoder.weight)
    show("decoder.bias", model.decoder.bias)
    show("what recurrent returns", model.recurrent(embedded))
    show("p of dropout", model.dropout.p)
    show("p between layers", model.recurrent.dropout)
    show("parameters", sum(parameter.numel() for parameter in model.parameters()))


@number("4.2.2")
@weight(1)
@all_types
def test_rnn_model_predicts_the_next_token(models, given, show, rnn_type):
    """forward returns normalised log-probabilities (S * B, ntoken), step by step, and the state after the chunk.

    The model starts from the given state, not from zeros.
    """
    model, V, H = build(models, given, rnn_type)
    output, hidden = model(*draw_chunk(given, rnn_type, V, H))
    show("output", output)
    show("hidden", hidden)
    show("sum of probabilities", output.exp().sum(dim=1))


@number("4.2.3")
@weight(0.5)
@with_and_without_cell
def test_rnn_model_reads_on_from_its_state(models, given, show, rnn_type):
    """Reading a text in two chunks gives the same as reading it at once, if the state is passed on."""
    model, V, H = build(models, given, rnn_type)
    tokens, hidden = draw_chunk(given, rnn_type, V, H)
    show("output at once", model(tokens, hidden)[0])
    for name, part in (("first", tokens[:2]), ("second", tokens[2:])):
        output, hidden = model(part, hidden)
        show(f"output of the {name} chunk", output)
        show(f"state after the {name} chunk", hidden)


@number("4.2.4")
@weight(0.5)
@with_and_without_cell
def test_rnn_model_reads_a_single_token(models, given, show, rnn_type):
    """With one layer, one column or one step the results keep all their axes."""
    model, V, H = build(models, given, rnn_type, nlayers=1)
    tokens = given.integers("tokens", 4, 1, low=0, high=V)
    output, hidden = model(tokens[:1], draw_state(given, rnn_type, 1, 1, H))
    show("output of one token", output)
    show("state after one token", hidden)
    output, hidden = model(tokens, hidden)
    show("output of one column", output)
    show("state after one column", hidden)


@number("4.2.5")
@weight(1)
@all_types
def test_rnn_model_starts_from_zeros(models, given, show, rnn_type):
    """init_hidden gives zeros (nlayers, B, nhid), a pair for an LSTM, with the parameters' dtype and device."""
    model, V, _ = build(models, given, rnn_type, nlayers=3)
    B = given.size("B", 2, 5)
    hidden = model.init_hidden(B)
    show("hidden", hidden)
    show("for one column", model.init_hidden(1))
    output, _ = model(given.integers("tokens", 2, B, low=0, high=V), hidden)
    show("output from there", output)
    show("of a model in float64", model.double().init_hidden(B))
    devices = {state.device.type for state in tensors(model.to("meta").init_hidden(B))}
    show("devices when the model is on the device meta", " and ".join(sorted(devices)))


@number("4.2.6")
@weight(1)
@all_types
@pytest.mark.parametrize("tied", [False, True])
def test_rnn_model_is_initialised(models, given, show, rnn_type, tied):
    """Embedding and decoder weights are spread from -0.1 to 0.1. The decoder's bias is zero.

    The recurrent layer keeps torch's own values: weights and biases are spread up to 1 / sqrt(nhid).
    """
    model = models.language_model.RNNModel.RNNModel(rnn_type, 150, 9, 9, 2, tie_weights=tied)
    for name, values in (("embedding", model.embedding.weight), ("decoder", model.decoder.weight)):
        show.spread(f"{name}.weight", values, -0.1, 0.1)
    show("decoder's bias", model.decoder.bias)
    for name, values in model.recurrent.named_parameters(prefix="recurrent"):
        show.spread(name, values, -1 / 3, 1 / 3)
    tokens = given.integers("tokens", 3, 2, low=0, high=150)
    show("output when filled", given.parameters(model)(tokens, model.init_hidden(2))[0])


@number("4.2.7")
@weight(1)
@all_types
def test_rnn_model_ties_its_weights(models, given, show, rnn_type):
    """With tie_weights decoder.weight is embedding.weight: one tensor, whose gradient sums up both uses."""
    model, V, H = build(models, given, rnn_type, tied=True)
    tokens, hidden = draw_chunk(given, rnn_type, V, H)
    output, _ = model(tokens, hidden)
    show("output", output)
    (output * given.uniform("weights", *output.shape)).sum().backward()
    show("gradient of embedding.weight", model.embedding.weight.grad)
    show("gradient of decoder.weight", model.decoder.weight.grad)
    with torch.no_grad():
        model.embedding.weight.mul_(2)
    show("decoder.weight after the embedding's has changed", model.decoder.weight)


@number("4.2.8")
@weight(0.5)
def test_rnn_model_keeps_its_weights_apart(models, given, show):
    """Without tie_weights, the default, there are two weights, even where their sizes agree."""
    V, H = given.size("ntoken", 7, 11), given.size("nhid", 4, 7)
    model = given.parameters(models.language_model.RNNModel.RNNModel("GRU", V, H, H, 2))
    tokens, hidden = draw_chunk(given, "GRU", V, H)
    show("output", model(tokens, hidden)[0])
    with torch.no_grad():
        model.embedding.weight.mul_(2)
    show("decoder.weight after the embedding's has changed", model.decoder.weight)


@number("4.2.9")
@weight(0.5)
def test_rnn_model_refuses_what_it_cannot_do(models, given, show):
    """An unknown rnn_type and tied weights with ninp != nhid raise ValueError. Untied sizes may differ."""
    RNNModel = models.language_model.RNNModel.RNNModel
    for wrong in ("RNN", "lstm"):
        show.raises(f"rnn_type {wrong!r}", ValueError, lambda wrong=wrong: RNNModel(wrong, 9, 4, 5, 2), TYPES)
    for which, sizes in {"wider layers": (41, 53), "a wider embedding": (53, 41)}.items():
        tied = partial(RNNModel, "GRU", 9, *sizes, 2, tie_weights=True)
        show.raises(f"tied weights with {which}", ValueError, tied, mentions=sizes)
    model, V, H = build(models, given, "GRU")
    show("output with two sizes", model(*draw_chunk(given, "GRU", V, H))[0])


@number("4.2.10")
@weight(2)
@all_types
def test_rnn_model_drops_out_in_three_places(models, given, show, rnn_type):
    """The constructor's rate holds after the embedding, after the recurrent layer, and between its layers.

    In training p = 1 drops everything; in evaluation nothing is dropped. With p = 0.5 values are multiplied by 0 or 2,
    so dropout is applied once in each place. Gradients flow back through it.
    """
    model, V, H = build(models, given, rnn_type, dropout=1.0)
    tokens, hidden = draw_chunk(given, rnn_type, V, H)
    show("output and state in evaluation", model(tokens, hidden))
    model.train()
    show("output and state in training", model(tokens, hidden))
    model.dropout.p = 0.0
    show("output and state with dropout between the layers alone", model(tokens, hidden))
    model.dropout.p, model.recurrent.dropout = 1.0, 0.0
    show("output and state without dropout between the layers", model(tokens, hidden))
    model.dropout.p = 0.5
    pass_features_on(model.decoder)
    calls = record(model.recurrent)
    tokens = given.integers("a longer text", 50, len(tokens[0]), low=0, high=V)
    output, _ = model(tokens, hidden)
    output.sum().backward()
    embedded, read = model.embedding.weight[tokens].detach(), torch.cat(calls["in"])
    written, decoded = torch.cat(calls["out"]).flatten(0, 1), features(output, H)
    show("factors of the embedding", factors(embedded, read))
    show("factors of the recurrent layer's output", factors(written[:, : decoded.size(1)], decoded))
    show("finite values in the embedding's gradient", model.embedding.weight.grad.isfinite())


@number("4.2.11")
@weight(0.5)
@with_and_without_cell
def test_rnn_model_lets_gradients_through(models, given, show, rnn_type):
    """Gradients flow from output and state to the old state and all parameters, also to every token's embedding."""
    model, V, H = build(models, given, rnn_type)
    tokens, hidden = draw_chunk(given, rnn_type, V, H)
    tokens[0, :2] = torch.tensor([0, 1])
    before = tensors(hidden)
    for tensor in before:
        tensor.requires_grad_()
    output, after = model(tokens, hidden)
    objective = (output * given.uniform("output weights", *output.shape)).sum()
    for index, tensor in enumerate(tensors(after)):
        objective = objective + (tensor * given.uniform(f"state weights {index}", *tensor.shape)).sum()
    objective.backward()
    show("gradient of the state before", [tensor.grad for tensor in before])
    show.gradients(model)


@number("4.2.12")
@weight(0.5)
@with_and_without_cell
def test_rnn_model_keeps_nothing_between_calls(models, given, show, rnn_type):
    """The same arguments give the same results after another call, and no call changes its arguments."""
    model, V, H = build(models, given, rnn_type)
    tokens, hidden = draw_chunk(given, rnn_type, V, H)
    first = model(tokens, hidden)
    model(tokens.flip(0), first[1])
    show("first", first)
    show("again", model(tokens, hidden))
    show("tokens after the calls", tokens)
    show("state after the calls", hidden)
