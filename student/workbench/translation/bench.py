"""How fast decoding and training are, each beside a plain implementation, in one run: ratios say more than seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from workbench.errors import WorkbenchError
from workbench.modes import evaluating
from workbench.runs import Run, RunError
from workbench.settings import Settings
from workbench.translation.data import Pair
from workbench.translation.evaluation import loss_of, tokens_of, translate
from workbench.translation.settings import EncoderDecoder
from workbench.translation.text import PAD, Text
from workbench.translation.trained import TrainedTranslator
from workbench.translation.translators import Translator

PLAIN_BATCH = 128  # sentences

T = TypeVar("T")


@dataclass(frozen=True)
class Race:
    """Two ways to do the same work.

    Attributes:
        seconds, plain_seconds: of the workbench, and of the plain implementation.
        amount: sentences translated, or target tokens trained on.
        same: share of the sentences that both translate alike. Other shapes round otherwise, which decides where two
            words are as good as each other; far below 1, the two do not do the same work.
    """

    what: str
    amount: int
    seconds: float
    plain_seconds: float
    same: float | None = None

    @property
    def ratio(self) -> float:
        """How many times as fast as the plain one."""
        return self.plain_seconds / self.seconds

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio}


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
        if (run := Run.open(path.parent)).finished
        and isinstance(Settings.from_json(run.settings["settings"]).shape, EncoderDecoder)
    ]
    if not ended:
        raise RunError(
            f"{runs}/ holds no trained transformer; `python -m workbench train --model transformer` makes one"
        )
    return max(ended, key=lambda path: path.stat().st_mtime).parent


def races(trained: TrainedTranslator, sentences: int, track: Track = untracked) -> list[Race]:
    """Both races with a trained transformer: on its test split, and on a part of its training split.

    Args:
        sentences: of the test split.
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
        decoding(trained.translator, trained.text, corpus.test[:sentences], shape.max_length, track),
        training(trained.translator, trained.text, used, batch_size, shape.max_length, track),
    ]


def decoding(translator: Translator, text: Text, pairs: Sequence[Pair], length: int, track: Track = untracked) -> Race:
    """Translate greedily; plain: the whole model again for every position, to a fixed length, in the corpus's order.

    Args:
        translator: a trained FullTransformerTranslator.
        length: positions of the plain implementation, as many as the model has.
    """
    words, seconds = _timed(lambda: translate(translator, text, pairs, track=lambda each: track(each, "decoding")))
    plain_words, plain_seconds = _timed(lambda: _plain_translations(translator, text, pairs, length, track))
    # The workbench stops some tokens behind the source's length, the plain implementation at the last position.
    same = sum(ours == plain[: len(ours)] for ours, plain in zip(words, plain_words, strict=True)) / len(pairs)
    return Race("greedy decoding, sentences", len(pairs), seconds, plain_seconds, same)


def _plain_translations(
    translator: Translator, text: Text, pairs: Sequence[Pair], length: int, track: Track
) -> list[list[str]]:
    words = []
    with evaluating(translator.module):
        for start in track(range(0, len(pairs), PLAIN_BATCH), "decoding, plain"):
            source = _fixed(text, pairs[start : start + PLAIN_BATCH], length)[0].to(translator.device)
            tokens = source[:, :1]
            for _ in range(length - 1):
                following = torch.cat((tokens, tokens[:, -1:]), dim=1)  # forward reads all but the last
                scores = translator.scores(source, following)
                tokens = torch.cat((tokens, scores[:, -1:].argmax(dim=2)), dim=1)
            words += [text.words(row) for row in tokens[:, 1:].tolist()]
    return words


def training(
    translator: Translator, text: Text, pairs: Sequence[Pair], batch_size: int, length: int, track: Track = untracked
) -> Race:
    """Train on the pairs once; plain: batches in random order, all padded to one length."""
    amount = sum(len(example.target) - 1 for example in text.encode(pairs))

    def step(source: Tensor, target: Tensor, optimizer: torch.optim.Optimizer) -> None:
        tokens = tokens_of(target)
        source, target = source.to(translator.device), target.to(translator.device)
        loss = loss_of(translator.scores(source, target), target)
        optimizer.zero_grad()
        (loss / tokens).backward()
        optimizer.step()

    def epoch(batches: Sequence[Any], what: str) -> Callable[[], None]:
        optimizer = torch.optim.Adam(translator.module.parameters(), lr=1e-5)

        def run() -> None:
            translator.module.train()
            for source, target in track(batches, what):
                step(source, target, optimizer)

        return run

    bucketed = [(batch.source, batch.target) for batch in text.batches(pairs, batch_size, seed=0)]
    starts = range(0, len(pairs), batch_size)
    padded = [_fixed(text, pairs[start : start + batch_size], length) for start in starts]
    epoch(padded[:1], "training")()  # the first step of a process is slower
    _, seconds = _timed(epoch(bucketed, "training"))
    _, plain_seconds = _timed(epoch(padded, "training, plain"))
    return Race("training, target tokens", amount, seconds, plain_seconds)


def _fixed(text: Text, pairs: Sequence[Pair], length: int) -> tuple[Tensor, Tensor]:
    """Pairs in their order, padded to (N, length) both."""
    examples = text.encode(pairs)
    source, target = torch.full((2, len(pairs), length), PAD)
    for row, example in enumerate(examples):
        source[row, : len(example.source)] = torch.tensor(example.source)
        target[row, : len(example.target)] = torch.tensor(example.target)
    return source, target


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What the work gives, and the seconds that it takes."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start
