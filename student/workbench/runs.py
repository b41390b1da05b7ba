"""A training run's folder.

    settings.json       what the run was told; written last when it begins, so that it marks what is whole
    about.json          how many parameters, on what
    text.json           vocabularies; vocabulary.json and corpus.json for language models
    best.safetensors    the weights that validated best (with `ema` their moving mean)
    last/               everything that is needed to go on where the run stopped
    epochs/             weights of single epochs, only while their mean may be wanted
    log.jsonl           a line an epoch
    result.json         how it ended
    test.json           what `evaluate` has measured, and validation.json
    samples.md          what the model said after each epoch
    tensorboard/        curves

Every file is written whole, by rename, so a run can be killed at any moment.
"""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from tests.harness.files import replace
from workbench.errors import WorkbenchError
from workbench.folders import nearest

FORMAT = 1
TENSOR = "$tensor"  # stands in a state's JSON for the tensor of that name
STATE = "last/state.json"
EVALUATED = ("validation", "test")  # splits; of each, what `evaluate` has measured is in SPLIT.json
LEARNED = ("last", "epochs", "best.safetensors", "log.jsonl", "result.json", *(f"{split}.json" for split in EVALUATED))

DIVERGED = {"loss": None}  # the result of a run whose loss was no longer a finite number


class RunError(WorkbenchError):
    """A run's folder is not what was expected; the message says what to do."""


class Run:
    """The folder of one training run.

    Attributes:
        folder: where everything is.
        settings: what the run was told; plain JSON.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = settings

    @classmethod
    def create(
        cls,
        folder: Path,
        settings: Mapping[str, Any],
        overwrite: bool = False,
        fill: Callable[[Run], None] = lambda run: None,
    ) -> Run:
        """Begin a run in a folder of its own.

        Args:
            settings: whatever JSON can hold.
            overwrite: delete a run that is there.
            fill: writes what else there has to be from the beginning.

        Raises:
            RunError: there is a run, or something else that is no folder.
        """
        cls.demand_room(folder, overwrite)
        if (folder / "settings.json").exists():
            # The mark of a run goes first: what a kill leaves here is no run any more.
            (folder / "settings.json").unlink()
            shutil.rmtree(folder)
        for path in (folder / name for name in LEARNED):  # of a run whose deletion was killed
            if path.exists():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        run = cls(folder, settings)
        fill(run)
        run.write_json("settings.json", {"format": FORMAT, "settings": settings})
        return cls.open(folder)

    @staticmethod
    def demand_room(folder: Path, overwrite: bool = False) -> None:
        """Demand that a run can begin in a folder; asked before what takes long.

        Raises:
            RunError: there is a run that is not to be overwritten, or something else that is no folder.
        """
        there = nearest(folder.absolute())
        if not there.is_dir():
            raise RunError(f"{there} is a file, so the run cannot be kept in {folder}; choose another place for it")
        if (folder / "settings.json").exists() and not overwrite:
            raise RunError(
                f"{folder} holds a run already; go on with it by --resume, choose another --name, or --overwrite it"
            )

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Find a run.

        Raises:
            RunError: there is none, or one of another format.
        """
        if not (folder / "settings.json").is_file():
            raise RunError(f"{folder} holds no run: there is no settings.json; `train` makes one")
        run = cls(folder, {})
        run.settings = run._read("settings.json")["settings"]
        return run

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def finished(self) -> bool:
        """Whether training has come to its end, and has not diverged."""
        return (self.folder / "result.json").is_file() and self.read_json("result.json")["loss"] is not None

    def write_json(self, name: str, content: Any) -> None:
        write_json(self.folder / name, content)

    def read_json(self, name: str) -> Any:
        """Raises: RunError, if the file is not there or not JSON."""
        path = self.folder / name
        try:
            return json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise RunError(f"{path} is not there; has the run come that far?") from None
        except ValueError as error:
            raise RunError(f"{path} is not JSON: {error}") from error

    def write_log(self, epochs: Iterable[Mapping[str, Any]]) -> None:
        """Write log.jsonl: all lines, so that going on after a kill leaves none twice."""
        lines = "".join(json.dumps(epoch) + "\n" for epoch in epochs)
        replace(self.folder / "log.jsonl", lines.encode())

    def read_log(self) -> list[dict[str, Any]]:
        path = self.folder / "log.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def save_weights(self, weights: Mapping[str, Tensor], name: str = "best") -> None:
        """Save a module's state_dict; name as in "best" or "epochs/0007"."""
        replace(self._weights(name), _to_bytes(weights))

    def fill(self, module: nn.Module, weights: Mapping[str, Tensor]) -> None:
        """Give a module the weights of this run.

        Raises:
            RunError: it has other layers, or layers of other sizes, than the module that was trained.
        """
        try:
            module.load_state_dict(weights)
        except RuntimeError as error:
            first = str(error).strip().splitlines()[1:2] or [str(error)]
            words = textwrap.shorten(first[0], 120, placeholder=" ...")
            raise RunError(
                f"the weights in {self.folder} are of other layers than the model's now: {words} "
                "Name the code that was trained by --tree, or train again"
            ) from error

    def load_weights(self, name: str = "best") -> dict[str, Tensor]:
        """Load a state_dict, on the CPU.

        Raises:
            RunError: these weights are not there.
        """
        path = self._weights(name)
        if not path.is_file():
            if self.read_log():
                raise RunError(f"{path} is not there any more (`tune` keeps the best trial's alone); train it again")
            raise RunError(f"{path} is not there: the run has not come to the end of an epoch yet")
        return _from_bytes(path)

    def has_weights(self, name: str) -> bool:
        return self._weights(name).is_file()

    def keep_epochs(self, epochs: Iterable[int]) -> None:
        """Delete the weights of all other single epochs."""
        keep = {epoch_name(epoch) for epoch in epochs}
        for path in self.folder.glob("epochs/*.safetensors"):
            if f"epochs/{path.stem}" not in keep:
                path.unlink()

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Save everything that is needed to go on: a nest of dicts, lists, plain values and tensors.

        The tensors get a new file, then state.json is replaced, which names the file that it belongs to. A kill
        between the two leaves the old pair.
        """
        tensors: dict[str, Tensor] = {}
        content = _without_tensors(state, "", tensors)
        old = self._read(STATE)["tensors"] if self.has_state() else None
        new = "b.safetensors" if old == "a.safetensors" else "a.safetensors"
        replace(self.folder / "last" / new, _to_bytes(tensors))
        self.write_json(STATE, {"format": FORMAT, "tensors": new, "state": content})
        self._drop_tensors(new)

    def has_state(self) -> bool:
        return (self.folder / STATE).is_file()

    def load_state(self) -> dict[str, Any] | None:
        """What `save_state` was given last, tensors on the CPU and keys as strings; None before the first time.

        Raises:
            RunError: a state of another format, or its tensors are gone.
        """
        if not self.has_state():
            return None
        stored = self._read(STATE)
        path = self.folder / "last" / stored["tensors"]
        if not path.is_file():
            raise RunError(f"{path} is gone, so the run cannot go on; start again under another name")
        state: dict[str, Any] = _with_tensors(stored["state"], _from_bytes(path))
        return state

    def sweep(self) -> None:
        """Delete what a kill has left half-written. Only for whoever writes this run."""
        for path in self.folder.rglob(".*.part"):
            path.unlink()
        self._drop_tensors(self._read(STATE)["tensors"] if self.has_state() else "")

    def _drop_tensors(self, named: str) -> None:
        """Delete the tensors of states that are no longer, or not yet, the last."""
        for path in self.folder.glob("last/*.safetensors"):
            if path.name != named:
                path.unlink()

    def _weights(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"

    def _read(self, name: str) -> Any:
        """A JSON file of our own, checked for its format."""
        content = self.read_json(name)
        found = content.get("format") if isinstance(content, dict) else None
        if found != FORMAT:
            raise RunError(
                f"{self.folder / name} has format {found}, and this workbench reads format {FORMAT}: "
                "the run is from another version; train it again under another name"
            )
        return content


def write_json(path: Path, content: Any) -> None:
    """Write a file that people may read, too; whole or not at all."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    replace(path, f"{text}\n".encode())


def epoch_name(epoch: int) -> str:
    """The name of an epoch's weights."""
    return f"epochs/{epoch:04}"


def _to_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    # Copies, because safetensors refuses tensors that share memory, as tied weights do.
    form = torch.contiguous_format
    data: bytes = safetensors.torch.save(
        {name: each.detach().cpu().clone(memory_format=form) for name, each in tensors.items()}
    )
    return data


def _from_bytes(path: Path) -> dict[str, Tensor]:
    # From memory, not mapped: the file may be replaced while its tensors are in use.
    tensors: dict[str, Tensor] = safetensors.torch.load(path.read_bytes())
    return tensors


def _without_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """The nest as JSON can hold it; its tensors are put into `tensors`, by their path."""
    if isinstance(value, Tensor):
        tensors[name] = value
        return {TENSOR: name}
    if isinstance(value, Mapping):
        return {str(key): _without_tensors(each, f"{name}/{key}", tensors) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_tensors(each, f"{name}/{i}", tensors) for i, each in enumerate(value)]
    return value


def _with_tensors(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The other way."""
    if isinstance(value, dict):
        if value.keys() == {TENSOR}:
            return tensors[value[TENSOR]]
        return {key: _with_tensors(each, tensors) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_tensors(each, tensors) for each in value]
    return value
