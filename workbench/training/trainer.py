"""The training loop. It does not know what is trained: a task gives batches and losses, callbacks show progress."""

from __future__ import annotations

import contextlib
import itertools
import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from workbench.errors import frames_of_models
from workbench.training import schedules
from workbench.training.averaging import MovingMean, best_of, mean_of, to_average, to_keep
from workbench.training.callbacks import Callback
from workbench.training.devices import Processes, random_states, seed_everything, set_random_states
from workbench.training.hyperparameters import Training
from workbench.training.interrupts import Interrupts
from workbench.training.modes import no_denormals, rounded_products
from workbench.training.records import Diverged, Epoch, Interrupted, Progress, Result, Step, TrainingError
from workbench.training.run_folder import DIVERGED, RESTORE, STATE, Run, RunError, epoch_name
from workbench.training.tasks import Task
from workbench.training.trial_step import step_error
from workbench.training.updates import Update, Updater

READ_EVERY = 10  # updates whose losses are fetched from a GPU at once, because each fetch waits for the GPU


class Trainer:
    """Trains a task's module and keeps the run's folder, from which it goes on exactly where it was stopped.

    On a CPU "exactly" means the same bits; on a GPU it is as exact as the GPU's kernels are.

    Attributes:
        progress: where training is.
        history: the epochs so far.
        updates: the number of updates in an epoch.
    """

    def __init__(
        self,
        task: Task,
        training: Training,
        run: Run,
        callbacks: Sequence[Callback] = (),
        device: torch.device | None = None,
        processes: Processes | None = None,
    ) -> None:
        self.task, self.training, self.run, self.callbacks = task, training, run, callbacks
        self.device = device or torch.device("cpu")
        self.processes = processes or Processes()
        self.module = task.module.to(self.device)
        self.progress = Progress()
        self.history: list[Epoch] = []
        self.updates = math.ceil(len(task.batches(1)) / training.accumulate)
        self._updater = Updater(self.module, training, self.processes)
        self._mean = MovingMean(self.module, training.ema)
        self._interrupts = Interrupts(patient=self.processes.world > 1)
        self._unread: list[Update] = []
        self._half = False
        self._clock = 0.0

    def fit(self) -> Result:
        """Train to the end, from the start or from the last save. Afterwards the module has the best weights.

        Raises:
            Diverged: the loss is no longer a finite number.
            TrainingError: there is nothing to validate on.
            Interrupted: Ctrl-C or SIGTERM came; everything is saved.
        """
        try:
            with self._interrupts, no_denormals():
                self._start()
                while not self._finished():
                    with self._products():
                        self._train_epoch()
                    self._end_epoch()
                return self._finish()
        finally:
            self._tell("on_end")

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        training, step, total = self.training, self.progress.step + 1, self.updates * self.training.epochs
        rate = training.learning_rate * schedules.factor(training.schedule, step, training.warmup_steps, total)
        if training.schedule == "plateau":
            losses = [epoch.validation_loss for epoch in self.history]
            rate *= schedules.plateau(losses, training.plateau_factor, training.plateau_patience)
        if training.schedule == "step":
            rate *= training.step_factor ** len(self.history)
        return rate

    def note(self, text: str) -> None:
        """Tell the callbacks something."""
        self._tell("on_note", text)

    # Begin, or go on

    def _start(self) -> None:
        if self.processes.first:
            self.run.sweep()
        self._try_options()
        state = self.run.load_state()
        if state is None:
            self.processes.broadcast(self.module)
            # Another stream for each process, so that they drop different units.
            seed_everything(self.training.seed + self.processes.rank)
        else:
            self._restore(state)
            self._tidy()
        states = random_states()
        self._tell("on_start")
        set_random_states(states)  # callbacks may have drawn random numbers
        self._clock = time.perf_counter()

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            self._take_over(state)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            if frames_of_models(error):
                raise
            raise RunError(
                f"{self.run.folder / STATE} does not hold what training has saved ({type(error).__name__}: {error}). "
                f"{RESTORE}"
            ) from error

    def _take_over(self, state: dict[str, Any]) -> None:
        self.progress = Progress(**state["progress"])
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        self.run.fill(self.module, state["module"])
        self._updater.load_state(state["optimizer"])
        self._mean.load_state(state["mean"])
        world = len(state["random"])
        if world == self.processes.world:
            set_random_states(state["random"][self.processes.rank])
            if (kept := state["task"][self.processes.rank]) is not None:
                self.task.load_state(kept)
        else:
            seed_everything(self.training.seed + self.progress.step + self.processes.rank)
            self.note(
                f"saved by {world} processes, going on with {self.processes.world}: it cannot end with the same bits"
            )

    def _try_options(self) -> None:
        """Turn on bf16 and torch.compile where they work."""

        def trial() -> Tensor:
            return self._loss(next(iter(self.task.batches(1))))[0]

        if self.training.precision == "bf16":
            self._half = True
            if reason := step_error(self.module, trial):
                self._half = False
                self.note(f"bf16 does not work here, so this run goes on in float32: {reason}")
        if self.training.compile:
            self.module.compile(dynamic=True)
            if reason := step_error(self.module, trial):
                self.module._compiled_call_impl = None
                self.note(f"torch.compile does not work here, so this run goes on without it: {reason}")

    # Train

    def _train_epoch(self) -> None:
        training, progress = self.training, self.progress
        self.module.train()
        batches = iter(self.task.batches(progress.epoch).start_at(progress.updates * training.accumulate))
        while group := list(itertools.islice(batches, training.accumulate)):
            progress.learning_rate = self.learning_rate
            losses = (self._loss(batch) for batch in group)
            self._unread.append(self._updater.update(losses, progress.learning_rate))
            self._mean.follow()
            progress.step += 1
            progress.updates += 1
            stop = self.processes.any(self._interrupts.noted)
            save = stop or progress.step % training.save_every == 0
            # On a CPU a loss costs nothing to read, so a bad one stops before the next update.
            if save or self.device.type == "cpu" or len(self._unread) == READ_EVERY:
                self._read()
            if save:
                self._save()
            if stop:
                raise Interrupted(
                    f"after step {progress.step}, in epoch {progress.epoch} of {training.epochs}; everything is saved "
                    f"in {self.run.folder}. The same command with --resume goes on from there"
                )
        self._read()

    def _products(self) -> AbstractContextManager[None]:
        return rounded_products() if self.training.precision == "medium" else contextlib.nullcontext()

    def _loss(self, batch: Any) -> tuple[Tensor, int]:
        """A batch's loss in the precision that was asked for."""
        with torch.autocast(self.device.type, torch.bfloat16) if self._half else contextlib.nullcontext():
            return self.task.loss(batch)

    def _read(self) -> None:
        """Fetch the losses of the latest updates from the device.

        Raises:
            Diverged: one is not finite, or a gradient is not, which spoils the weights.
        """
        if not self._unread:
            return
        losses = self.processes.sum(torch.stack([update.loss for update in self._unread])).tolist()
        norms = torch.stack([update.norm for update in self._unread]).tolist()
        first = self.progress.step - len(self._unread) + 1
        for step, (update, loss, norm) in enumerate(zip(self._unread, losses, norms, strict=True), first):
            for name, value in (("loss", loss), ("gradient's norm", norm)):
                if not math.isfinite(value):
                    raise self._spoilt(f"the {name} is {value} at step {step}", update.learning_rate)
            self.progress.loss += loss
            self.progress.tokens += update.tokens
            mean = loss / max(update.tokens, 1)
            self._tell("on_step", Step(step, mean, update.tokens, update.learning_rate, norm))
        self._unread.clear()

    def _spoilt(self, problem: str, rate: float) -> Diverged:
        if self.processes.first:
            self.run.write_json("result.json", DIVERGED)
        state = self.run.load_state()
        saved = f"of step {state['progress']['step']}, in {self.run.folder / 'last'}" if state else "none yet"
        return Diverged(
            f"{problem} (epoch {self.progress.epoch}, learning rate {rate:.3g}). The last good checkpoint: {saved}. "
            "Try a lower learning rate, a longer warm-up or a smaller clip"
        )

    # Validate and save

    def _end_epoch(self) -> None:
        with self._mean.in_place():
            epoch = self._judge_epoch()
            if self.processes.first:
                if best_of(self.history) is epoch:
                    self.run.save_weights(self.module.state_dict())
                if self.training.average > 1:
                    self.run.save_weights(self.module.state_dict(), epoch_name(epoch.epoch))
            self._tell("on_epoch", epoch)
        self._clock = time.perf_counter()  # the callbacks' time does not count for the next epoch
        self.progress = Progress(epoch=epoch.epoch + 1, step=epoch.steps)
        self._save()
        self._tidy()

    def _judge_epoch(self) -> Epoch:
        """Validate, and add the epoch to the history."""
        progress, rate = self.progress, self.progress.learning_rate
        loss, accuracy = self._validate()
        if not math.isfinite(loss):
            raise self._spoilt(f"the validation loss is {loss} after step {progress.step}", rate)
        self._take_time()
        train_loss = progress.loss / max(progress.tokens, 1)
        epoch = Epoch(
            progress.epoch, progress.step, train_loss, loss, rate, progress.tokens, progress.seconds, accuracy
        )
        self.history.append(epoch)
        return epoch

    def _tidy(self) -> None:
        """Make log.jsonl and epochs/ agree with the saved state, so that a kill cannot count an epoch twice."""
        if self.processes.first:
            self.run.write_log(asdict(epoch) for epoch in self.history)
            self.run.keep_epochs(to_keep(self.history, self.training))

    def _validate(self) -> tuple[float, float | None]:
        """Mean loss over the validation tokens of all processes, and the share of right classes where there are any."""
        self.module.eval()
        with torch.no_grad():
            loss, tokens, *right = self.processes.sum_numbers(*self.task.validate())
        if not tokens:
            raise TrainingError(f"the validation split has no {self.task.unit}, so no epoch can be called the best")
        return loss / tokens, right[0] / tokens if right else None

    def _save(self) -> None:
        """Save everything that is needed to resume exactly."""
        self._take_time()
        self._tell("on_save")
        states = self.processes.gather(random_states())
        kept = self.processes.gather(self.task.state())
        if self.processes.first:
            state = {
                "progress": asdict(self.progress),
                "history": [asdict(epoch) for epoch in self.history],
                "module": self.module.state_dict(),
                "optimizer": self._updater.state(),
                "mean": self._mean.state(),
                "random": states,
                "task": kept,
            }
            self.run.save_state(state)

    def _take_time(self) -> None:
        now = time.perf_counter()
        self.progress.seconds += now - self._clock
        self._clock = now

    # Finish

    def _finished(self) -> bool:
        if self.progress.epoch > self.training.epochs:
            return True
        patience = self.training.early_stopping
        return bool(patience and self.history) and len(self.history) - best_of(self.history).epoch >= patience

    def _finish(self) -> Result:
        """Choose between the best epoch and the mean of several."""
        self.processes.barrier()  # the first process has written what all read now
        best = best_of(self.history)
        own = epoch_name(best.epoch)
        weights = self.run.load_weights(own if self.run.has_weights(own) else "best")
        loss, accuracy = best.validation_loss, best.validation_accuracy
        kept, average_loss = [], None
        tried = [epoch for epoch in to_average(self.history, self.training) if self.run.has_weights(epoch_name(epoch))]
        if len(tried) > 1:
            mean = mean_of([self.run.load_weights(epoch_name(epoch)) for epoch in tried])
            self.module.load_state_dict(mean)
            average_loss, average_accuracy = self._validate()
            if average_loss < loss:
                weights, loss, accuracy, kept = mean, average_loss, average_accuracy, tried
        self.module.load_state_dict(weights)
        result = Result(
            loss=loss,
            accuracy=accuracy,
            best_epoch=best.epoch,
            best_epoch_loss=best.validation_loss,
            averaged=tuple(kept),
            average_loss=average_loss,
            moving=self.training.ema > 0,
            stopped_early=len(self.history) < self.training.epochs,
            steps=self.progress.step,
            seconds=sum(epoch.seconds for epoch in self.history),
            history=tuple(self.history),
        )
        if self.processes.first:
            self.run.save_weights(weights)
            self.run.write_json("result.json", result.to_json())
        return result

    def _tell(self, event: str, *arguments: Any) -> None:
        if self.processes.first:
            for callback in self.callbacks:
                getattr(callback, event)(self, *arguments)
