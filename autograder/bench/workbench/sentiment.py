"""How long a training step of a sentiment model takes with BERT's outputs kept, and where BERT reads again."""

from __future__ import annotations

import itertools
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from harness.tree import Tree
from workbench.sentiment.classifier import Classifier
from workbench.sentiment.packed import PackedGRU
from workbench.sentiment.text import Batch
from workbench.sentiment.trained import TrainedClassifier
from workbench.training.devices import choose
from workbench.training.modes import no_denormals
from workbench.training.settings import Settings
from workbench.training.trained import Track
from workbench.training.updates import make_optimizer


@dataclass
class Lane:
    """One way to train, and the seconds of each of its steps."""

    how: str
    step: Callable[[Batch], None]
    seconds: list[float] = field(default_factory=list)


def race(
    settings: Settings,
    tree: Tree,
    data_root: Path | None,
    batches: int,
    track: Track = iter,
) -> list[Lane]:
    """Train three models on the same batches in turns, after a batch that does not count.

    BERT's outputs are computed in float32 where it reads again, as in the classic exercise.

    Returns:
        The workbench's way first.
    """
    trained = [TrainedClassifier.new(settings, tree, data_root, choose("cpu")) for _ in range(3)]
    kept, again, plain = (each.classifier for each in trained)
    kept.keep(train := trained[0].corpus().train[: settings.batching.first or None])
    for module in plain.module.modules():
        if isinstance(module, PackedGRU):
            module.__class__ = nn.GRU  # type: ignore[assignment]
    lanes = [
        Lane("outputs of BERT kept", _step(kept, settings)),
        Lane("BERT reads again", _step(again, settings)),
        Lane("BERT reads again, torch's GRU", _step(plain, settings)),
    ]
    with no_denormals():
        for number, batch in enumerate(track(_some(kept, settings, train, batches + 1))):
            for lane in lanes:
                start = time.perf_counter()
                lane.step(batch)
                if number:
                    lane.seconds.append(time.perf_counter() - start)
    return lanes


def ratio(lanes: list[Lane], other: Lane) -> float:
    """How often the first lane's time goes into another's: of the sums over the same batches."""
    return sum(other.seconds) / sum(lanes[0].seconds)


def median(lane: Lane) -> float:
    """Seconds of a step."""
    return statistics.median(lane.seconds)


def peak() -> float:
    """The most memory that this process has had, in MiB, with what it has read of files that are kept in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _some(classifier: Classifier, settings: Settings, reviews: Any, count: int) -> Iterator[Batch]:
    batches = classifier.texts.batches(reviews, settings.batching.batch_size, "0/1")
    return itertools.islice(batches, count)


def _step(classifier: Classifier, settings: Settings) -> Callable[[Batch], None]:
    """A function that trains the model on a batch."""
    module = classifier.module.train()
    optimizer = make_optimizer(settings.training, list(module.parameters()))

    def step(batch: Batch) -> None:
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(classifier.logits(batch.text), batch.label).backward()
        optimizer.step()

    torch.manual_seed(settings.training.seed)
    return step
