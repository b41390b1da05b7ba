"""Search for better hyper-parameters with Optuna (Akiba et al., 2019).

All trials are in one SQLite file, so that a search goes on where it was stopped, and several processes share it. A
trial that is clearly worse than the others after some epochs is pruned.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import torch
from matplotlib.figure import Figure
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, Trial, TrialState

from harness.tree import Tree
from workbench.errors import WorkbenchError
from workbench.metrics import in_words
from workbench.parts import Range
from workbench.training import launch
from workbench.training.callbacks import Callback, ObservedTrainer
from workbench.training.records import Diverged, Epoch
from workbench.training.run_folder import Run
from workbench.training.settings import Settings
from workbench.training.tracking import ProgressBar

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
DIVERGED = "diverged"  # marks trials whose loss became no number


class Report(Callback):
    """Tells Optuna every epoch's validation loss and stops a trial that it calls hopeless."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial

    def on_epoch(self, trainer: ObservedTrainer, epoch: Epoch) -> None:
        self.trial.report(epoch.validation_loss, epoch.epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


class Bar(ProgressBar):
    """The progress bar of `train` without a line per epoch; a trial is printed as one line at its end."""

    def _write(self, text: str) -> None:
        pass


def space_of(settings: Settings, fixed: Collection[str] = ()) -> dict[str, Range]:
    """The search space of a kind of model.

    Args:
        fixed: keys that keep their value in `settings`.

    Raises:
        WorkbenchError: nothing is left to search.
    """
    space = {key: values for key, values in settings.part.spaces[type(settings.shape)].items() if key not in fixed}
    if not space:
        raise WorkbenchError(f"all that tune searches is set: {', '.join(fixed)}; leave some of it out, or use train")
    return space


def open_study(file: Path, settings: Settings, space: Collection[str]) -> optuna.Study:
    """Open the study of this model and data set in a file, or create it.

    Args:
        settings: what all trials share, but for the keys of `space`.

    Raises:
        WorkbenchError: the search in this file has other settings, so its trials cannot be compared with new ones.
    """
    optuna.logging.set_verbosity(logging.ERROR)  # what stops a trial stops the command, which says it
    file.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # A process that was killed stops beating, and its trial is then taken as failed.
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{file}", engine_kwargs={"connect_args": {"timeout": 60}}, heartbeat_interval=30
        )
        study = optuna.create_study(
            storage=storage,
            study_name=f"{settings.data}-{settings.model}",
            direction="minimize",
            sampler=optuna.samplers.TPESampler(constant_liar=True),  # several processes do not try the same point
            pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
            load_if_exists=True,
        )
        optuna.storages.fail_stale_trials(study)
    shared = {key: value for key, value in settings.flat().items() if key not in space} | {"searched": sorted(space)}
    # Trials that failed count for nothing, so a first try may be mended; those under way will count.
    counting = study.get_trials(deepcopy=False, states=(*FINISHED, TrialState.RUNNING))
    stored = study.user_attrs.get("shared", shared) if counting else shared
    differing = [f"{key}={stored.get(key)}, not {value}" for key, value in shared.items() if stored.get(key) != value]
    if differing:
        raise WorkbenchError(
            f"the search in {file.parent} has {'; '.join(differing)}: use the same --set, or another --folder"
        )
    study.set_user_attr("shared", shared)
    return study


def search(
    study: optuna.Study,
    settings: Settings,
    space: Mapping[str, Range],
    tree: Tree,
    trials: int,
    folder: Path,
    data_root: Path | None,
    device: str,
    seen: Callable[[FrozenTrial], None],
) -> None:
    """Run trials until the study has this many finished ones, including earlier runs and other processes.

    Args:
        space: what is searched; the other settings are those given.
        folder: of the trials' runs; see `tidy` for what stays of them.
        seen: is told of every trial that ends.

    Raises:
        WorkbenchError: there are runs of a search whose trials are not in this one's file; they would be written over.
    """
    runs = [*folder.glob("trial-*")]  # read before the trials: a trial is in the file before its run is there
    known = {_place(folder, trial) for trial in study.get_trials(deepcopy=False)}
    if unknown := sorted(set(runs) - known):
        raise WorkbenchError(
            f"{unknown[0]} is not of this search, whose trials.db does not know it; move {folder} elsewhere, or choose "
            "another --folder"
        )

    def objective(trial: Trial) -> float:
        changed = settings
        for key, (kind, values) in space.items():
            changed = changed.changed(key, _suggest(trial, key, kind, values))
        changed.check()
        try:
            _, result = launch.train(
                changed, _place(folder, trial), tree, data_root, device, False, [Bar(), Report(trial)]
            )
        except Diverged:  # a loss that is no number: as bad as it gets
            trial.set_user_attr(DIVERGED, True)
            raise optuna.TrialPruned from None
        return result.loss

    def stop_at_the_end(study: optuna.Study, trial: FrozenTrial) -> None:
        seen(trial)
        tidy(study, folder)
        if len(study.get_trials(deepcopy=False, states=FINISHED)) >= trials:
            study.stop()

    if len(study.get_trials(deepcopy=False, states=FINISHED)) < trials:
        try:
            study.optimize(objective, callbacks=[stop_at_the_end])
        finally:  # also of a trial that was stopped, which no callback sees
            tidy(study, folder)


def tidy(study: optuna.Study, folder: Path) -> None:
    """Delete the saved states of all trials that have ended, and all weights but the best trial's.

    Args:
        folder: of the trials' runs; their logs and settings stay.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    best = study.best_trial.number if complete else None
    for trial in study.get_trials(deepcopy=False, states=(*FINISHED, TrialState.FAIL)):
        Run(_place(folder, trial), {}).thin_out(keep_best=trial.number == best)


def outcome(trial: FrozenTrial, unit: str) -> str:
    """A trial's outcome in words.

    Args:
        unit: what losses are means over.
    """
    if DIVERGED in trial.user_attrs:
        return f"its loss became no number in epoch {(trial.last_step or 0) + 1}"
    if trial.state == TrialState.PRUNED or trial.value is None:
        return f"pruned in epoch {trial.last_step}"
    return in_words(trial.value, unit)


@contextlib.contextmanager
def helpers(arguments: Sequence[str], count: int, say: Callable[[str], None]) -> Iterator[None]:
    """Run this command in more processes without output, on the same study; they share this process's threads.

    Args:
        arguments: of the command; how many workers it names does not count.
        say: is told of processes that have failed.
    """
    torch.set_num_threads(max(1, torch.get_num_threads() // (count + 1)))
    environment = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    command = [sys.executable, "-m", "workbench", *arguments, "--workers", "1"]
    null = subprocess.DEVNULL
    processes = [subprocess.Popen(command, stdout=null, stderr=null, env=environment) for _ in range(count)]
    try:
        yield
        if failed := sum(process.wait() != 0 for process in processes):  # each ends its trial
            say(f"{failed} of {count} further processes failed; the same command in another terminal shows why")
    finally:
        for process in processes:
            process.terminate()


def importances(study: optuna.Study) -> dict[str, float]:
    """The share of the difference between good and other trials that each setting explains; the shares sum to 1.

    By PED-ANOVA (Watanabe et al., 2023). Empty while there are too few trials.
    """
    if len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) < 4:
        return {}
    shares: dict[str, float] = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    return shares


def best_changes(study: optuna.Study) -> list[str]:
    """The best trial as texts for `train --set`.

    Raises:
        WorkbenchError: no trial has come to its end.
    """
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise WorkbenchError("no trial has come to its end yet; give the search more time, or fewer epochs")
    values = study.best_trial.params
    return [f"{key}={value:.3g}" if isinstance(value, float) else f"{key}={value}" for key, value in values.items()]


def picture(study: optuna.Study) -> Figure:
    """A picture of the search: one panel per setting, the most important first, one dot per finished trial."""
    shares = importances(study)
    trials = study.get_trials(deepcopy=False, states=FINISHED)
    keys = sorted({key for trial in trials for key in trial.params}, key=lambda key: -shares.get(key, 0.0))
    columns = min(4, len(keys))
    rows = math.ceil(len(keys) / columns)
    figure = Figure(figsize=(3 * columns, 2.6 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for index, axes in enumerate(grid.flat):
        if index >= len(keys):
            axes.axis("off")
            continue
        key = keys[index]
        dots = [(trial.params[key], value) for trial in trials if (value := _loss(trial)) is not None]
        axes.scatter(*zip(*dots, strict=True), s=18, alpha=0.7)
        best = study.best_trial
        axes.scatter([best.params[key]], [_loss(best)], s=60, marker="*", color="tab:orange", zorder=3)
        axes.set_title(f"{key} ({shares[key]:.0%})" if key in shares else key, fontsize=10)
        if key == "learning_rate":
            axes.set_xscale("log")
        axes.grid(visible=True, alpha=0.25)
    figure.supylabel("validation loss (nats)", fontsize=10)
    return figure


def _place(folder: Path, trial: Trial | FrozenTrial) -> Path:
    """The folder of a trial's run."""
    return folder / f"trial-{trial.number}"


def _loss(trial: FrozenTrial) -> float | None:
    """A trial's lowest validation loss; None before its first epoch ends."""
    return min((value for value in trial.intermediate_values.values() if math.isfinite(value)), default=None)


def _suggest(trial: Trial, key: str, kind: str, values: tuple[Any, ...]) -> Any:
    if kind == "choice":
        return trial.suggest_categorical(key, values)
    if kind == "whole":
        return trial.suggest_int(key, *values)
    return trial.suggest_float(key, *values, log=kind == "log")
