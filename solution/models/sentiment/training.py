"""Training, measuring and using a classifier of texts with two classes, whose single logit says "positive" above 0.

A batch has `text` (N, T), ids, and `label` (N,), floats: 1 for positive, 0 for negative. N may be 1, and the last batch
of an epoch is mostly smaller than the others. The model gives logits (N, 1). The tests use stand-ins for models and
optimizers, and for `numericalize`.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from models.sentiment.tokenization import numericalize


def binary_accuracy(logits: Tensor, labels: Tensor) -> float:
    """The share of texts whose class is right.

    A text is taken for positive if its logit is above 0. A logit of exactly 0 is negative: its probability 0.5 is
    rounded to the even number.

    Args:
        logits: (N,).
        labels: (N,), 0.0 or 1.0.
    """
    # TODO(sentiment.training): compare with the labels; a float.
    # BEGIN SOLUTION
    return ((logits > 0).to(labels.dtype) == labels).float().mean().item()
    # END SOLUTION


def train(
    model: nn.Module, iterator: Iterable[Any], optimizer: torch.optim.Optimizer, criterion: nn.Module
) -> tuple[float, float]:
    """Go once over all batches, with a step of the optimizer for each. The model is in training mode.

    Args:
        optimizer: nothing is asked of it but `zero_grad` and `step`.
        criterion: logits (N,), labels (N,) -> the mean loss of a batch, as `nn.BCEWithLogitsLoss()` gives it.

    Returns:
        Mean loss and accuracy over all examples of the epoch, each as it was before the step of its batch. Every
        example counts the same, also those of a smaller last batch.
    """
    # TODO(sentiment.training): for each batch: zero_grad, forward, loss, backward, step; add up by examples.
    # BEGIN SOLUTION
    model.train()
    loss_sum, right, examples = 0.0, 0.0, 0
    for batch in iterator:
        optimizer.zero_grad()
        logits = model(batch.text).squeeze(1)
        loss = criterion(logits, batch.label)
        loss.backward()
        optimizer.step()
        N = len(batch.label)
        loss_sum += loss.item() * N
        right += binary_accuracy(logits, batch.label) * N
        examples += N
    return loss_sum / examples, right / examples
    # END SOLUTION


def evaluate(model: nn.Module, iterator: Iterable[Any], criterion: nn.Module) -> tuple[float, float]:
    """Mean loss and accuracy over all examples, as `train` returns them, of a model that does not learn.

    The model is in eval mode meanwhile, and afterwards in the mode in which it was, also if an exception is raised; no
    gradients are recorded.
    """
    # TODO(sentiment.training): as train, with nothing that learns; the mode is restored.
    # BEGIN SOLUTION
    was_training = model.training
    model.eval()
    loss_sum, right, examples = 0.0, 0.0, 0
    try:
        with torch.no_grad():
            for batch in iterator:
                logits = model(batch.text).squeeze(1)
                N = len(batch.label)
                loss_sum += criterion(logits, batch.label).item() * N
                right += binary_accuracy(logits, batch.label) * N
                examples += N
    finally:
        model.train(was_training)
    return loss_sum / examples, right / examples
    # END SOLUTION


def predict_sentiment(model: nn.Module, tokenizer: Any, sentence: str) -> float:
    """The probability that a sentence is positive, by a model that reads it alone.

    Modes and gradients are as in `evaluate`.

    Args:
        tokenizer: see `tokenization`, whose `numericalize` gives the ids; at most 512 are read.
    """
    # TODO(sentiment.training): ids of a batch of one, on the model's device; the sigmoid of the logit, as a float.
    # BEGIN SOLUTION
    was_training = model.training
    model.eval()
    try:
        device = next(model.parameters()).device
        text = torch.tensor([numericalize(tokenizer, sentence)], device=device)
        with torch.no_grad():
            logits = model(text)
    finally:
        model.train(was_training)
    return torch.sigmoid(logits).item()
    # END SOLUTION
