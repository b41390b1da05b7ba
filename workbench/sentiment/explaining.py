"""Which words of a review mattered: gradient times input (Shrikumar et al. 2016), at what the GRU reads.

Shapes: T tokens of the review, H BERT's hidden size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from workbench.errors import WorkbenchError
from workbench.sentiment.classifier import Classifier
from workbench.training.modes import evaluating


class Word(NamedTuple):
    """A word, and by how much its vectors raise the logit, to a first approximation; below 0 they lower it."""

    text: str
    share: float


def explain(classifier: Classifier, review: str) -> tuple[float, list[Word]]:
    """The probability that a review is positive, and what each of its words contributes.

    The gradient of the logit with respect to BERT's output vectors, times these vectors, is summed over each word's
    pieces. [CLS] and [SEP] are left out.

    Raises:
        WorkbenchError: the model does not hand BERT's outputs to its `rnn`.
    """
    ids = classifier.texts.ids(review)
    tokens: list[str] = classifier.reader.tokenizer.convert_ids_to_tokens(ids)
    logit, shares = gradient_times_input(classifier, torch.tensor([ids]))
    inner = list(zip(tokens, shares.tolist(), strict=True))[1:-1]
    return torch.sigmoid(logit).item(), _joined(inner)


def gradient_times_input(classifier: Classifier, text: Tensor) -> tuple[Tensor, Tensor]:
    """The logit () of a review (1, T), and each token's gradient times input, (T,)."""
    read: list[Tensor] = []

    def watch(module: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        first, *others = inputs
        vectors = first.data if isinstance(first, PackedSequence) else first
        read.append(vectors.detach().clone().requires_grad_())
        return (first._replace(data=read[0]) if isinstance(first, PackedSequence) else read[0], *others)

    rnn = getattr(classifier.module, "rnn", None)
    if not isinstance(rnn, nn.Module):
        raise WorkbenchError("the model has no layer `rnn`, at which its words could be told apart")
    handle = rnn.register_forward_pre_hook(watch)
    try:
        with evaluating(classifier.module), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            (logit,) = classifier.logits(text)
            if not read or read[0].numel() != text.numel() * read[0].size(-1):
                raise WorkbenchError("the model does not hand one vector for each token to its `rnn`")
            (gradient,) = torch.autograd.grad(logit, read[0])
    finally:
        handle.remove()
    return logit.detach(), (gradient * read[0]).sum(dim=-1).flatten().detach().cpu()


def _joined(pieces: list[tuple[str, float]]) -> list[Word]:
    """Words of the pieces that a tokenizer has made of them."""
    words: list[Word] = []
    for piece, share in pieces:
        if piece.startswith("##") and words:
            words[-1] = Word(words[-1].text + piece.removeprefix("##"), words[-1].share + share)
        else:
            words.append(Word(piece, share))
    return words
