"""A tiny task with everything random that training may draw from, and what a process of its own does with it."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workbench.training.callbacks import Callback
from workbench.training.devices import Processes, seed_everything
from workbench.training.hyperparameters import Training
from workbench.training.records import Epoch, Interrupted, Step
from workbench.training.run_folder import Run
from workbench.training.trainer import Trainer

PAD = 1
WORDS = 12
# Seven batches, two an update: four updates an epoch, the last of which is a batch alone.
TRAINING = Training(
    epochs=3,
    accumulate=2,
    save_every=3,
    learning_rate=0.05,
    schedule="plateau",
    warmup_steps=2,
    plateau_patience=0,
    ema=0.9,
    average=2,
    clip=0.5,
)


class Model(nn.Module):
    """Guesses each token's successor."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 6)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = nn.LSTM(6, 6, batch_first=True)
        self.output = nn.Linear(6, WORDS)
        self.unused = nn.Parameter(torch.ones(3))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.output(self.dropout(self.recurrent(self.dropout(self.embedding(tokens)))[0]))


class Batches:
    """An epoch's batches (N, 6) of one process; `start` is where it begins."""

    def __init__(self, epoch: int, count: int, sentences: int, processes: Processes, start: int = 0) -> None:
        self.arguments = (epoch, count, sentences, processes)
        self.start = start

    def __len__(self) -> int:
        return self.arguments[1]

    def __iter__(self) -> Iterator[Tensor]:
        epoch, count, sentences, processes = self.arguments
        for i in range(self.start, count):
            yield sentences_of(1000 * epoch + i, sentences)[processes.rank :: processes.world]

    def start_at(self, batch: int) -> Batches:
        return Batches(*self.arguments, start=batch)


def sentences_of(seed: int, count: int) -> Tensor:
    """(count, 6) token ids in which every token but the first follows from the one before; padded tails."""
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randint(2, WORDS, (count, 6), generator=generator)
    for i in range(1, 6):
        tokens[:, i] = 2 + (3 * tokens[:, i - 1] + i % 2) % (WORDS - 2)
    lengths = torch.randint(2, 7, (count, 1), generator=generator)
    return tokens.masked_fill(torch.arange(6) >= lengths, PAD)


class Tiny:
    """The task."""

    unit = "tokens"

    def __init__(
        self, dropout: float = 0.3, count: int = 7, sentences: int = 4, processes: Processes | None = None
    ) -> None:
        seed_everything(5)
        self.module = Model(dropout)
        self.coins = dropout > 0
        self.count, self.sentences, self.processes = count, sentences, processes or Processes()
        self.validation = sentences_of(77, 9)[self.processes.rank :: self.processes.world]
        self.losses: dict[int, float] = {}  # validation losses to report instead
        self.validated = 0

    def batches(self, epoch: int) -> Batches:
        return Batches(epoch, self.count, self.sentences, self.processes)

    def loss(self, batch: Tensor) -> tuple[Tensor, int]:
        if self.coins and random.random() < 0.5:
            batch = batch[:, :-1]
        if self.coins and np.random.rand() < 0.5:
            batch = batch[:, 1:]
        return self._sum(batch)

    def state(self) -> Any:
        return None

    def load_state(self, state: Any) -> None:
        raise AssertionError("nothing was saved")

    def validate(self) -> tuple[float, int]:
        assert not self.module.training
        assert not torch.is_grad_enabled()
        loss, tokens = self._sum(self.validation)
        self.validated += 1
        if self.validated in self.losses:
            return self.losses[self.validated] * tokens, tokens
        return loss.item(), tokens

    def _sum(self, batch: Tensor) -> tuple[Tensor, int]:
        scores, target = self.module(batch[:, :-1]), batch[:, 1:]
        loss = F.cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=PAD, reduction="sum")
        return loss, int((target != PAD).sum())


class SignalAt(Callback):
    """Sends its own process a signal after some step."""

    def __init__(self, step: int, number: int) -> None:
        self.step, self.number = step, number

    def on_step(self, trainer: Trainer, step: Step) -> None:
        if step.step == self.step:
            os.kill(os.getpid(), self.number)


class Watch(Callback):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.events: list[str] = []
        self.notes: list[str] = []

    def on_start(self, trainer: Trainer) -> None:
        self.events.append("start")

    def on_step(self, trainer: Trainer, step: Step) -> None:
        self.events.append("step")
        self.steps.append(step)

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        self.events.append("epoch")

    def on_save(self, trainer: Trainer) -> None:
        self.events.append("save")

    def on_note(self, trainer: Trainer, text: str) -> None:
        self.notes.append(text)

    def on_end(self, trainer: Trainer) -> None:
        self.events.append("end")


def kill_before(event: int) -> None:
    """Kill this process before the n-th time that a file is renamed or removed, counted from 0."""
    done = iter(range(event))

    def counted(function: Any) -> Any:
        def call(path: Path, *args: Any, **kwargs: Any) -> Any:
            if path.exists() and next(done, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(path, *args, **kwargs)

        return call

    Path.replace = counted(Path.replace)  # type: ignore[method-assign]
    Path.unlink = counted(Path.unlink)  # type: ignore[method-assign]


def train(folder: Path, event: int | None = None, step: int | None = None, number: int = signal.SIGKILL) -> None:
    """Train in this process, from the start or where it was stopped; be killed if that is said.

    Args:
        event: before which renaming or removing.
        step: after which update.
    """
    torch.set_num_threads(1)
    if event is not None:
        kill_before(event)
    run = Run.open(folder) if (folder / "settings.json").exists() else Run.create(folder, {})
    try:
        Trainer(Tiny(), TRAINING, run, [SignalAt(step, number)] if step else []).fit()
    except Interrupted as error:
        folder.with_suffix(".said").write_text(str(error))
        sys.exit(1)
