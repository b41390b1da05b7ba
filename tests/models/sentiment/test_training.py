"""binary_accuracy, train, evaluate and predict_sentiment. Most tests use stand-ins for models and optimizers."""

from contextlib import suppress
from types import SimpleNamespace

import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import nn

from harness import integration
from harness.doubles import OptimizerDouble, mode_of
from tests.models.sentiment.doubles import (
    PAD,
    VOCABULARY,
    BertDouble,
    ClassifierDouble,
    TokenizerDouble,
    given_numericalize,
    sentence_of,
)


def draw_batches(given, *sizes):
    """Return batches of so many texts each, with labels; the texts of a batch have several lengths."""
    batches = []
    for place, N in enumerate(sizes):
        text = given.integers(f"text {place}", N, 6, low=7, high=VOCABULARY)
        ends = given.integers(f"ends {place}", N, low=2, high=7)
        text = text.masked_fill(torch.arange(6) >= ends.unsqueeze(1), PAD)
        labels = given.integers(f"labels {place}", N, low=0, high=2).to(torch.get_default_dtype())
        batches.append(SimpleNamespace(text=text, label=labels))
    return batches


class Broken(Exception):
    """What breaks off an evaluation or a prediction."""


def breaking(batches):
    """Yield the first batch, and then break off."""
    yield batches[0]
    raise Broken


class BrokenTokenizer(TokenizerDouble):
    """A tokenizer that stops at every sentence."""

    def tokenize(self, sentence):
        raise Broken


def descent(model, rate=0.5):
    """Return gradient descent for all of a model's parameters."""
    return OptimizerDouble(model.parameters(), rate)


def numbers(results):
    """Return loss and accuracy as a tensor. What is no pair of floats is returned as it is."""
    if type(results) is not tuple or any(type(value) is not float for value in results):
        return results
    return torch.tensor(results)


def figure(value):
    """Return a float as a tensor. What is no float is returned as it is."""
    return torch.tensor(value) if type(value) is float else value


def modes(model):
    """Return the modes of a stand-in's calls, in words."""
    return " and ".join(f"{mode}, {'with' if grad else 'without'} gradients" for mode, grad in sorted({*model.modes}))


@number("5.3.1")
@weight(0.5)
def test_accuracy_counts_right_classes(models, given, show):
    """A text is positive if its logit is above 0. The accuracy is the share of right texts, a float."""
    accuracy = models.sentiment.training.binary_accuracy
    N = given.size("N", 5, 12)
    logits = given.uniform("logits", N, low=-3, high=3)
    labels = given.integers("labels", N, low=0, high=2).to(logits.dtype)
    for name, values in {"drawn": logits, "small": logits / 10, "large": 30 * logits}.items():
        show(f"accuracy of {name} logits", figure(accuracy(values, labels)))
    show("accuracy of right logits", figure(accuracy(labels - 0.5, labels)))
    show("accuracy of wrong logits", figure(accuracy(0.5 - labels, labels)))
    show("accuracy of one text", figure(accuracy(logits[:1], (logits[:1] > 0).to(logits.dtype))))


@number("5.3.2")
@weight(0.5)
def test_a_logit_of_zero_is_negative(models, given, show):
    """Where the logit is exactly 0 the text is taken for negative."""
    accuracy = models.sentiment.training.binary_accuracy
    zeros, ones = torch.zeros(4), torch.ones(4)
    show("accuracy of zeros on negative texts", figure(accuracy(zeros, zeros)))
    show("accuracy of zeros on positive texts", figure(accuracy(zeros, ones)))
    logits = torch.tensor([0.0, -0.0, 1e-6, -1e-6, 0.4, 0.6])
    show("accuracy around zero", figure(accuracy(logits, torch.tensor([0.0, 1.0, 1.0, 1.0, 1.0, 1.0]))))
    labels = given.integers("labels", 12, low=0, high=2).to(logits.dtype)
    for N in range(7, 13):
        show(f"accuracy of zeros on {N} texts", figure(accuracy(torch.zeros(N), labels[:N])))


@number("5.3.3")
@weight(1)
def test_train_takes_a_step_a_batch(models, given, show):
    """An epoch with plain gradient descent gives the right parameters, and the mean loss and accuracy of its texts.

    Each loss is computed before the step of its batch. The last batch is smaller, and its texts count as much as
    others.
    """
    model, batches = ClassifierDouble(given), draw_batches(given, 4, 4, 1)
    for epoch in ("first", "second"):
        results = models.sentiment.training.train(model, batches, descent(model), nn.BCEWithLogitsLoss())
        show(f"loss and accuracy of the {epoch} epoch", numbers(results))
        for name, parameter in model.named_parameters():
            show(f"{name} after the {epoch} epoch", parameter)


@number("5.3.4")
@weight(0.5)
def test_train_starts_from_no_gradient(models, given, show):
    """No step contains gradients from before the epoch or from an earlier batch."""
    model, batches = ClassifierDouble(given), draw_batches(given, 3, 3)
    for name, parameter in model.named_parameters():
        parameter.grad = given.uniform(f"old gradient of {name}", *parameter.shape)
    models.sentiment.training.train(model, batches, descent(model), nn.BCEWithLogitsLoss())
    for name, parameter in model.named_parameters():
        show(name, parameter)


@number("5.3.5")
@weight(0.5)
def test_train_runs_in_training_mode(models, given, show):
    """A model that was evaluated is trained in training mode, with gradients, on every batch in its order."""
    model, batches = ClassifierDouble(given), draw_batches(given, 2, 3)
    results = models.sentiment.training.train(model.eval(), iter(batches), descent(model), nn.BCEWithLogitsLoss())
    show("loss and accuracy", numbers(results))
    show("modes of the calls", modes(model))
    show("mode afterwards", mode_of(model))
    show("texts of the calls", list(model.texts))
    show("labels afterwards", [batch.label for batch in batches])


@number("5.3.6")
@weight(0.5)
def test_train_takes_batches_of_one(models, given, show):
    """A batch of one text keeps its axis: logits and labels are (1,)."""
    model, batches = ClassifierDouble(given), draw_batches(given, 1, 1)
    criterion = Noting()
    show("loss and accuracy", numbers(models.sentiment.training.train(model, batches, descent(model), criterion)))
    show("loss and accuracy evaluated", numbers(models.sentiment.training.evaluate(model, batches, criterion)))
    show("shapes that criterion gets", " ".join(sorted({*criterion.shapes})))


class Noting(nn.BCEWithLogitsLoss):
    """Notes the shapes of its arguments."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def forward(self, input, target):
        self.shapes.append(f"{tuple(input.shape)} and {tuple(target.shape)}")
        return super().forward(input, target)


@number("5.3.7")
@weight(0.5)
def test_evaluate_counts_every_text_the_same(models, given, show):
    """Loss and accuracy are means over texts, whatever the batches are; the last one may be smaller."""
    model = ClassifierDouble(given)
    (whole,) = draw_batches(given, 7)
    for size in (7, 4, 3, 1):
        pieces = zip(whole.text.split(size), whole.label.split(size), strict=True)
        batches = [SimpleNamespace(text=text, label=label) for text, label in pieces]
        results = models.sentiment.training.evaluate(model, batches, nn.BCEWithLogitsLoss())
        show(f"loss and accuracy in batches of {size}", numbers(results))


@number("5.3.8")
@weight(0.5)
def test_evaluate_changes_nothing(models, given, show):
    """Evaluation runs in eval mode without gradients, and changes no parameter, no gradient, and not the mode."""
    evaluate, batches = models.sentiment.training.evaluate, draw_batches(given, 3, 2)
    for is_training in (True, False):
        model = ClassifierDouble(given).train(is_training)
        name = "training" if is_training else "evaluation"
        evaluate(model, batches, nn.BCEWithLogitsLoss())
        show(f"modes of the calls, found in {name}", modes(model))
        show(f"mode afterwards, found in {name}", mode_of(model))
    show("parameters afterwards", list(model.parameters()))
    show("gradients afterwards", [parameter.grad for parameter in model.parameters()])
    with suppress(Broken):
        evaluate(model.train(), breaking(batches), nn.BCEWithLogitsLoss())
    show("mode after an exception", mode_of(model))


@number("5.3.9")
@weight(0.5)
def test_a_prediction_is_a_probability(models, given, show):
    """predict_sentiment gives the sigmoid of the logit of one sentence, a float, whether it is empty or too long."""
    training, tokenizer = models.sentiment.training, TokenizerDouble()
    model = ClassifierDouble(given).eval()
    with given_numericalize(training):
        for name, sentence in {
            "a sentence": sentence_of(given, 4),
            "another sentence": sentence_of(given, 5, "more words"),
            "no words": "",
            "more tokens than BERT can read": sentence_of(given, 530, "many words"),
        }.items():
            show(f"probability of {name}", figure(training.predict_sentiment(model, tokenizer, sentence)))
    show("texts of the calls", list(model.texts))


@number("5.3.10")
@weight(0.5)
def test_a_prediction_restores_the_mode(models, given, show):
    """A prediction runs in eval mode without gradients. Afterwards the model is in the mode in which it was."""
    training, tokenizer, sentence = models.sentiment.training, TokenizerDouble(), sentence_of(given, 4)
    with given_numericalize(training):
        for is_training in (True, False):
            model = ClassifierDouble(given).train(is_training)
            name = "training" if is_training else "evaluation"
            show(f"probability of a model in {name}", figure(training.predict_sentiment(model, tokenizer, sentence)))
            show(f"mode of the call, found in {name}", modes(model))
            show(f"mode afterwards, found in {name}", mode_of(model))
        with suppress(Broken):
            training.predict_sentiment(model.train(), BrokenTokenizer(), sentence)
        show("mode after an exception", mode_of(model))


@number("5.3.11")
@weight(0.5)
@integration()
def test_training_with_own_pieces(models, given, show):
    """Your tokenization and your model learn for two epochs from four sentences, and predict one."""
    parts, tokenizer = models.sentiment, TokenizerDouble()
    model = parts.BERTGRUSentiment.BERTGRUSentiment(BertDouble(given, 4), 3, 1, 1, True, 0.0)
    given.parameters(model)
    parts.BERTGRUSentiment.freeze(model.bert)
    sentences = [sentence_of(given, words, f"sentence {words}") for words in (2, 5, 3, 4)]
    rows = [parts.tokenization.numericalize(tokenizer, sentence, 9) for sentence in sentences]
    batches = [
        SimpleNamespace(text=parts.tokenization.pad_batch(rows[start : start + 3], PAD), label=torch.tensor(labels))
        for start, labels in ((0, [1.0, 0.0, 1.0]), (3, [0.0]))
    ]
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    criterion = nn.BCEWithLogitsLoss()
    for epoch in ("first", "second"):
        results = parts.training.train(model, batches, OptimizerDouble(learning, 0.5), criterion)
        show(f"loss and accuracy of the {epoch} epoch", numbers(results))
    show("loss and accuracy afterwards", numbers(parts.training.evaluate(model, batches, criterion)))
    show("probability of the first sentence", figure(parts.training.predict_sentiment(model, tokenizer, sentences[0])))
    show("out.weight", model.out.weight)
