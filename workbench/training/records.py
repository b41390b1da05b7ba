"""Records of a training: a step, an epoch, the progress, the result, and the errors that end training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from workbench.errors import WorkbenchError


class TrainingError(WorkbenchError):
    """Training cannot go on; the message says where it was and what is saved."""


class Diverged(TrainingError):
    """The loss is no longer a finite number."""


class Interrupted(WorkbenchError):
    """Training was told to stop and has saved; the message says how to go on."""


class Step(NamedTuple):
    """One update.

    Attributes:
        step: counted from 1 over the whole run.
        loss: mean over its tokens.
        tokens: over all processes.
        gradient_norm: before clipping.
    """

    step: int
    loss: float
    tokens: int
    learning_rate: float
    gradient_norm: float


@dataclass(frozen=True)
class Epoch:
    """One pass over the training split.

    Attributes:
        epoch: counted from 1.
        steps: updates since the run began.
        train_loss: mean over tokens, as it was during training (with dropout, and before later updates).
        validation_loss: mean over tokens; with `ema` that of the moving mean of the weights.
        learning_rate: of the last update.
        tokens: of the training split, over all processes.
        seconds: including validation.
        validation_accuracy: where classes are predicted, the share of right ones.
    """

    epoch: int
    steps: int
    train_loss: float
    validation_loss: float
    learning_rate: float
    tokens: int
    seconds: float
    validation_accuracy: float | None = None


@dataclass(frozen=True)
class Result:
    """How a run ended.

    Attributes:
        loss: validation loss of the weights that were kept, mean over tokens.
        accuracy: likewise, where classes are predicted.
        best_epoch: the epoch that validated best, and its loss.
        averaged: the epochs whose mean weights were kept; empty where those of best_epoch were.
        average_loss: validation loss of the mean, kept or not; None if there was none.
        moving: whether each epoch's weights are the moving mean of `ema`.
        stopped_early: whether epochs were left when the validation loss no longer fell.
        steps, seconds: of the whole run.
        history: the epochs.
    """

    loss: float
    accuracy: float | None
    best_epoch: int
    best_epoch_loss: float
    averaged: tuple[int, ...]
    average_loss: float | None
    moving: bool
    stopped_early: bool
    steps: int
    seconds: float
    history: tuple[Epoch, ...]

    @property
    def kept(self) -> str:
        """Which weights are the result, in words."""
        if self.averaged:
            return f"the mean of the weights of epochs {', '.join(map(str, self.averaged))}"
        return f"the {'moving mean after' if self.moving else 'weights of'} epoch {self.best_epoch}"

    def to_json(self) -> dict[str, Any]:
        """The content of result.json. It has no history, which is in log.jsonl."""
        return {name: value for name, value in asdict(self).items() if name != "history"} | {"kept": self.kept}


@dataclass
class Progress:
    """Where training is.

    Attributes:
        epoch: the one under way, from 1.
        updates: made in this epoch.
        step: updates made in all.
        learning_rate: of the last update.
        loss, tokens: sums over this epoch so far.
        seconds: spent on this epoch so far.
    """

    epoch: int = 1
    updates: int = 0
    step: int = 0
    learning_rate: float = 0.0
    loss: float = 0.0
    tokens: int = 0
    seconds: float = 0.0
