"""Train a model, or go on with a run: from settings to a run's folder and back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

from harness.tree import Tree
from workbench.errors import students_code
from workbench.training.callbacks import Callback
from workbench.training.devices import Processes, choose
from workbench.training.records import Result
from workbench.training.run_folder import EVALUATED, Run, RunError, expect_unlocked, locked
from workbench.training.settings import Settings
from workbench.training.trained import Trained
from workbench.training.trainer import Trainer
from workbench.training.trees import recorded


def train(
    settings: Settings,
    folder: Path,
    tree: Tree,
    data_root: Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    callbacks: Sequence[Callback] = (),
) -> tuple[Any, Result]:
    """Train a model as the settings say and leave everything in the folder.

    Returns:
        The model, of the kind of its part, and how training ended.

    Raises:
        RunError: the folder holds a run that must not be overwritten, or anything that is not a run's, or another
            process trains there.
    """
    folders = {"tree": recorded(tree.root), "data_root": data_root and recorded(data_root)}
    with Processes.start(chosen := choose(device)) as processes:
        if processes.first:  # no other process looks, because looking takes the lock for a moment
            expect_unlocked(folder)
            Run.expect_free(folder, overwrite)
        trained = _tried(settings, tree, data_root, chosen, processes)
        with _written(folder, processes):
            if processes.first:
                Run.create(folder, {"settings": trained.settings.to_json(), **folders}, overwrite, trained.store)
            processes.barrier()
            trained.run = Run.open(folder)
            return trained, _fit(trained, processes, callbacks)


def try_out(settings: Settings, tree: Tree, data_root: Path | None = None, device: str = "auto") -> None:
    """Use a model once, without writing a run.

    Raises:
        NotImplementedError, WorkbenchError: the model cannot be trained.
    """
    with Processes.start(chosen := choose(device)) as processes:
        _tried(settings, tree, data_root, chosen, processes)


def _tried(
    settings: Settings, tree: Tree, data_root: Path | None, device: torch.device, processes: Processes
) -> Trained:
    """A new model that has been used once."""
    with students_code(tree):
        kind: type[Trained] = settings.part.trained_class()
        trained = kind.new(settings, tree, data_root, device)
        trained.task(processes).try_out()
    return trained


def resume(
    folder: Path,
    tree: Path | None = None,
    data_root: Path | None = None,
    device: str = "auto",
    callbacks: Sequence[Callback] = (),
    asked: Mapping[str, object] | None = None,
) -> tuple[Any, Result]:
    """Resume a run where it was stopped; it ends with the same numbers as a run without a stop.

    Args:
        tree, data_root: as in `Trained.open`.
        asked: settings that the run must have, by their key; also "model", "data" and "preset".

    Raises:
        RunError: there is no such run, it was begun with other settings, or another process trains it.
    """
    Run.open(folder)
    with Processes.start(chosen := choose(device)) as processes, _written(folder, processes):
        trained: Trained = Trained.open(folder, tree, data_root, chosen)
        settings = trained.settings
        stored = settings.flat() | {"model": settings.model, "data": settings.data, "preset": settings.preset}
        if differing := [key for key, value in (asked or {}).items() if stored.get(key) != value]:
            was = ", ".join(f"{key}={stored.get(key)}" for key in differing)
            raise RunError(
                f"{folder} was begun with {was}, and a run goes on as it was begun; "
                f"leave {', '.join(differing)} out, or train under another --name"
            )
        return trained, _fit(trained, processes, callbacks)


def _written(folder: Path, processes: Processes) -> AbstractContextManager[None]:
    """Lock the run in the first process, which is the only one that writes."""
    return locked(folder) if processes.first else contextlib.nullcontext()


def _fit(trained: Trained, processes: Processes, callbacks: Sequence[Callback]) -> Result:
    run, device = trained.run, trained.device
    task = trained.task(processes)
    if processes.first:
        about = {"parameters": trained.parameters, "device": str(device), "processes": processes.world}
        run.write_json("about.json", about)
    trainer = Trainer(task, trained.settings.training, run, callbacks, device, processes)
    for note in task.notes():
        trainer.note(note)
    new = not run.finished
    result = trainer.fit()
    if processes.first and new:  # earlier measurements are of other weights
        for split in EVALUATED:
            (run.folder / f"{split}.json").unlink(missing_ok=True)
    return result
