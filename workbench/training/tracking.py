"""Callbacks that show a training: a bar or lines in the terminal, and curves in TensorBoard."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

from tqdm import tqdm

from workbench.metrics import TOKENS, in_words, perplexity_of
from workbench.training.averaging import best_of
from workbench.training.callbacks import Callback, ObservedTrainer
from workbench.training.records import Epoch, Step


class ProgressBar(Callback):
    """A bar for each epoch in a terminal, and a line for each epoch everywhere.

    The bar shows the epoch's loss and perplexity so far (means over tokens), tokens a second and the time left. A token
    is what the task's `unit` names.
    """

    def __init__(self, stream: TextIO | None = None, live: bool | None = None) -> None:
        """live: whether to draw bars; None: if the stream is a terminal."""
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty() if live is None else live
        self._bar: tqdm[Any] | None = None
        self._since = (0.0, 0)  # the time, and the tokens of the epoch that were seen before

    def on_start(self, trainer: ObservedTrainer) -> None:
        if trainer.progress.step:
            self.on_note(trainer, f"going on after step {trainer.progress.step}, in epoch {trainer.progress.epoch}")
        self._since = (time.perf_counter(), trainer.progress.tokens)

    def on_step(self, trainer: ObservedTrainer, step: Step) -> None:
        if not self._live:
            return
        progress, (start, before) = trainer.progress, self._since
        done = progress.updates - (progress.step - step.step)  # updates of this epoch, including this one
        bar = self._bar or self._open(trainer, done - 1)
        speed = (progress.tokens - before) / max(time.perf_counter() - start, 1e-9)
        loss, unit = progress.loss / max(progress.tokens, 1), trainer.task.unit
        shown = f"loss {loss:.3f}" + f", {in_words(loss, unit)}" * (unit == TOKENS)
        bar.set_postfix_str(f"{shown}, {speed:,.0f} {unit}/s", refresh=False)
        bar.update()
        if done == trainer.updates:
            bar.set_description(f"epoch {progress.epoch}/{trainer.training.epochs}, validating")

    def on_epoch(self, trainer: ObservedTrainer, epoch: Epoch) -> None:
        self._close()
        best = epoch is best_of(trainer.history)
        self._write(describe(epoch, trainer.training.epochs, best, trainer.task.unit))
        self._since = (time.perf_counter(), 0)

    def on_note(self, trainer: ObservedTrainer, text: str) -> None:
        self._write(text)

    def on_end(self, trainer: ObservedTrainer) -> None:
        self._close()

    def _open(self, trainer: ObservedTrainer, done: int) -> tqdm[Any]:
        """A bar at so many updates of the epoch."""
        self._bar = tqdm(
            total=trainer.updates,
            initial=done,
            desc=f"epoch {trainer.progress.epoch}/{trainer.training.epochs}",
            unit="step",
            leave=False,
            file=self._stream,
            dynamic_ncols=True,
        )
        return self._bar

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _write(self, text: str) -> None:
        tqdm.write(text, file=self._stream)


def describe(epoch: Epoch, epochs: int, best: bool, unit: str = TOKENS) -> str:
    """An epoch in a line."""
    train = validation = ""
    if unit == TOKENS:
        train, validation = (f" ({in_words(loss, unit)})" for loss in (epoch.train_loss, epoch.validation_loss))
    elif epoch.validation_accuracy is not None:
        validation = f" (accuracy {epoch.validation_accuracy:.1%})"
    return (
        f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}  train {epoch.train_loss:.3f}{train}  "
        f"validation {epoch.validation_loss:.3f}{validation}{' *' if best else '  '}  "
        f"{epoch.tokens / max(epoch.seconds, 1e-9):,.0f} {unit}/s  {epoch.seconds:.0f} s"
    )


class TensorBoard(Callback):
    """Curves over steps, in the run's folder tensorboard/; a run that goes on continues them.

    Attributes:
        writer: a SummaryWriter while training; other callbacks may write to it, too.
    """

    def __init__(self, every: int = 10) -> None:
        """every: steps between two points of the training loss."""
        self.every = every
        self.writer: Any = None

    def on_start(self, trainer: ObservedTrainer) -> None:
        from torch.utils.tensorboard import SummaryWriter  # the import takes seconds

        # Points of later steps come from a process that was killed; the same steps are made again.
        self.writer = SummaryWriter(str(trainer.run.folder / "tensorboard"), purge_step=trainer.progress.step + 1)

    def on_step(self, trainer: ObservedTrainer, step: Step) -> None:
        if step.step % self.every == 0:
            self.writer.add_scalar("train/loss", step.loss, step.step)
            self.writer.add_scalar("train/learning_rate", step.learning_rate, step.step)
            self.writer.add_scalar("train/gradient_norm", step.gradient_norm, step.step)

    def on_epoch(self, trainer: ObservedTrainer, epoch: Epoch) -> None:
        self.writer.add_scalar("epoch/train_loss", epoch.train_loss, epoch.steps)
        self.writer.add_scalar("epoch/validation_loss", epoch.validation_loss, epoch.steps)
        if trainer.task.unit == TOKENS:
            self.writer.add_scalar("epoch/validation_perplexity", perplexity_of(epoch.validation_loss), epoch.steps)
        if epoch.validation_accuracy is not None:
            self.writer.add_scalar("epoch/validation_accuracy", epoch.validation_accuracy, epoch.steps)

    def on_save(self, trainer: ObservedTrainer) -> None:
        self.writer.flush()

    def on_end(self, trainer: ObservedTrainer) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None
