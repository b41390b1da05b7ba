"""A run, from its settings to its folder and back: what `train`, `evaluate` and all others share."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import torch
from torch import nn

from harness.tree import Tree
from workbench.devices import Processes, choose
from workbench.errors import WorkbenchError, has_surrogates, students_code
from workbench.folders import ROOT
from workbench.runs import EVALUATED, Run, RunError, demand_unlocked, locked
from workbench.settings import Settings
from workbench.tracking import TensorBoard
from workbench.trainer import Trainer
from workbench.training import Callback, Result, Task
from workbench.translation.settings import TRANSLATION

Track = Callable[[Iterable[Any]], Iterable[Any]]  # wraps what takes long, to show progress
Loaded = TypeVar("Loaded", bound="Trained")


class Tryable(Task, Protocol):
    """A task that shows at once what is not implemented."""

    def try_out(self) -> None:
        """Go once through all that training will call."""

    def notes(self) -> list[str]:
        """Notes to print before training."""


@dataclass(frozen=True)
class Measured:
    """What a model has reached on a split.

    Attributes:
        numbers: for the run's folder.
        title, head, rows: the same as a table.
        notes: what has to be said beside it.
    """

    numbers: Mapping[str, Any]
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


@dataclass
class Trained(ABC):
    """A model with all that is needed to train and to use it; every part of the assignment has its own kind.

    Attributes:
        use: what can be done with it, for an error.
        data_root: where its data lie, if they are not made here or downloaded.
        run: its folder, once there is one.
    """

    use: ClassVar[str]
    settings: Settings
    device: torch.device
    data_root: Path | None
    run: Run = field(init=False)

    @classmethod
    @abstractmethod
    def new(cls: type[Loaded], settings: Settings, tree: Tree, data_root: Path | None, device: torch.device) -> Loaded:
        """Read the data and make the model; all that is drawn for its weights follows from the seed."""

    @classmethod
    @abstractmethod
    def stored(
        cls: type[Loaded], run: Run, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device
    ) -> Loaded:
        """The model of a run, with new weights."""

    @abstractmethod
    def store(self, run: Run) -> None:
        """Write into a run's folder what `stored` reads there."""

    @property
    @abstractmethod
    def module(self) -> nn.Module:
        """The tree's model."""

    @abstractmethod
    def task(self, processes: Processes) -> Tryable:
        """What the trainer is to do."""

    @abstractmethod
    def evaluate(self, split: str, track: Track = iter) -> Measured:
        """Measure the model on a whole split."""

    @abstractmethod
    def use_once(self) -> None:
        """Let the model say anything."""

    @abstractmethod
    def examples(self) -> list[str]:
        """What the model says now, to be read after training."""

    @staticmethod
    @abstractmethod
    def samples(tensorboard: TensorBoard) -> Callback:
        """Shows after each epoch what the model says."""

    @property
    def parameters(self) -> int:
        """How many numbers the model has learned."""
        return sum(each.numel() for each in self.module.parameters())

    @classmethod
    def load(
        cls: type[Loaded],
        folder: Path,
        tree: Path | None = None,
        data_root: Path | None = None,
        device: str = "auto",
    ) -> Loaded:
        """Bring back the best weights of a run.

        Args: as in `open`.
        """
        trained = cls.open(folder, tree, data_root, choose(device))
        weights = trained.run.load_weights()
        try:
            trained.run.fill(trained.module, weights)
        except RunError as error:
            raise trained.todo() or error from None
        return trained

    def todo(self) -> NotImplementedError | None:
        """The TODO at which the model stops, if it does: what is not written yet has other layers, too."""
        try:
            self.use_once()
        except NotImplementedError as left:
            return left
        except Exception:  # whoever asks has something to say already
            return None
        return None

    @classmethod
    def open(
        cls: type[Loaded], folder: Path, tree: Path | None, data_root: Path | None, device: torch.device
    ) -> Loaded:
        """A run's model with new weights, of the kind of its part.

        Args:
            tree: whose model, and data_root: where its data lie; None takes those of the training.

        Raises:
            WorkbenchError: the folder holds no run, or one of another kind than the class that was asked, or the tree
                that it was trained with is gone.
        """
        run = Run.open(folder)
        settings = Settings.of_run(run)
        kind = kind_of(settings)
        if not issubclass(kind, cls):
            raise WorkbenchError(f"{folder} is a run of {settings.part.title}: {kind.use}")
        code = open_tree(tree or ROOT / run.settings["tree"])
        root = run.settings["data_root"]
        with students_code(code):
            trained = kind.stored(run, settings, code, data_root or (ROOT / root if root else None), device)
        trained.run = run
        return trained


def kind_of(settings: Settings) -> type[Trained]:
    """The kind of model that a run with these settings trains."""
    if settings.part is TRANSLATION:  # imported here, because both modules import this one
        from workbench.translation.trained import TrainedTranslator

        return TrainedTranslator
    from workbench.language_model.trained import TrainedLanguageModel

    return TrainedLanguageModel


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
        RunError: there is a run in the folder already, and it is not to be overwritten, or something else; or another
            process trains there.
    """
    told = {"tree": recorded(tree.root), "data_root": data_root and recorded(data_root)}
    with Processes.start(chosen := choose(device)) as processes:
        if processes.first:  # alone, since to look is to take the lock for a moment
            demand_unlocked(folder)
            Run.demand_room(folder, overwrite)
        trained = _tried(settings, tree, data_root, chosen, processes)
        with _written(folder, processes):
            if processes.first:
                Run.create(folder, {"settings": trained.settings.to_json(), **told}, overwrite, trained.store)
            processes.barrier()
            trained.run = Run.open(folder)
            return trained, _fit(trained, processes, callbacks)


def try_out(settings: Settings, tree: Tree, data_root: Path | None = None, device: str = "auto") -> None:
    """Use a model once, and leave nothing.

    Raises:
        NotImplementedError, WorkbenchError: it could not be trained.
    """
    with Processes.start(chosen := choose(device)) as processes:
        _tried(settings, tree, data_root, chosen, processes)


def _tried(
    settings: Settings, tree: Tree, data_root: Path | None, device: torch.device, processes: Processes
) -> Trained:
    """A new model that has been used once."""
    with students_code(tree):
        trained = kind_of(settings).new(settings, tree, data_root, device)
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
    """Go on with a run where it was stopped; it ends with the numbers of one that was not.

    Args:
        tree, data_root: as in `Trained.open`.
        asked: settings by their key, or "model", "data" and "preset", which have to be those of the run.

    Raises:
        RunError: there is no such run, it was begun with other settings, or another process trains it.
    """
    Run.open(folder)
    with Processes.start(chosen := choose(device)) as processes, _written(folder, processes):
        trained: Trained = Trained.open(folder, tree, data_root, chosen)
        settings = trained.settings
        begun = settings.flat() | {"model": settings.model, "data": settings.data, "preset": settings.preset}
        if other := [key for key, value in (asked or {}).items() if begun.get(key) != value]:
            was = ", ".join(f"{key}={begun.get(key)}" for key in other)
            raise RunError(
                f"{folder} was begun with {was}, and a run goes on as it was begun; "
                f"leave {', '.join(other)} out, or train under another --name"
            )
        return trained, _fit(trained, processes, callbacks)


def _written(folder: Path, processes: Processes) -> AbstractContextManager[None]:
    """The first process writes the run, for all."""
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
    if processes.first and new:  # what was measured on the way is of other weights
        for split in EVALUATED:
            (run.folder / f"{split}.json").unlink(missing_ok=True)
    return result


def open_tree(root: Path) -> Tree:
    """The tree whose models are to be used from now on.

    Raises:
        WorkbenchError: the folder holds no models.
    """
    if not (root / "models").is_dir():
        raise WorkbenchError(f"{root}: expected a folder that holds models/, such as student; name it by --tree")
    tree = Tree(root)
    tree.activate()
    return tree


def recorded(folder: Path) -> str:
    """A folder for settings.json: from the project's root where it lies inside, so that both can be moved together.

    Raises:
        WorkbenchError: its name is not UTF-8, and JSON is.
    """
    folder = folder.resolve()
    if has_surrogates(str(folder)):
        raise WorkbenchError(f"{folder}: expected a name in UTF-8, which settings.json can hold; rename the folder")
    return folder.relative_to(ROOT).as_posix() if folder.is_relative_to(ROOT) else str(folder)
