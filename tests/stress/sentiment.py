"""Tokenization, BERTGRUSentiment and training."""

from types import SimpleNamespace

import torch
from torch import nn

from harness.doubles import OptimizerDouble, mode_of
from harness.stress import has_shape, same, same_again, stress
from tests.models.sentiment.doubles import (
    CLS,
    PAD,
    SEP,
    VOCABULARY,
    BertDouble,
    ClassifierDouble,
    TokenizerDouble,
    given_numericalize,
    sentence_of,
)


def tokenized(models, given):
    """The part's tokenization, a tokenizer, and a sentence of any length with its number of tokens."""
    tokenizer, sentence = TokenizerDouble(), sentence_of(given, given.size("words", 0, 7))
    return models.sentiment.tokenization, tokenizer, sentence, len(tokenizer.tokenize(sentence))


@stress("sentiment.tokenization")
def ids_fit_at_every_length(models, given):
    """For every length from 2 on, ids are [CLS], as many tokens as fit, and [SEP]."""
    tokenization, tokenizer, sentence, n = tokenized(models, given)
    whole = torch.tensor(tokenizer.convert_tokens_to_ids(tokenizer.tokenize(sentence)), dtype=torch.int64)
    for length in range(2, n + 5):
        ids = torch.tensor(tokenization.numericalize(tokenizer, sentence, length))
        expected = torch.cat((torch.tensor([CLS]), whole[: length - 2], torch.tensor([SEP])))
        same(f"ids with a length of {length}", ids, expected)


@stress("sentiment.tokenization")
def padded_rows_come_back(models, given):
    """A batch is as long as its longest row; each row stands at the beginning, and the padding behind it."""
    lengths = given.integers("lengths", given.size("N", 1, 6), low=1, high=given.size("T", 2, 9) + 1).tolist()
    rows = [given.integers(f"row {i}", n, low=0, high=50).tolist() for i, n in enumerate(lengths)]
    batch = models.sentiment.tokenization.pad_batch(rows, PAD)
    has_shape("the batch", batch, len(rows), max(lengths))
    for i, row in enumerate(rows):
        same(f"row {i}", batch[i, : len(row)], torch.tensor(row))
        same(f"what follows row {i}", batch[i, len(row) :], torch.full((max(lengths) - len(row),), PAD))


@stress("sentiment.tokenization")
def tokenization_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, and rows stay as they were."""
    tokenization, tokenizer, sentence, n = tokenized(models, given)

    def ids(words, length):
        return torch.tensor(tokenization.numericalize(tokenizer, words, length))

    same("ids", *(ids(sentence, n + 2) for _ in range(2)))
    rows = [[7, 8, 9], [7]]
    first = tokenization.pad_batch(rows, PAD)
    tokenization.pad_batch([[1], [2, 3]], 0)
    same("the same batch again", tokenization.pad_batch(rows, PAD), first)
    same("rows afterwards", tuple(map(torch.tensor, rows)), (torch.tensor([7, 8, 9]), torch.tensor([7])))


def sentiment(models, given):
    """Filled models of any sizes in both directions, texts (N, T) with padding, and their lengths."""
    T, H, layers, O = given.size("T", 1, 8), given.size("hidden_dim", 1, 5), given.size("n_layers", 1, 3), 2
    lengths = [T, *given.integers("lengths", given.size("N", 1, 5) - 1, low=1, high=T + 1).tolist()]
    text = given.integers("text", len(lengths), T, low=7, high=VOCABULARY)
    text = text.masked_fill(torch.arange(T) >= torch.tensor(lengths).unsqueeze(1), PAD)
    bert, kind = BertDouble(given, given.size("E", 2, 6)), models.sentiment.BERTGRUSentiment.BERTGRUSentiment
    both = [kind(bert, H, O, layers, bidirectional, 0.3) for bidirectional in (False, True)]
    return [given.parameters(model, str(place), of="rnn out") for place, model in enumerate(both)], text, lengths


@stress("sentiment.BERTGRUSentiment")
def texts_are_read_one_by_one(models, given):
    """A text has the same logits (output_dim,) alone, without padding, as in a batch."""
    both, text, lengths = sentiment(models, given)
    for model in both:
        logits = model(text)
        has_shape("logits", logits, len(text), 2)
        for row, length in enumerate(lengths):
            same(f"logits of text {row} alone", model(text[row : row + 1, :length]), logits[row : row + 1])


@stress("sentiment.BERTGRUSentiment")
def more_padding_changes_no_logit(models, given):
    """Columns of padding behind all texts change nothing."""
    both, text, _ = sentiment(models, given)
    more = torch.cat((text, torch.full((len(text), given.size("columns", 1, 9)), PAD)), dim=1)
    for model in both:
        same("logits with more padding", model(more), model(text))


@stress("sentiment.BERTGRUSentiment")
def model_calls_do_not_influence_each_other(models, given):
    """A call gives the same after another call, also in training mode, and texts stay as they were."""
    both, text, _ = sentiment(models, given)
    for model in both:
        same_again(model, (text,), (text.flip(0)[:, :1].clamp(min=7),))


def classified(given):
    """A stand-in for a classifier, and texts with labels."""
    N = given.size("N", 1, 9)
    text = given.integers("text", N, 5, low=7, high=VOCABULARY)
    return ClassifierDouble(given), text, given.integers("labels", N, low=0, high=2).to(torch.get_default_dtype())


def batches_of(text, labels, size):
    """Batches of so many texts; the last may be smaller."""
    pieces = zip(text.split(size), labels.split(size), strict=True)
    return [SimpleNamespace(text=rows, label=label) for rows, label in pieces]


@stress("sentiment.training")
def evaluation_weighs_every_text_the_same(models, given):
    """Evaluating in batches of any size gives the same as in one batch."""
    model, text, labels = classified(given)
    evaluate, criterion = models.sentiment.training.evaluate, nn.BCEWithLogitsLoss()
    at_once = torch.tensor(evaluate(model, batches_of(text, labels, len(text)), criterion))
    results = evaluate(model, batches_of(text, labels, given.size("batch", 1, 5)), criterion)
    same("loss and accuracy", torch.tensor(results), at_once)


@stress("sentiment.training")
def an_epoch_that_learns_nothing_weighs_every_text_the_same(models, given):
    """With a learning rate of zero an epoch in batches of any size gives the same as in one batch."""
    model, text, labels = classified(given)
    results = []
    for size in (len(text), given.size("batch", 1, 5)):
        optimizer = OptimizerDouble(model.parameters(), 0.0)
        batches = batches_of(text, labels, size)
        results.append(torch.tensor(models.sentiment.training.train(model, batches, optimizer, nn.BCEWithLogitsLoss())))
    same("loss and accuracy", results[1], results[0])


@stress("sentiment.training")
def sentiment_training_calls_do_not_influence_each_other(models, given):
    """Evaluation and prediction give the same after another call; a prediction leaves the mode as it was."""
    training, tokenizer = models.sentiment.training, TokenizerDouble()
    model, text, labels = classified(given)

    def evaluate(text, labels):
        return torch.tensor(training.evaluate(model, batches_of(text, labels, 2), nn.BCEWithLogitsLoss()))

    same_again(evaluate, (text, labels), (text.flip(0), 1 - labels))
    sentence = sentence_of(given, given.size("words", 0, 5))
    with given_numericalize(training):
        for is_training in (True, False):
            model.train(is_training)
            first, again = (torch.tensor(training.predict_sentiment(model, tokenizer, sentence)) for _ in range(2))
            same("a prediction again", again, first)
            same("mode afterwards", mode_of(model), "training" if is_training else "evaluation")
