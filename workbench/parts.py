"""Parts of the assignment: models that learn from one kind of data. Each is a folder here that holds part.py.

What a part needs torch for is named by dotted names and loaded when it is used, so that `--help` need not wait for it.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.words import joined
from workbench.errors import SettingsError

FOLDER = Path(__file__).parent
Values = Mapping[str, Any]
# "choice" of values, or from lowest to highest: "uniform", "log", and "whole" for whole numbers
Range = tuple[str, tuple[Any, ...]]


class Score(NamedTuple):
    """What `evaluate` measures: its words, its key in what `evaluate` writes, which of several values is best."""

    label: str
    key: str
    best: Callable[[list[float]], float]
    form: str = "{:.2f}"


@dataclass(frozen=True)
class Part:
    """Models that learn from one kind of data.

    Attributes:
        title: in words.
        rank: parts are listed by it, and the first one with a model of some name decides on its default data set.
        data: the names of its data sets, first the one to begin with, which needs no download.
        shapes: model -> dataclass of its shape; a class has a `title`, the model's name in the tree.
        batching: dataclass of how data become batches.
        presets: preset -> model -> what differs from the dataclasses' defaults.
        by_data: the same by data set; it comes after the preset.
        check: refuses a model's settings where no model can be built or trained with them; raises SettingsError.
        spaces: dataclass of a shape -> the settings that `tune` searches.
        trained: "module:class" of its `Trained`: how its models are made, stored, measured and shown.
        commands: module whose `app` has the commands that are for this part alone.
        needs: model -> ids of the deliverables that have to be written before it can be trained.
        unit: what losses are means over, in the plural. Of tokens, perplexity is shown; of others, accuracy.
        files: names of the files in a run's folder that only this part writes.
        scores: what `evaluate` measures beside perplexity; of other units than tokens, all that is compared.
        incidental: settings whose change does not count as tuning, beside those of all parts.
    """

    title: str
    rank: int
    data: tuple[str, ...]
    shapes: Mapping[str, type[Any]]
    batching: type[Any]
    presets: Mapping[str, Mapping[str, Values]]
    check: Callable[[str, Values], None]
    spaces: Mapping[type[Any], Mapping[str, Range]]
    trained: str
    commands: str
    by_data: Mapping[str, Values] = field(default_factory=dict)
    needs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unit: str = "tokens"
    files: tuple[str, ...] = ()
    scores: tuple[Score, ...] = ()
    incidental: tuple[str, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(self.shapes)

    def trained_class(self) -> Any:
        """The class that `trained` names, of the type `type[Trained]`."""
        module, _, name = self.trained.partition(":")
        return getattr(importlib.import_module(module), name)

    def own_commands(self) -> Any:
        """The typer app that `commands` names."""
        return importlib.import_module(self.commands).app


@functools.cache
def all_parts() -> tuple[Part, ...]:
    """The parts whose folders are here, by rank."""
    names = [path.parent.name for path in FOLDER.glob("*/part.py")]
    parts: list[Part] = [importlib.import_module(f"workbench.{name}.part").PART for name in names]
    return tuple(sorted(parts, key=lambda part: part.rank))


def part_of(data: str) -> Part:
    """The part that a data set belongs to.

    Raises:
        SettingsError: for one that does not exist.
    """
    for part in all_parts():
        if data in part.data:
            return part
    choices = ", ".join(f"{', '.join(part.data)} ({part.title})" for part in all_parts())
    raise SettingsError(f"there is no data set {data!r}; choose one of {choices}")


def expect_part(part: Part, data: str) -> None:
    """Raises: SettingsError, where a data set does not belong to this part."""
    if part_of(data) is not part:
        raise SettingsError(f"--data {data} is of {part_of(data).title}; expected {joined(part.data, 'or')}")


def data_for(model: str) -> str:
    """The data set that a model is trained on where none is named: the first of the first part that has the model.

    Raises:
        SettingsError: for a model that does not exist.
    """
    for part in all_parts():
        if model in part.models:
            return part.data[0]
    choices = "; ".join(f"{', '.join(part.models)} (--data {joined(part.data, 'or')})" for part in all_parts())
    raise SettingsError(f"there is no model {model!r}; choose one of {choices}")


def expect_model(model: str, data: str) -> None:
    """Raises: SettingsError, where a model cannot be trained on a data set; the message says what can."""
    part = part_of(data)
    if model not in part.models:
        others = [other for other in all_parts() if model in other.models]
        where = "".join(f". {model} is trained with --data {joined(other.data, 'or')}" for other in others)
        choices = ", ".join(part.models)
        raise SettingsError(f"{data} ({part.title}) has no model {model!r}; choose one of {choices}{where}")
