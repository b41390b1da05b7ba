"""A trained model with all that is needed to use it; each part of the assignment has its own subclass."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import nn

from harness.tree import Tree
from workbench.errors import WorkbenchError, students_code
from workbench.folders import ROOT
from workbench.training.devices import Processes, choose
from workbench.training.run_folder import Run, RunError
from workbench.training.samples import Samples
from workbench.training.settings import Settings
from workbench.training.tasks import PartTask
from workbench.training.trees import open_tree

Track = Callable[[Iterable[Any]], Iterable[Any]]  # wraps what takes long, to show progress
Loaded = TypeVar("Loaded", bound="Trained")


@dataclass(frozen=True)
class Measured:
    """A model's scores on a split.

    Attributes:
        numbers: for the run's folder.
        title, head, rows: the same as a table.
        notes: sentences to print below the table.
    """

    numbers: Mapping[str, Any]
    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]


@dataclass
class Trained(ABC):
    """A model with all that is needed to train and to use it; each part of the assignment has its own subclass.

    Attributes:
        use: what can be done with such a model, in words for an error.
        data_root: where its data lie, if they are not made here or downloaded.
        run: its folder, once there is one.
        samples: the class of the callback that shows the model's output after each epoch.
    """

    use: ClassVar[str]
    samples: ClassVar[type[Samples]] = Samples  # which shows none
    settings: Settings
    device: torch.device
    data_root: Path | None
    run: Run = field(init=False)

    @classmethod
    @abstractmethod
    def new(cls: type[Loaded], settings: Settings, tree: Tree, data_root: Path | None, device: torch.device) -> Loaded:
        """Read the data and make the model; its initial weights follow from the seed."""

    @classmethod
    def stored(
        cls: type[Loaded], run: Run, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device
    ) -> Loaded:
        """The model of a run, with new weights; a new model if a part stores nothing."""
        return cls.new(settings, tree, data_root, device)

    def store(self, run: Run) -> None:  # noqa: B027 - a part may have nothing to store
        """Write into a run's folder what `stored` reads there."""

    @property
    @abstractmethod
    def module(self) -> nn.Module:
        """The tree's model."""

    @abstractmethod
    def task(self, processes: Processes) -> PartTask:
        """The trainer's task."""

    @abstractmethod
    def evaluate(self, split: str, track: Track = iter) -> Measured:
        """Measure the model on a whole split."""

    @abstractmethod
    def use_once(self) -> None:
        """Use the model once, with any input."""

    def examples(self) -> list[str]:
        """Examples of the model's output, printed after training."""
        return []

    @property
    def parameters(self) -> int:
        """How many numbers the model has learned."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    @classmethod
    def load(
        cls: type[Loaded],
        folder: Path,
        tree: Path | None = None,
        data_root: Path | None = None,
        device: str = "auto",
    ) -> Loaded:
        """Load a run's model with its best weights.

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
        """The TODO at which the model stops, if it is unfinished; stored weights then may not fit its layers."""
        try:
            self.use_once()
        except NotImplementedError as left:
            return left
        except Exception:  # the caller reports an error of its own
            return None
        return None

    @classmethod
    def open(
        cls: type[Loaded], folder: Path, tree: Path | None, data_root: Path | None, device: torch.device
    ) -> Loaded:
        """A run's model with new weights, as an object of its part's class.

        Args:
            tree: the folder with the code to use; None takes that of the training.
            data_root: the folder with the data; None takes that of the training.

        Raises:
            WorkbenchError: the folder holds no run, or a run of another part than this class, or the tree that it was
                trained with is gone.
        """
        run = Run.open(folder)
        settings = Settings.of_run(run)
        kind: type[Trained] = settings.part.trained_class()
        if not issubclass(kind, cls):
            raise WorkbenchError(f"{folder} is a run of {settings.part.title}: {kind.use}")
        code = open_tree(tree or ROOT / run.settings["tree"])
        root = run.settings["data_root"]
        with students_code(code):
            trained = kind.stored(run, settings, code, data_root or (ROOT / root if root else None), device)
        trained.run = run
        return trained
