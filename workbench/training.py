"""Training settings, records of epochs, and the protocols of tasks and callbacks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from torch import Tensor, nn

from workbench.errors import WorkbenchError
from workbench.schedules import SCHEDULES

if TYPE_CHECKING:
    from workbench.trainer import Trainer

OPTIMIZERS = ("adam", "adamw", "radam", "sgd")
PRECISIONS = ("float32", "medium", "bf16")
AVERAGES = ("best", "last")
LARGEST_SEED = 2**32 - 1  # numpy's


class TrainingError(WorkbenchError):
    """Training cannot go on; the message says where it was and what is saved."""


class Diverged(TrainingError):
    """The loss is no longer a finite number."""


class Interrupted(WorkbenchError):
    """Training was told to stop and has saved; the message says how to go on."""


@dataclass(frozen=True)
class Training:
    """How to train.

    Attributes:
        epochs: passes over the training split, at most.
        optimizer: adam, adamw, radam (Liu et al. 2020) or sgd.
        learning_rate: at its highest.
        weight_decay: L2 for adam, radam and sgd, decoupled for adamw (Loshchilov & Hutter 2019).
        beta1, beta2: of adam, adamw and radam.
        momentum: of sgd.
        clip: the gradient's norm is cut to this; 0 for never.
        schedule: constant, plateau, step, cosine or inverse-sqrt.
        warmup_steps: updates in which the learning rate rises linearly, whatever the schedule.
        plateau_factor, plateau_patience: as in ReduceLROnPlateau, on the validation loss; 0.25 and 0 divide the
            learning rate by 4 after every epoch that is not better than the best by at least 0.01 %.
        step_factor: of schedule step, which multiplies the learning rate by it after every epoch.
        early_stopping: stop after this many epochs without a better validation loss; 0 for never.
        accumulate: batches that make one update together.
        precision: of training steps; validation is always float32. medium keeps float32 and rounds only what is
            multiplied in matrix products (torch.set_float32_matmul_precision), bf16 is autocast. Both are faster on
            processors that multiply bfloat16; what is best for language models is medium, for translation bf16.
        compile: try torch.compile.
        ema: validate, show and keep a moving mean of the weights, over about the last tenth of all updates so far, but
            at most about the last 1 / (1 - ema), as 0.999; 0 for the weights as they are.
        average: try the mean of the weights of this many epochs, kept if it validates better; 0 or 1 for never.
        average_of: which epochs: best or last.
        seed: of everything random in training.
        save_every: updates between two saves; it is saved after each epoch, too.
    """

    epochs: int = 10
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.999
    momentum: float = 0.0
    clip: float = 1.0
    schedule: str = "constant"
    warmup_steps: int = 0
    plateau_factor: float = 0.5
    plateau_patience: int = 1
    step_factor: float = 0.95
    early_stopping: int = 0
    accumulate: int = 1
    precision: str = "float32"
    compile: bool = False
    ema: float = 0.0
    average: int = 0
    average_of: str = "best"
    seed: int = 0
    save_every: int = 200

    def __post_init__(self) -> None:
        choices = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "precision": PRECISIONS, "average_of": AVERAGES}
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; choose one of {', '.join(allowed)}")
        least = {"epochs": 1, "accumulate": 1, "save_every": 1, "early_stopping": 0, "average": 0, "warmup_steps": 0}
        least |= {"clip": 0, "weight_decay": 0, "plateau_patience": 0, "learning_rate": 0, "seed": 0}
        for name, lowest in least.items():
            if not lowest <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it has to be a number, and at least {lowest}")
        if self.seed > LARGEST_SEED:
            raise ValueError(f"seed is {self.seed}; it has to be at most {LARGEST_SEED}")
        if not self.learning_rate > 0:
            raise ValueError("learning_rate is 0, with which nothing is learned; it has to be above 0")
        for name in ("beta1", "beta2", "momentum", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it has to be at least 0 and below 1")
        for name in ("plateau_factor", "step_factor"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it has to lie between 0 and 1")


class Batches(Protocol):
    """The batches of an epoch, the same whenever they are asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def start_at(self, batch: int) -> Iterable[Any]:
        """The batches from this one on, counted from 0."""


class Task(Protocol):
    """What is trained, and on what.

    With several processes each one gets its share of every batch and of the validation split; all of them see the
    same number of batches. A share may be empty.
    """

    @property
    def module(self) -> nn.Module: ...

    def batches(self, epoch: int) -> Batches:
        """The training batches of an epoch, counted from 1."""

    def loss(self, batch: Any) -> tuple[Tensor, int]:
        """The training loss, summed over the batch's tokens, and their number; for 0 tokens the loss is not used."""

    def validate(self) -> tuple[float, int]:
        """The negative log-likelihood, summed over the validation split's tokens, and their number.

        Called in evaluation mode and without gradients.
        """

    def state(self) -> Any:
        """What the next batch needs of those before it: a nest of dicts, lists, plain values and tensors, or None."""

    def load_state(self, state: Any) -> None:
        """Go on with what `state` has given, its tensors now on the CPU and its tuples lists.

        Not called where nothing was saved, or by another number of processes.
        """


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
        seconds: with validation.
    """

    epoch: int
    steps: int
    train_loss: float
    validation_loss: float
    learning_rate: float
    tokens: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """How a run ended.

    Attributes:
        loss: validation loss of the weights that were kept, mean over tokens.
        best_epoch: the epoch that validated best, and its loss.
        averaged: the epochs whose mean weights were kept; empty where those of best_epoch were.
        average_loss: validation loss of the mean, kept or not; None if there was none.
        moving: whether each epoch's weights are the moving mean of `ema`.
        stopped_early: whether epochs were left when the validation loss no longer fell.
        steps, seconds: of the whole run.
        history: the epochs.
    """

    loss: float
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
        """For result.json; the history is in the log."""
        return {name: value for name, value in asdict(self).items() if name != "history"} | {"kept": self.kept}


class Callback:
    """Watches a training, in the first process alone; it must not change the model."""

    def on_start(self, trainer: Trainer) -> None:
        """Training begins or goes on."""

    def on_step(self, trainer: Trainer, step: Step) -> None:
        """An update has been made; on a GPU this comes some updates later, several at once."""

    def on_epoch(self, trainer: Trainer, epoch: Epoch) -> None:
        """An epoch is over and validated. The module has the weights that were, so with `ema` their moving mean."""

    def on_save(self, trainer: Trainer) -> None:
        """Everything up to here is about to be saved, and will not come again."""

    def on_note(self, trainer: Trainer, text: str) -> None:
        """There is something to tell."""

    def on_end(self, trainer: Trainer) -> None:
        """Training is over, finished or not."""
