"""BERTGRUSentiment, count_parameters and freeze, with a stand-in for BERT."""

import warnings
from contextlib import contextmanager

import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import nn

from harness.doubles import mode_of
from tests.models.sentiment.doubles import PAD, VOCABULARY, BertDouble

both_kinds = pytest.mark.parametrize("bidirectional", [False, True])
depths = pytest.mark.parametrize("n_layers", [1, 2])


def build(models, given, bidirectional=True, n_layers=2, dropout=0.3, outputs=None):
    """Return a filled model on a stand-in for BERT."""
    E, H = given.size("E", 3, 5), given.size("hidden_dim", 4, 6)
    outputs = outputs or given.size("output_dim", 2, 3)
    bert = BertDouble(given, E)
    model = models.sentiment.BERTGRUSentiment.BERTGRUSentiment(bert, H, outputs, n_layers, bidirectional, dropout)
    return given.parameters(model)


def draw_texts(given, lengths=None, name="text"):
    """Return ids (N, T) of texts of several lengths, with padding at the end."""
    if lengths is None:
        T = given.size("T", 5, 8)
        lengths = [T, 2, T - 1, 1]
    text = given.integers(name, len(lengths), max(lengths), low=7, high=VOCABULARY)
    text[0, 1 % max(lengths)] = 0  # a token like others
    for row, length in enumerate(lengths):
        text[row, length:] = PAD
    return text


@number("5.2.1")
@weight(0.5)
@both_kinds
@depths
def test_model_has_its_layers(models, given, show, bidirectional, n_layers):
    """The model has bert, rnn (a GRU, batch first), dropout and out, for one direction and for both."""
    model = build(models, given, bidirectional, n_layers)
    for layer in ("rnn", "out"):
        for name, parameter in getattr(model, layer).named_parameters(prefix=layer):
            show(name, parameter)
    embedded = given.uniform("embedded", 2, 3, model.bert.config.hidden_size)
    show("what rnn returns", model.rnn(embedded))
    show("p of dropout", model.dropout.p)
    show("bert is the model that was handed over", isinstance(model.bert, BertDouble))


@number("5.2.2")
@weight(1)
@both_kinds
@depths
def test_forward_scores_every_text(models, given, show, bidirectional, n_layers):
    """forward returns logits (N, output_dim) of the last layer's last states: forward, then backward."""
    model = build(models, given, bidirectional, n_layers)
    show("logits", model(draw_texts(given)))


@number("5.2.3")
@weight(0.5)
def test_bert_gets_the_attention_mask(models, given, show):
    """BERT is called once with a mask (N, T): 1 where there is a token, 0 where there is padding."""
    model = build(models, given)
    show("logits", model(draw_texts(given)))
    show("calls of bert", len(model.bert.masks))
    mask = model.bert.masks[0] if model.bert.masks else None
    show("mask", mask if mask is None else mask.to(torch.int64))


@number("5.2.4")
@weight(1)
@both_kinds
def test_padding_changes_no_logit(models, given, show, bidirectional):
    """A text has the same logits alone, beside longer ones, and with more padding than any text needs."""
    model = build(models, given, bidirectional)
    text = draw_texts(given)
    more = torch.cat((text, torch.full((len(text), 3), PAD)), dim=1)
    show("logits", model(text))
    show("logits with more padding", model(more))
    for row, length in enumerate((text != PAD).sum(dim=1).tolist()):
        show(f"logits of text {row} alone", model(text[row : row + 1, :length]))


@number("5.2.5")
@weight(0.5)
@both_kinds
def test_padding_changes_no_gradient(models, given, show, bidirectional):
    """The gradients of rnn and out are the same with more padding than any text needs."""
    model, text = build(models, given, bidirectional), draw_texts(given)
    for name, columns in {"as padded": 0, "with more padding": 4}.items():
        model.zero_grad()
        logits = model(torch.cat((text, torch.full((len(text), columns), PAD)), dim=1))
        (logits * given.uniform("weights", *logits.shape)).sum().backward()
        for layer in ("rnn", "out"):
            for key, parameter in getattr(model, layer).named_parameters(prefix=layer):
                show(f"gradient of {key}, {name}", parameter.grad)


@number("5.2.6")
@weight(1)
def test_bert_is_never_trained(models, given, show):
    """BERT runs in eval mode without gradients, also after train(), which returns the model. It gets no gradient."""
    model, text = build(models, given, dropout=0.0), draw_texts(given)
    show("logits in evaluation", model(text))
    show("train() returns the model", model.train() is model)
    logits = model(text)
    show("logits in training", logits)
    logits.sum().backward()
    model.bert.train()
    show("logits after bert.train()", model(text))
    show("modes of bert when it is called", " and ".join(sorted({*model.bert.modes})))
    show("calls of bert that record gradients", sum(model.bert.gradients))
    show("gradients of bert", [parameter.grad for parameter in model.bert.parameters()])
    model.eval()
    show("mode after eval()", mode_of(model))
    with torch.no_grad():
        show("gradients are recorded where they are switched off", model(text).requires_grad)


@number("5.2.7")
@weight(0.5)
def test_gradients_reach_what_learns(models, given, show):
    """In training gradients flow to every parameter of rnn and out."""
    model, text = build(models, given, dropout=0.0), draw_texts(given)
    logits = model.train()(text)
    (logits * given.uniform("weights", *logits.shape)).sum().backward()
    show.gradients(model, of="rnn out")


@number("5.2.8")
@weight(1)
def test_freezing_is_left_to_freeze(models, given, show):
    """The constructor leaves BERT's parameters as they are. freeze freezes a module in place, and nothing else."""
    module = models.sentiment.BERTGRUSentiment
    model = build(models, given)
    bert = model.bert.words.numel() + model.bert.mix.numel()
    show("parameters of bert that are trained at first", trained(model.bert))
    show("count_parameters at first", module.count_parameters(model) - bert)
    module.freeze(model.bert)
    show("parameters of bert that are trained afterwards", trained(model.bert))
    show("parameters of all else that are trained afterwards", trained(model))
    show("count_parameters afterwards", module.count_parameters(model))
    module.freeze(model)
    show("count_parameters when all is frozen", module.count_parameters(model))
    show("logits when all is frozen", model(draw_texts(given)))
    frozen = BertDouble(given, 7)
    frozen.mix.requires_grad = False
    other = module.BERTGRUSentiment(frozen, 2, 1, 1, False, 0.0)
    show(
        "parameters of bert that were frozen before",
        sum(not parameter.requires_grad for parameter in other.bert.parameters()),
    )


def trained(module):
    """Return how many parameters of a module are trained."""
    return sum(parameter.requires_grad for parameter in module.parameters())


@contextmanager
def values_read(layer):
    """Collect what a recurrent layer is given, packed or not."""
    read = []
    handle = layer.register_forward_pre_hook(lambda layer, args: read.append(getattr(args[0], "data", args[0])))
    yield read
    handle.remove()


@number("5.2.9")
@weight(1)
@both_kinds
def test_dropout_is_in_two_places(models, given, show, bidirectional):
    """The constructor's rate holds between the GRU's layers and on the last states, and in no other place.

    With p = 1 in training nothing but the bias of out is left; the GRU's first layer always hears of the text.
    """
    model, text = build(models, given, bidirectional, dropout=1.0), draw_texts(given)
    show("logits in evaluation", model(text))
    model.train()
    with values_read(model.rnn) as read:
        show("logits in training", model(text))
    show("values that the GRU reads as zeros in training", sum(int((values == 0).sum()) for values in read))
    model.dropout.p = 0.0
    show("logits with dropout between the layers alone", model(text))
    model.dropout.p, model.rnn.dropout = 1.0, 0.0
    show("logits with dropout on the last states alone", model(text))
    model.dropout.p = 0.0
    show("logits without dropout", model(text))


@number("5.2.10")
@weight(0.5)
def test_one_layer_has_no_dropout_between(models, given, show):
    """With one layer the GRU has a rate of 0, and nothing is warned of. The last states are dropped all the same."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = build(models, given, n_layers=1, dropout=1.0)
    show("warnings", len(caught))
    show("rate of the GRU", float(model.rnn.dropout))
    show("rate of dropout", float(model.dropout.p))
    show("logits in training", model.train()(draw_texts(given)))


@number("5.2.11")
@weight(0.5)
@both_kinds
def test_logits_keep_their_axes(models, given, show, bidirectional):
    """One text, texts of one token and one output: logits are (N, output_dim) all the same."""
    model = build(models, given, bidirectional, outputs=1)
    show("logits of several texts", model(draw_texts(given, [4, 6, 1], "several")))
    show("logits of one text", model(draw_texts(given, [5], "one")))
    show("logits of one token", model(draw_texts(given, [1], "token")))
    show("logits of texts of one token", model(draw_texts(given, [1, 1], "tokens")))


@number("5.2.12")
@weight(0.5)
def test_count_parameters_counts_what_is_trained(models, given, show):
    """count_parameters counts numbers, not tensors, of any module; a parameter that is used twice counts once."""
    count = models.sentiment.BERTGRUSentiment.count_parameters
    inputs = given.uniform("inputs", 2, given.size("in_features", 3, 6))
    layer = given.parameters(nn.utils.skip_init(nn.Linear, inputs.size(1), given.size("out_features", 7, 9)))
    show("numbers of a Linear", count(layer))
    layer.bias.requires_grad = False
    show("numbers of a Linear without its bias", count(layer))
    show("numbers of a layer that is used twice", count(nn.Sequential(layer, nn.Tanh(), layer)))
    show("numbers of a layer without parameters", count(nn.Tanh()))
    models.sentiment.BERTGRUSentiment.freeze(layer)
    show("numbers of a frozen Linear", count(layer))
    show("what a frozen Linear returns", layer(inputs))


@number("5.2.13")
@weight(0.5)
def test_model_keeps_nothing_between_calls(models, given, show):
    """A text has the same logits after another call, and no call changes its texts."""
    model, text = build(models, given), draw_texts(given)
    show("logits", model(text))
    model(text.flip(0)[:2, :1].clamp(min=7))
    show("logits again", model(text))
    show("text afterwards", text)
