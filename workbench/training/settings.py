"""Every hyper-parameter of a run in one place, with two presets a model.

A setting belongs to the model's shape, to the data, or to training; `--set key=value` finds it by its name alone. The
name of the data set decides which part of the assignment a run belongs to, and so which models there are.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from harness.words import joined
from workbench.errors import SettingsError
from workbench.parts import Part, all_parts, expect_model, part_of
from workbench.training.hyperparameters import Training
from workbench.training.run_folder import RESTORE, Run

PRESETS = ("default", "tuned")
GROUPS = ("shape", "batching", "training")
EXPECTED = {bool: "true or false", int: "a whole number", float: "a number"}


@dataclass(frozen=True)
class Settings:
    """One run's hyper-parameters; `shape` and `batching` are of the dataclasses that its part names."""

    model: str
    data: str
    preset: str
    shape: Any
    batching: Any
    training: Training = field(default_factory=Training)

    @classmethod
    def of(cls, model: str, data: str, preset: str = "default", changes: Iterable[str] = ()) -> Settings:
        """A preset with changes.

        Args:
            changes: "key=value" texts.

        Raises:
            SettingsError: for a model, data set, preset or key that does not exist, and a value of another type.
        """
        expect_model(model, data)
        part = part_of(data)
        if preset not in PRESETS:
            raise SettingsError(f"there is no preset {preset!r}; choose one of {', '.join(PRESETS)}")
        settings = cls(model, data, preset, part.shapes[model](), part.batching())
        for key, value in {**part.presets[preset][model], **part.by_data.get(data, {})}.items():
            settings = settings.changed(key, value)
        for change in changes:
            key, equals, text = change.partition("=")
            if not equals:
                raise SettingsError(f"--set {change}: expected key=value, as in --set epochs=3")
            settings = settings.changed(key.strip(), settings.parse(key.strip(), text.strip()))
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse what no model can be built or trained with.

        Raises:
            SettingsError: it names the setting and what it can be.
        """
        values = self.flat()
        for setting in (*fields(self.shape), *fields(self.batching)):
            key, lowest = setting.name, 0 if setting.default == 0 else 1  # 0 stands for all, or for what is needed
            if isinstance(setting.default, int) and not isinstance(setting.default, bool) and values[key] < lowest:
                raise SettingsError(f"{key} is {values[key]}; it has to be at least {lowest}")
        for key in ("dropout", "label_smoothing", "teacher_forcing"):
            if key in values and not 0 <= values[key] <= 1:
                raise SettingsError(f"{key} is {values[key]}; it has to lie between 0 and 1")
        self.part.check(self.model, values)

    @property
    def part(self) -> Part:
        return part_of(self.data)

    def keys(self) -> dict[str, tuple[str, Any]]:
        """Every key that can be set -> the group that it belongs to, and its type."""
        keys: dict[str, tuple[str, Any]] = {}
        for group, values in {"shape": self.shape, "batching": self.batching, "training": self.training}.items():
            types = typing.get_type_hints(type(values))  # compiles every annotation
            keys |= {setting.name: (group, types[setting.name]) for setting in fields(values)}
        return keys

    def parse(self, key: str, text: str, option: str = "--set") -> object:
        """The value that a text stands for, of the type of that key.

        Args:
            option: the command-line option that it came from, for the error.

        Raises:
            SettingsError: there is no such key, or the text is of no such type.
        """
        _, kind = self._find(key)
        try:
            if kind is bool:
                return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
            return kind(text) if kind in (int, float) else text
        except (KeyError, ValueError):
            raise SettingsError(f"{option} {key}={text}: expected {EXPECTED[kind]}") from None

    def changed(self, key: str, value: object) -> Settings:
        """A copy with one setting changed.

        Raises:
            SettingsError: there is no such key, or training cannot have this value.
        """
        group, _ = self._find(key)
        try:
            values = replace(getattr(self, group), **{key: value})
        except ValueError as error:  # Training checks itself
            raise SettingsError(str(error)) from error
        return replace(self, **{group: values})

    def flat(self) -> dict[str, Any]:
        """Every setting by its key, for tables."""
        return {**asdict(self.shape), **asdict(self.batching), **asdict(self.training)}

    def only(self, changes: Iterable[str]) -> dict[str, Any]:
        """The settings that "key=value" texts name, by their key."""
        values = self.flat()
        return {key: values[key] for key in (change.partition("=")[0].strip() for change in changes)}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Settings:
        """The settings that `to_json` gave. A setting that is missing has its default.

        Raises:
            SettingsError: something else is missing, a key is not known, or a value is of another type.
        """
        for key, kind in (*((name, str) for name in ("model", "data", "preset")), *((name, dict) for name in GROUPS)):
            if not isinstance(stored.get(key), kind):
                expected = "a text" if kind is str else "an object, {...},"
                raise SettingsError(f"expected {expected} under {key!r}, found {stored.get(key)!r}")
        model, part = stored["model"], part_of(stored["data"])
        expect_model(model, stored["data"])
        kinds: dict[str, type[Any]] = {"shape": part.shapes[model], "batching": part.batching, "training": Training}
        groups = {name: _filled(kind, stored[name]) for name, kind in kinds.items()}
        settings = cls(model, stored["data"], stored["preset"], **groups)
        settings.check()
        return settings

    @classmethod
    def of_run(cls, run: Run) -> Settings:
        """The settings of a run.

        Raises:
            SettingsError: its settings.json is not as training has written it; the message names the file.
        """
        try:
            stored = run.settings
            if not isinstance(stored.get("tree"), str) or not isinstance(stored.get("data_root"), str | None):
                raise SettingsError("expected the names of folders under 'tree' and 'data_root'")
            if not isinstance(stored.get("settings"), dict):
                raise SettingsError("expected the run's settings under 'settings'")
            return cls.from_json(stored["settings"])
        except SettingsError as error:
            raise SettingsError(f"{run.folder / 'settings.json'}: {error}. {RESTORE}") from error

    def _find(self, key: str) -> tuple[str, Any]:
        keys = self.keys()
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise SettingsError(
                f"{self.model} has no setting {key!r} with --data {self.data} ({self.part.title}).{meant} "
                f"There are: {', '.join(sorted(keys))}{self._elsewhere(key)}"
            )
        return keys[key]

    def _elsewhere(self, key: str) -> str:
        """Where a model of this name has such a setting."""
        others = [part for part in all_parts() if part is not self.part and self.model in part.models]
        for part in others:
            if key in {setting.name for kind in (part.shapes[self.model], part.batching) for setting in fields(kind)}:
                return f". The {self.model} of --data {joined(part.data, 'or')} has {key!r}"
        return ""


def _filled(kind: type[Any], values: Mapping[str, Any]) -> Any:
    """A dataclass of settings with these values.

    Raises:
        SettingsError: a key is not known, or a value is of another type, or cannot be.
    """
    kinds = typing.get_type_hints(kind)
    for key, value in values.items():
        if key not in {known.name for known in fields(kind)}:
            raise SettingsError(f"there is no setting {key!r}")
        fits = isinstance(value, int | float if kinds[key] is float else kinds[key])
        if not fits or (isinstance(value, bool) and kinds[key] is not bool):
            raise SettingsError(f"{key} is {value!r}: expected {EXPECTED.get(kinds[key], 'a text')}")
    try:
        return kind(**values)
    except ValueError as error:  # Training checks itself
        raise SettingsError(str(error)) from error
