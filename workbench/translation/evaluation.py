"""How good a model is: loss and perplexity in both decoding regimes, and its translations beside the right ones.

Loss and perplexity are weighted by token; the free <sos> is not scored. "Forced" sees the right previous tokens,
"free" the model's own; every model is measured in both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from workbench import metrics
from workbench.training.modes import evaluating
from workbench.translation import scores
from workbench.translation.data import Pair
from workbench.translation.text import PAD, Text
from workbench.translation.translators import Translator

BATCH = 128  # sentences


@dataclass(frozen=True)
class Translation:
    """A sentence, its translation in the corpus, and the model's translation."""

    source: str
    reference: str
    hypothesis: str


@dataclass(frozen=True)
class Evaluation:
    """The measurements of a model on a split.

    Attributes:
        loss, perplexity: with the right previous tokens, in nats a token.
        free_loss, free_perplexity: with the model's own.
        bleu, chrf: of detokenised text, with sacreBLEU's signatures; case does not count.
        bleu_tokenised: of lower-cased tokens, to compare with older results.
        exact: share of translations that are the reference.
        seconds: that translating has taken.
    """

    split: str
    sentences: int
    tokens: int
    loss: float
    perplexity: float
    free_loss: float
    free_perplexity: float
    bleu: float
    bleu_signature: str
    bleu_tokenised: float
    chrf: float
    chrf_signature: str
    exact: float
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def loss_of(scores: Tensor, target: Tensor, label_smoothing: float = 0.0) -> Tensor:
    """Cross-entropy, summed over the target's tokens without <sos> and padding.

    Args:
        scores: (N, L, V); log-probabilities are scores as well, their log-softmax is themselves.
        target: (N, L + 1).
    """
    right = target[:, 1:].flatten()
    return F.cross_entropy(
        scores.flatten(0, 1), right, ignore_index=PAD, reduction="sum", label_smoothing=label_smoothing
    )


def tokens_of(target: Tensor) -> int:
    """How many tokens of targets (N, L + 1) the loss counts.

    Ask before a batch goes to a GPU: there the answer has to be waited for.
    """
    return int((target[:, 1:] != PAD).sum())


def total_loss(
    translator: Translator,
    text: Text,
    pairs: Sequence[Pair],
    forced: bool = True,
    batch_size: int = BATCH,
    track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> tuple[float, int]:
    """The loss of a split in nats, summed over its tokens, and how many these are.

    Args:
        track: wraps the batches, to show progress.
    """
    total, tokens = 0.0, 0
    with evaluating(translator.module):
        for batch in track(text.batches(pairs, batch_size)):
            source, target = batch.source.to(translator.device), batch.target.to(translator.device)
            total += loss_of(translator.scores(source, target, forced), target).item()
            tokens += tokens_of(batch.target)
    return total, tokens


def translate(
    translator: Translator,
    text: Text,
    pairs: Sequence[Pair],
    batch_size: int = BATCH,
    track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> list[list[str]]:
    """The words of every source's translation, in the pairs' order.

    Args:
        track: wraps the batches, to show progress.
    """
    words: list[list[str]] = [[] for _ in pairs]
    with evaluating(translator.module):
        for batch in track(text.batches(pairs, batch_size)):
            translations = translator.translate(batch.source.to(translator.device)).tolist()
            for row, tokens in zip(batch.rows, translations, strict=True):
                words[row] = text.words(tokens)
    return words


def evaluate(
    translator: Translator,
    text: Text,
    split: str,
    pairs: Sequence[Pair],
    batch_size: int = BATCH,
    track: Callable[[Iterable[Any]], Iterable[Any]] = iter,
) -> tuple[Evaluation, list[Translation]]:
    """Measure a model on all sentences of a split."""
    start = time.perf_counter()
    words = translate(translator, text, pairs, batch_size, track)
    seconds = time.perf_counter() - start
    hypotheses = [text.detokenise(sentence) for sentence in words]
    right = [pair.target for pair in pairs]
    right_words = [text.target_words(pair.target) for pair in pairs]
    forced, tokens = total_loss(translator, text, pairs, batch_size=batch_size, track=track)
    free, _ = total_loss(translator, text, pairs, forced=False, batch_size=batch_size, track=track)
    bleu, chrf = scores.bleu(hypotheses, right), scores.chrf(hypotheses, right)
    evaluation = Evaluation(
        split=split,
        sentences=len(pairs),
        tokens=tokens,
        loss=metrics.mean_loss(forced, tokens),
        perplexity=metrics.perplexity(forced, tokens),
        free_loss=metrics.mean_loss(free, tokens),
        free_perplexity=metrics.perplexity(free, tokens),
        bleu=bleu.value,
        bleu_signature=bleu.signature,
        bleu_tokenised=scores.bleu_lowercased_tokenised(words, right_words).value,
        chrf=chrf.value,
        chrf_signature=chrf.signature,
        exact=scores.exact_match(words, right_words),
        seconds=seconds,
    )
    return evaluation, [
        Translation(pair.source, pair.target, hypothesis) for pair, hypothesis in zip(pairs, hypotheses, strict=True)
    ]
