"""Times how the workbench decodes and trains a transformer, beside an ordinary way and the plainest way."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from workbench.errors import WorkbenchError
from workbench.training.modes import evaluating
from workbench.training.run_folder import Run, RunError
from workbench.training.settings import Settings
from workbench.translation.data import Pair
from workbench.translation.evaluation import BATCH, loss_of, tokens_of, translate
from workbench.translation.settings import EncoderDecoder
from workbench.translation.text import PAD, Text
from workbench.translation.trained import TrainedTranslator
from workbench.translation.translators import Translator

T = TypeVar("T")


@dataclass(frozen=True)
class OtherWay:
    """Another way to do the same work.

    Attributes:
        seconds: the time that this way takes.
        same: share of the sentences that this way and the workbench translate alike; None for training. Rounding
            differs with the shapes and decides between words that are about equally likely, so it can be below 1. If it
            is far below 1, the two ways do not do the same work.
    """

    how: str
    seconds: float
    same: float | None = None


@dataclass(frozen=True)
class Race:
    """The workbench beside other ways to do the same work: first an ordinary one, then the plainest.

    Attributes:
        amount: sentences translated, or target tokens trained on.
        seconds: of the workbench.
    """

    what: str
    amount: int
    seconds: float
    others: tuple[OtherWay, ...]

    def ratio(self, other: OtherWay) -> float:
        """How many times as fast the workbench is."""
        return other.seconds / self.seconds

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratios": {other.how: self.ratio(other) for other in self.others}}


Track = Callable[[Iterable[Any], str], Iterable[Any]]  # wraps batches, and says of what


def untracked(batches: Iterable[Any], _: str) -> Iterable[Any]:
    return batches


def latest(runs: Path) -> Path:
    """The transformer's run that has ended last.

    Raises:
        RunError: there is none.
    """
    ended = [
        path
        for path in runs.glob("*/result.json")
        if (path.parent / "settings.json").is_file()
        and (run := Run.open(path.parent)).finished
        and isinstance(Settings.of_run(run).shape, EncoderDecoder)
    ]
    if not ended:
        raise RunError(
            f"{runs}/ holds no trained transformer; `python -m workbench train --model transformer` makes one"
        )
    return max(ended, key=lambda path: path.stat().st_mtime).parent


def races(trained: TrainedTranslator, sentences: int, track: Track = untracked) -> list[Race]:
    """Both races with a trained transformer: on its validation split, and on a part of its training split.

    Args:
        sentences: of the validation split.
        track: shows progress.

    Raises:
        WorkbenchError: the run is of another model, which has no positions to pad to.
    """
    shape, corpus = trained.settings.shape, trained.corpus()
    if not isinstance(shape, EncoderDecoder):
        raise WorkbenchError(f"bench times transformer, and {trained.run.folder} is a run of {trained.settings.model}")
    batch_size = trained.settings.batching.batch_size
    used = corpus.train[: 20 * batch_size]
    return [
        decoding(trained.translator, trained.text, corpus.validation[:sentences], shape.max_length, track),
        training(trained.translator, trained.text, used, batch_size, shape.max_length, track),
    ]


def decoding(translator: Translator, text: Text, pairs: Sequence[Pair], length: int, track: Track = untracked) -> Race:
    """Translate greedily.

    The ordinary way is the model's own generation in the same batches, with nothing kept from one position to the next;
    the plainest is the whole model again for every position, to a fixed length, in the corpus's order.

    Args:
        translator: a trained FullTransformerTranslator.
        length: positions of the plainest way, as many as the model has.
    """
    uncached: Any = copy.copy(translator)
    uncached.keeps_positions = False
    rows = [batch.rows for batch in text.batches(pairs, BATCH)]
    batches = [[pairs[row] for row in batch] for batch in rows]
    slices = [pairs[start : start + BATCH] for start in range(0, len(pairs), BATCH)]
    text.encode(pairs[:1])  # loads the tokenizer, which takes seconds
    (seconds, words), (own_seconds, own_words), (plain_seconds, plain_words) = _in_turns(
        [partial(translate, translator, text, batch) for batch in batches],
        [partial(translate, uncached, text, batch) for batch in batches],
        [partial(_plain_translations, translator, text, batch, length) for batch in slices],
        track=lambda turns: track(turns, "decoding"),
    )

    def same(outputs: Iterable[list[str]], groups: list[list[list[str]]]) -> float:
        # The plainest way goes on to the last position.
        alike = (own == plain[: len(own)] for own, plain in zip(outputs, chain(*groups), strict=True))
        return sum(alike) / len(pairs)

    by_row = dict(zip(chain(*rows), chain(*words), strict=True))
    in_order = [by_row[row] for row in range(len(pairs))]
    return Race(
        "greedy decoding, sentences",
        len(pairs),
        seconds,
        (
            OtherWay("the model's own generation, uncached", own_seconds, same(chain(*words), own_words)),
            OtherWay("the whole model for every position", plain_seconds, same(in_order, plain_words)),
        ),
    )


def _plain_translations(translator: Translator, text: Text, pairs: Sequence[Pair], length: int) -> list[list[str]]:
    with evaluating(translator.module):
        source = _padded(text, pairs, length)[0].to(translator.device)
        tokens = source[:, :1]
        for _ in range(length - 1):
            following = torch.cat((tokens, tokens[:, -1:]), dim=1)  # forward reads all but the last
            scores = translator.scores(source, following)
            tokens = torch.cat((tokens, scores[:, -1:].argmax(dim=2)), dim=1)
    return [text.words(row) for row in tokens[:, 1:].tolist()]


def training(
    translator: Translator, text: Text, pairs: Sequence[Pair], batch_size: int, length: int, track: Track = untracked
) -> Race:
    """Train on the pairs once. The other ways take batches in random order.

    The ordinary way pads each batch to its longest sentences, the plainest pads all batches to one length.
    """
    optimizer = torch.optim.Adam(translator.module.parameters(), lr=1e-5)

    def step(source: Tensor, target: Tensor) -> None:
        tokens = tokens_of(target)
        source, target = source.to(translator.device), target.to(translator.device)
        loss = loss_of(translator.scores(source, target), target)
        optimizer.zero_grad()
        (loss / tokens).backward()
        optimizer.step()

    bucketed = [(batch.source, batch.target) for batch in text.batches(pairs, batch_size, seed=0)]
    shuffled = random.Random(0).sample(pairs, len(pairs))
    groups = [shuffled[start : start + batch_size] for start in range(0, len(pairs), batch_size)]
    translator.module.train()
    step(*bucketed[0])  # the first step of a process is slower
    (seconds, _), (ordinary_seconds, _), (plain_seconds, _) = _in_turns(
        [partial(step, *batch) for batch in bucketed],
        [partial(step, *_padded(text, group)) for group in groups],
        [partial(step, *_padded(text, group, length)) for group in groups],
        track=lambda turns: track(turns, "training"),
    )
    return Race(
        "training, target tokens",
        sum(len(example.target) - 1 for example in text.encode(pairs)),
        seconds,
        (
            OtherWay("random order, padded to the longest of a batch", ordinary_seconds),
            OtherWay("random order, padded to one length", plain_seconds),
        ),
    )


def _padded(text: Text, pairs: Sequence[Pair], length: int | None = None) -> tuple[Tensor, Tensor]:
    """Source and target of pairs in their order, (N, length); without a length, as wide as the longest of each."""

    def padded(rows: Sequence[list[int]]) -> Tensor:
        width = length or max(map(len, rows))
        return torch.tensor([row + [PAD] * (width - len(row)) for row in rows])

    examples = text.encode(pairs)
    return padded([example.source for example in examples]), padded([example.target for example in examples])


def _in_turns(
    *ways: Sequence[Callable[[], T]], track: Callable[[Iterable[Any]], Iterable[Any]]
) -> list[tuple[float, list[T]]]:
    """Do each way's pieces of work, one of each in turns, so that whatever else the machine does slows all of them.

    Returns:
        Of each way the seconds that it has taken and what its pieces gave.
    """
    seconds = [0.0] * len(ways)
    results: list[list[T]] = [[] for _ in ways]
    for pieces in track(list(zip(*ways, strict=True))):
        for way, piece in enumerate(pieces):
            start = time.perf_counter()
            results[way].append(piece())
            seconds[way] += time.perf_counter() - start
    return list(zip(seconds, results, strict=True))
