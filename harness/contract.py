"""The public contract of an assignment: what `student/assignment.json` says.

Standard library only: the packager reads it with whatever Python a student has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def is_id(text: str) -> bool:
    """Whether a text can be a deliverable's id, such as "naive.RNN"."""
    return re.fullmatch(r"[a-z_]\w*\.\w+", text) is not None


@dataclass(frozen=True)
class Function:
    """A function of the contract, named like "LSTM.forward".

    `parameters` are written as in the source without annotations ("states=None"); `untouched` is its
    fingerprint as handed out, or None where an unchanged function does not show that work is not started. No test calls
    an `optional` one.
    """

    name: str
    parameters: tuple[str, ...]
    untouched: str | None
    optional: bool = False


@dataclass(frozen=True)
class Deliverable:
    """What is graded as one piece; `by_name` are the parameters of its functions that tests give by name."""

    id: str
    number: str
    part: str
    title: str
    points: float
    file: str
    tests: str
    needs: tuple[str, ...]
    refused: tuple[str, ...]
    functions: tuple[Function, ...]
    by_name: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    id: str
    number: str
    title: str


@dataclass(frozen=True)
class Assignment:
    """What is handed in, checked and graded. Other keys in the JSON file are ignored.

    `id_help` says in words what `id_pattern` matches; "" where nobody has. `hints` for known mistakes are given
    "local", "everywhere" or "off". `notebook` (*.ipynb) is "required", "optional" or "refused"; no zip is written
    with a required one whose code cells were not all run, which some courses give no points for. `strict` says what a
    file that does not run costs: its own deliverables ("deliverable") or all points ("submission"). Where `imports_of`
    names a file, the file may have no other import statements than these.
    """

    name: str
    title: str
    version: str
    archive_name: str
    upload: str
    group_size: int
    id_pattern: str
    output: str
    allowed_imports: tuple[str, ...]
    files: tuple[str, ...]
    parts: tuple[Part, ...]
    deliverables: tuple[Deliverable, ...]
    group_size_min: int = 1
    id_help: str = ""
    imports_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hints: str = "everywhere"
    notebook: str = "optional"
    strict: str = "deliverable"

    @classmethod
    def load(cls, path: Path | str) -> Assignment:
        """Read assignment.json; OSError or ValueError when that fails."""
        return cls.parse(Path(path).read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> Assignment:
        """The assignment from its JSON text; ValueError when it is not one."""
        try:
            data = json.loads(text)
            parts = [_pick(Part, part) for part in data["parts"]]
            deliverables = [_deliverable(entry) for entry in data["deliverables"]]
            return _pick(cls, {**data, "parts": parts, "deliverables": deliverables})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"assignment.json is damaged: {type(error).__name__}: {error}") from error

    def deliverable(self, id: str) -> Deliverable:
        """The deliverable with this id; KeyError when there is none."""
        return {deliverable.id: deliverable for deliverable in self.deliverables}[id]

    def by_file(self, path: str) -> tuple[Deliverable, ...]:
        """The deliverables whose code stands in this file."""
        return tuple(deliverable for deliverable in self.deliverables if deliverable.file == path)

    def dependants(self, ids: Collection[str]) -> tuple[Deliverable, ...]:
        """The other deliverables that need one of these, directly or through another."""
        reached = set(ids)
        for _ in self.deliverables:  # a chain of needs is at most this long
            reached |= {d.id for d in self.deliverables if reached.intersection(d.needs)}
        return tuple(d for d in self.deliverables if d.id in reached and d.id not in ids)


def _pick(kind: type[T], data: Mapping[str, Any]) -> T:
    """A dataclass from the keys that it knows; lists become tuples. TypeError when one is missing."""
    names = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    values = {name: data[name] for name in names.intersection(data)}
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def _deliverable(data: Mapping[str, Any]) -> Deliverable:
    return _pick(Deliverable, {**data, "functions": [_pick(Function, entry) for entry in data["functions"]]})
