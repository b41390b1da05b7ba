"""What watches a training: callbacks, and what they may read of the trainer."""

from __future__ import annotations

from typing import Protocol

from workbench.training.hyperparameters import Training
from workbench.training.records import Epoch, Progress, Step
from workbench.training.run_folder import Run
from workbench.training.tasks import Task


class ObservedTrainer(Protocol):
    """What a callback may read of the trainer.

    Attributes:
        progress: where training is.
        history: the epochs so far.
        updates: the number of updates in an epoch.
    """

    task: Task
    training: Training
    run: Run
    progress: Progress
    history: list[Epoch]
    updates: int

    def note(self, text: str) -> None:
        """Tell all callbacks something."""


class Callback:
    """Watches a training, in the first process alone; it must not change the model."""

    def on_start(self, trainer: ObservedTrainer) -> None:
        """Training begins or resumes."""

    def on_step(self, trainer: ObservedTrainer, step: Step) -> None:
        """An update has been made; on a GPU this comes some updates later, several at once."""

    def on_epoch(self, trainer: ObservedTrainer, epoch: Epoch) -> None:
        """An epoch is over and validated. The module has the weights that were validated: with `ema`, their mean."""

    def on_save(self, trainer: ObservedTrainer) -> None:
        """The run is about to be saved; when it resumes, it does not repeat the steps up to here."""

    def on_note(self, trainer: ObservedTrainer, text: str) -> None:
        """The trainer has a message for the user."""

    def on_end(self, trainer: ObservedTrainer) -> None:
        """Training is over, finished or not."""
