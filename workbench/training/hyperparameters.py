"""How to train: the settings that all models share."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.training.schedules import SCHEDULES

OPTIMIZERS = ("adam", "adamw", "radam", "sgd")
PRECISIONS = ("float32", "medium", "bf16")
AVERAGES = ("best", "last")
LARGEST_SEED = 2**32 - 1  # numpy's


@dataclass(frozen=True)
class Training:
    """How to train.

    Attributes:
        epochs: passes over the training split, at most.
        optimizer: adam, adamw, radam (Liu et al. 2020) or sgd.
        learning_rate: the highest one of the schedule.
        weight_decay: L2 for adam, radam and sgd, decoupled for adamw (Loshchilov & Hutter 2019).
        beta1, beta2: of adam, adamw and radam.
        momentum: of sgd.
        clip: a gradient with a larger norm is scaled down to this norm; 0 for never.
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
        save_every: updates between two saves; the run is also saved after each epoch.
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
