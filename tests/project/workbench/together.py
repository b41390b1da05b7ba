"""What each process of a torchrun does in test_processes.py: several runs, one after the other."""

from __future__ import annotations

import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from tests.project.workbench.tiny import Tiny
from workbench.training.callbacks import Callback
from workbench.training.devices import Processes
from workbench.training.hyperparameters import Training
from workbench.training.records import Interrupted, TrainingError
from workbench.training.run_folder import Run
from workbench.training.trainer import Trainer

# Weight decay would show if a parameter without gradient were treated differently in several processes.
TRAINING = Training(
    epochs=3,
    optimizer="sgd",
    learning_rate=0.3,
    momentum=0.9,
    weight_decay=0.01,
    clip=0.25,
    accumulate=2,
    average=2,
    ema=0.9,
)


class Uneven(Tiny):
    """Something happens in one process alone."""

    def __init__(self, processes: Processes, what: str) -> None:
        super().__init__(dropout=0, processes=processes, sentences=1 if what == "empty shares" else 4)
        self.what, self.calls = what, 0
        if what == "first weights" and not processes.first:
            for parameter in self.module.parameters():
                parameter.data.add_(1.0)

    def loss(self, batch: Tensor) -> tuple[Tensor, int]:
        self.calls += 1
        loss, tokens = super().loss(batch)
        last = self.processes.rank == self.processes.world - 1
        if self.what == "nan" and last and self.calls == 9:
            return loss * float("nan"), tokens
        return loss, tokens


def scenario(folder: Path, what: str, processes: Processes) -> str:
    """Train once; returns how that ended in this process."""
    if processes.first and not folder.exists():
        Run.create(folder, {})
    processes.barrier()
    task = Uneven(processes, what)
    if what in ("dropout", "interrupt", "resumed"):
        task.module.dropout.p = 0.5
    training = replace(TRAINING, epochs=9, early_stopping=1) if what == "early stopping" else TRAINING
    if what == "early stopping":
        task.losses = {1: 2.0, 2: 3.0}
    if what == "interrupt" and not processes.first:
        interrupt_at(task, 5)
    try:
        result = Trainer(task, training, Run.open(folder), [Callback()], processes=processes).fit()
    except (TrainingError, Interrupted) as error:
        return f"{type(error).__name__}: {error}"
    total = sum(parameter.double().sum().item() for parameter in task.module.parameters())
    return f"epochs {len(result.history)}, loss {result.loss!r}, weights {total!r}"


def interrupt_at(task: Uneven, call: int) -> None:
    """Have this process interrupted while it computes a loss; twice, as torchrun passes on what a terminal sent."""
    compute = task.loss

    def loss(batch: Tensor) -> tuple[Tensor, int]:
        if task.calls == call:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
        return compute(batch)

    task.loss = loss  # type: ignore[method-assign]


SCENARIOS = ("plain", "first weights", "empty shares", "early stopping", "nan", "dropout", "interrupt", "interrupt")


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with Processes.start(torch.device("cpu")) as processes:
        for i, what in enumerate(SCENARIOS):
            again = i and what == SCENARIOS[i - 1]
            ending = scenario(folder / what, "resumed" if again else what, processes)
            (folder / f"{i} {what} {processes.rank}.txt").write_text(ending)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
