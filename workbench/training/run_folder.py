"""A training run's folder.

    settings.json       the run's settings; written last when a run begins, so a folder with it holds a complete run
    about.json          the number of parameters, the device, the number of processes
    text.json           vocabularies; vocabulary.json and corpus.json for language models, bert.json for sentiment
    best.safetensors    the weights that validated best (with `ema` their moving mean)
    last/               everything that is needed to resume where the run stopped
    epochs/             weights of single epochs, only while their mean may be wanted
    log.jsonl           a line an epoch
    result.json         how it ended
    test.json           what `evaluate` has measured, and validation.json
    samples.json        the model's output after each epoch
    tensorboard/        curves
    .lock               held by the process that writes the run; the system releases it when that process ends
    .unfinished         only while a run begins or is deleted: the files beside it are no run and may be deleted

Every file is written whole, by rename, so a run can be killed at any moment. Only these files are ever deleted, and
none through a link.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import safetensors.torch
import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from torch import Tensor, nn

from harness.files import replace
from workbench.errors import WorkbenchError
from workbench.folders import nearest
from workbench.parts import all_parts

FORMAT = 1
TENSOR = "$tensor"  # stands in a state's JSON for the tensor of that name
STATE = "last/state.json"
EVALUATED = ("validation", "test")  # splits; what `evaluate` has measured on one is in SPLIT.json
LOCK, UNFINISHED = ".lock", ".unfinished"
# All names that the workbench gives to files in a run's folder and in the folders inside it. Parts add names of their
# own.
FILES = r"(settings|about|result|validation|test|samples)\.json|best\.safetensors|log\.jsonl|\.lock|\.unfinished"
FOLDERS = {
    "last": r"state\.json|[ab]\.safetensors",
    "epochs": r"\d{4,}\.safetensors",
    "tensorboard": r"events\.out\.tfevents\..+",
}
OF_THE_SYSTEM = (".DS_Store", "Thumbs.db", "desktop.ini")  # written by file managers; never deleted
PLAIN_NAME = re.compile(r"[^/\\:*?\"<>|]*[^/\\:*?\"<>|. ]")

RESTORE = "Put back a copy of it, or train again under another --name"
DIVERGED = {"loss": None}  # the result of a run whose loss was no longer a finite number


class RunError(WorkbenchError):
    """A run's folder is not what was expected; the message says what to do."""


class Run:
    """The folder of one training run.

    Attributes:
        folder: where the run's files are.
        settings: what settings.json holds; plain JSON.
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
            fill: writes further files that a run needs from the beginning.

        Raises:
            RunError: as in `expect_free`.
        """
        cls.expect_free(folder, overwrite)
        folder.mkdir(parents=True, exist_ok=True)
        # If the process is killed from here on, there is no run, and the next one deletes all files that were left.
        (folder / UNFINISHED).touch()
        _clear(folder)
        run = cls(folder, settings)
        fill(run)
        run.write_json("settings.json", {"format": FORMAT, "settings": settings})
        (folder / UNFINISHED).unlink()
        return cls.open(folder)

    @staticmethod
    def expect_free(folder: Path, overwrite: bool = False) -> None:
        """Check that a run can begin in a folder; called before work that takes long.

        Raises:
            RunError: there is a run that is not to be overwritten, or anything else that is not a run's own.
        """
        existing = nearest(folder.absolute())
        if not existing.is_dir():
            raise RunError(f"{existing} is a file, so the run cannot be kept in {folder}; choose another place for it")
        if not os.path.lexists(folder):
            return
        run, content = _is_run(folder), inventory(folder)
        if run and not overwrite:
            offered = "" if content.strange else ", or --overwrite it"
            raise RunError(f"{folder} holds a run already; go on with it by --resume, choose another --name{offered}")
        if content.strange:
            linked = is_link(content.strange[0])
            state = "is a link, and nothing is deleted through one" if linked else "is not a run's, and stays"
            raise RunError(f"{content.strange[0]} {state}: move it elsewhere, or choose another place for the run")
        leftovers = [path for path in content.own if path.name != LOCK]
        if leftovers and not run and not (folder / UNFINISHED).exists():
            raise RunError(
                f"{leftovers[0]} is not a run's, since {folder} holds none, and stays: "
                "move it elsewhere, or choose another place for the run"
            )

    @classmethod
    def open(cls, folder: Path) -> Run:
        """Open the run in a folder.

        Raises:
            RunError: there is none, or one of another format.
        """
        if not (folder / "settings.json").is_file():
            raise RunError(f"{folder} holds no run: there is no settings.json; `train` makes one")
        run = cls(folder, {})
        run.settings = run._read("settings.json", "settings")["settings"]
        return run

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def finished(self) -> bool:
        """Whether training has come to its end, and has not diverged."""
        ended = (self.folder / "result.json").is_file()
        return ended and self.read_object("result.json", "loss")["loss"] is not None

    def write_json(self, name: str, content: Any) -> None:
        write_json(self.folder / name, content)

    def read_json(self, name: str) -> Any:
        """Raises: RunError, if the file is not there or not JSON."""
        path = self.folder / name
        try:
            return json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise RunError(f"{path} is not there; has the run come that far?") from None
        except (ValueError, RecursionError) as error:
            raise RunError(f"{path} is not JSON: {error}. {RESTORE}") from error

    def read_object(self, name: str, *keys: str) -> dict[str, Any]:
        """A JSON file that holds an object with these keys.

        Raises:
            RunError: it is not there, or is something else.
        """
        content = self.read_json(name)
        if not isinstance(content, dict):
            raise RunError(f"{self.folder / name}: expected an object, {{...}}, found {_kind(content)}. {RESTORE}")
        if missing := [key for key in keys if key not in content]:
            raise RunError(f"{self.folder / name}: {missing[0]!r} is missing. {RESTORE}")
        return content

    def write_log(self, epochs: Iterable[Mapping[str, Any]]) -> None:
        """Write all lines of log.jsonl anew, so that a run that was killed and resumed holds no epoch twice."""
        lines = "".join(json.dumps(epoch) + "\n" for epoch in epochs)
        replace(self.folder / "log.jsonl", lines.encode())

    def read_log(self, *numbers: str) -> list[dict[str, Any]]:
        """The lines of log.jsonl, one an epoch; empty before the first epoch ends.

        Args:
            numbers: keys that have a number in every line.

        Raises:
            RunError: a line is no JSON object, or lacks one of these numbers.
        """
        path = self.folder / "log.jsonl"
        if not path.exists():
            return []
        lines = []
        for number, text in enumerate(path.read_bytes().splitlines(), 1):
            try:
                line = json.loads(text)
                if not isinstance(line, dict):
                    raise ValueError(f"expected an object, {{...}}, found {_kind(line)}")
                if wrong := [key for key in numbers if not is_number(line.get(key))]:
                    raise ValueError(f"expected a number for {wrong[0]!r}, found {_kind(line.get(wrong[0]))}")
            except (ValueError, RecursionError) as error:
                raise RunError(f"{path}:{number} is no line of a log: {error}. {RESTORE}") from error
            lines.append(line)
        return lines

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
        for path in self._own("epochs"):
            if f"epochs/{path.stem}" not in keep:
                path.unlink()

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Save the state that a resumed run needs: nested dicts, lists, plain values and tensors.

        The tensors go into a new file. Then state.json, which names that file, is replaced. If the process is killed
        between the two, the old pair is still there.
        """
        tensors: dict[str, Tensor] = {}
        content = _without_tensors(state, "", tensors)
        old = self._read(STATE, "tensors")["tensors"] if self.has_state() else None
        new = "b.safetensors" if old == "a.safetensors" else "a.safetensors"
        replace(self.folder / "last" / new, _to_bytes(tensors))
        self.write_json(STATE, {"format": FORMAT, "tensors": new, "state": content})
        self._drop_tensors(new)

    def has_state(self) -> bool:
        return (self.folder / STATE).is_file()

    def load_state(self) -> dict[str, Any] | None:
        """The state that was saved last, with tensors on the CPU and keys as strings; None if none was saved.

        Raises:
            RunError: a state of another format, or its tensors are gone.
        """
        if not self.has_state():
            return None
        stored = self._read(STATE, "tensors", "state")
        path = self.folder / "last" / str(stored["tensors"])
        if not path.is_file():
            raise RunError(f"{path} is gone, so the run cannot go on; start again under another name")
        try:
            state: dict[str, Any] = _with_tensors(stored["state"], _from_bytes(path))
        except KeyError as error:
            raise RunError(f"{path} does not belong to state.json: {error} is missing. {RESTORE}") from error
        return state

    def sweep(self) -> None:
        """Delete half-written files of a killed process. Only the process that writes the run may call this."""
        for path in inventory(self.folder).own:
            if path.name.endswith(".part") or path.name == UNFINISHED:
                path.unlink()
        self._drop_tensors(self._read(STATE, "tensors")["tensors"] if self.has_state() else "")

    def thin_out(self, keep_best: bool) -> None:
        """Delete the large files, which are the saved state and weights; `keep_best` spares the best weights."""
        best = [path for path in inventory(self.folder).own if path == self._weights("best")]
        for path in [*self._own("last"), *self._own("epochs"), *([] if keep_best else best)]:
            path.unlink(missing_ok=True)  # another process may have deleted it
        _drop_empty(self.folder)

    def _drop_tensors(self, named: str) -> None:
        """Delete the tensors of all states except the one whose file is named."""
        for path in self._own("last"):
            if path.suffix == ".safetensors" and path.name != named:
                path.unlink()

    def _own(self, folder: str) -> list[Path]:
        """The run's own files in one of the folders inside its own; none where that is a link."""
        return [path for path in inventory(self.folder).own if path.parent == self.folder / folder]

    def _weights(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"

    def _read(self, name: str, *keys: str) -> dict[str, Any]:
        """A JSON file of our own, checked for its format and for these keys."""
        content = self.read_object(name)
        if content.get("format") != FORMAT:
            raise RunError(
                f"{self.folder / name} has format {content.get('format')}, and this workbench reads format {FORMAT}: "
                "the run is from another version; train it again under another name"
            )
        return self.read_object(name, *keys)


class Inventory(NamedTuple):
    """What lies in a run's folder: the files that a run makes, and everything else, such as links and your notes."""

    own: list[Path]
    strange: list[Path]


def inventory(folder: Path) -> Inventory:
    """Sort the content of a run's folder into own and strange files; links are not followed."""
    content = Inventory([], [])
    files = "|".join([FILES, *(re.escape(name) for part in all_parts() for name in part.files)])
    for path in _listed(folder):
        if path.name in FOLDERS and path.is_dir() and not is_link(path):
            for inner in _listed(path):
                _sort(inner, FOLDERS[path.name], content)
        else:
            _sort(path, files, content)
    if is_link(folder):
        content.strange.append(folder)
    return content


def _listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not is_link(folder) else []


def _sort(path: Path, names: str, content: Inventory) -> None:
    """Count a path among the run's own if it is a plain file with one of these names, whole or half-written."""
    if re.fullmatch(rf"{names}|\.({names})\.\d+\.part", path.name) and path.is_file() and not is_link(path):
        content.own.append(path)
    elif path.name not in OF_THE_SYSTEM:
        content.strange.append(path)


def is_link(path: Path) -> bool:
    """Whether a path is a symbolic link, or what Windows has in its place."""
    return path.is_symlink() or (sys.version_info >= (3, 12) and path.is_junction())


def place(runs: Path, name: str) -> Path:
    """The folder of the run by this name.

    Raises:
        RunError: the name is a path, or a name that some systems do not allow.
    """
    if PLAIN_NAME.fullmatch(name) and name.isprintable():
        return runs / name
    raise RunError(
        f'--name {name!r}: expected the name of one folder, without / \\ : * ? " < > | and without a dot or a space '
        "at its end; where it lies is said by --runs"
    )


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run's lock, so that no other process writes it. The system releases it if the process is killed.

    Raises:
        RunError: another process writes the run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            f"{folder} is being trained by another process; wait until that ends, or choose another --name"
        ) from None
    try:
        yield
    finally:
        lock.release()


def expect_unlocked(folder: Path) -> None:
    """Raises: RunError, where another process writes the run in this folder."""
    if (folder / LOCK).is_file():
        with locked(folder):
            pass


def _is_run(folder: Path) -> bool:
    """Whether settings.json belongs to a run, of any format; editors write files of this name, too."""
    try:
        content = Run(folder, {}).read_object("settings.json", "format", "settings")
    except RunError:
        return False
    return bool(content)


def _clear(folder: Path) -> None:
    """Delete a run's own files. settings.json goes first, so that a kill in between leaves no run."""
    own = [path for path in inventory(folder).own if path.name not in (LOCK, UNFINISHED)]
    for path in sorted(own, key=lambda path: path.name != "settings.json"):
        path.unlink()
    _drop_empty(folder)


def _drop_empty(folder: Path) -> None:
    """Delete the folders inside a run's own in which nothing is left."""
    for name in FOLDERS:
        with contextlib.suppress(OSError):  # something is left, there is none, or it is a link
            (folder / name).rmdir()


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.40}"


def write_json(path: Path, content: Any) -> None:
    """Write indented JSON, the file whole or not at all."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    replace(path, f"{text}\n".encode())


def epoch_name(epoch: int) -> str:
    """The name of an epoch's weights."""
    return f"epochs/{epoch:04}"


def _to_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    # Copies, because safetensors refuses tensors that share memory, as tied weights do.
    form = torch.contiguous_format
    data: bytes = safetensors.torch.save(
        {name: tensor.detach().cpu().clone(memory_format=form) for name, tensor in tensors.items()}
    )
    return data


def _from_bytes(path: Path) -> dict[str, Tensor]:
    # From memory, not mapped: the file may be replaced while its tensors are in use.
    try:
        tensors: dict[str, Tensor] = safetensors.torch.load(path.read_bytes())
    except SafetensorError as error:
        raise RunError(f"{path} is not whole: {error}. {RESTORE}") from error
    return tensors


def _without_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """The nested value with names in place of tensors, as JSON can hold it; adds the tensors to `tensors` by name."""
    if isinstance(value, Tensor):
        tensors[name] = value
        return {TENSOR: name}
    if isinstance(value, Mapping):
        return {str(key): _without_tensors(item, f"{name}/{key}", tensors) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_tensors(item, f"{name}/{i}", tensors) for i, item in enumerate(value)]
    return value


def _with_tensors(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Put the tensors back: the inverse of `_without_tensors`."""
    if isinstance(value, dict):
        if value.keys() == {TENSOR}:
            return tensors[value[TENSOR]]
        return {key: _with_tensors(item, tensors) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_tensors(item, tensors) for item in value]
    return value
