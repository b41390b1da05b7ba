"""What a graded test has shown, and how it is stored and sent: as safetensors, never as pickle."""

import hashlib
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import numpy as safetensors

from harness.contract import is_id

Array = npt.NDArray[Any]

LONGEST = 1000  # letters that are read of a sentence or a message
MOST_NODES = 100  # kinds of autograd nodes that are read; the solution's outcomes have at most 26
NOT_STARTED = "NotStarted"  # the kind of a fault that a TODO raises


def is_todo(error: BaseException) -> bool:
    """Whether an exception is that of a TODO: NotImplementedError("part.deliverable"). Torch raises others."""
    return isinstance(error, NotImplementedError) and is_id(str(error))


@dataclass(frozen=True)
class Fault:
    """The exception that stopped a test.

    Attributes:
        kind, message: of the exception.
        where: the line of the student's, or of the test's, that was running.
        own: whether a `raise` in the student's files has made it, so that its message is in the student's own words.
    """

    kind: str
    message: str
    where: str
    own: bool = False


@dataclass
class Outcome:
    """One run of one test.

    Attributes:
        shown: name -> a tensor's values, or a sentence about something that is no plain tensor ("a tuple of 2").
        parameters: key of a filled module -> its parameters' names and shapes; explains a failure, decides nothing.
        fault: what stopped the test, or None.
        sizes: name -> a size that was drawn or is an argument of the case, and how much padding sentences have.
        inputs: name -> the digest of a tensor that was handed out.
        unregistered: attribute of a filled module that is none of its parameters and layers -> what it is, as in
            `judge.UNREGISTERED`; explains a failure, decides nothing.
        measures: name -> the statistic that is judged in place of values that come out at random, and what it needs to
            know (draws.py). Only those of an expected outcome count.
        nodes: the kinds of autograd nodes that shown tensors come from, in letters alone. It is never stored with the
            answers, decides nothing, and may be a lie.
    """

    shown: dict[str, Array | str] = field(default_factory=dict)
    parameters: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    fault: Fault | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    unregistered: dict[str, str] = field(default_factory=dict)
    measures: dict[str, list[Any]] = field(default_factory=dict)
    nodes: set[str] = field(default_factory=set)


def digest(values: Array) -> str:
    """Sixteen digits of a hash of an array: its shape, dtype and every bit."""
    content = f"{values.dtype.str}{values.shape}".encode() + np.ascontiguousarray(values).tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


def encode(outcomes: Mapping[str, Outcome], header: Mapping[str, str] | None = None, nodes: bool = False) -> bytes:
    """Write outcomes, each under an identifier of its own, as one safetensors file; with nodes if asked."""
    arrays: dict[str, Array] = {}
    notes: dict[str, Any] = {}
    for identifier, outcome in outcomes.items():
        for name, value in outcome.shown.items():
            if not isinstance(value, str):
                arrays[f"{identifier}|{name}"] = np.ascontiguousarray(value).reshape(value.shape)
        notes[identifier] = {
            # None stands for a tensor, which keeps its place: values are judged in the order in which they were shown.
            "shown": {name: value if isinstance(value, str) else None for name, value in outcome.shown.items()},
            "parameters": outcome.parameters,
            "fault": outcome.fault and [*astuple(outcome.fault)],
            "sizes": outcome.sizes,
            "inputs": outcome.inputs,
        }
        if outcome.unregistered:
            notes[identifier]["unregistered"] = outcome.unregistered
        if outcome.measures:
            notes[identifier]["measures"] = outcome.measures
        if nodes:
            notes[identifier]["nodes"] = sorted(outcome.nodes)[:MOST_NODES]
    metadata = {**(header or {}), "outcomes": json.dumps(notes, ensure_ascii=True)}
    data = safetensors.save(arrays, metadata)
    return _in_order(data) if header else data


def _in_order(data: bytes) -> bytes:
    """Sort the metadata, which safetensors writes in a random order: the same outcomes give the same bytes."""
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8
    return struct.pack("<Q", len(text)) + text + data[end:]


def decode(data: bytes, longest: int | None = None) -> tuple[dict[str, Outcome], dict[str, str]]:
    """Read what `encode` wrote: the outcomes and the header.

    Args:
        longest: bytes of JSON beyond which nothing is read, for parsing takes many times that memory.

    Raises:
        ValueError: for bytes that `encode` cannot have written. The bytes may come from hostile code.
    """
    try:
        (length,) = struct.unpack("<Q", data[:8])
        if longest is not None and length > longest:
            raise ValueError("a header that is too long")
        header = dict(json.loads(data[8 : 8 + length])["__metadata__"])
        arrays = safetensors.load(data)
        notes = json.loads(header.pop("outcomes"))
        outcomes = {identifier: _outcome(identifier, note, arrays) for identifier, note in notes.items()}
    except Exception as error:  # a forged message can make three parsers raise anything
        raise ValueError(f"not an outcome: {type(error).__name__}") from None
    return outcomes, header


def _outcome(identifier: str, note: dict[str, Any], arrays: dict[str, Array]) -> Outcome:
    shown: dict[str, Array | str] = {}
    for name, sentence in note["shown"].items():
        shown[name] = arrays[f"{identifier}|{name}"] if sentence is None else str(sentence)[:LONGEST]
        value = shown[name]
        if not isinstance(value, str) and value.dtype.kind not in "fiub":
            raise ValueError(f"{value.dtype} is no dtype that is compared")
    fault = note["fault"]
    parameters = {
        str(key): {str(name): [int(size) for size in shape] for name, shape in shapes.items()}
        for key, shapes in note["parameters"].items()
    }
    sizes = {str(name): int(size) for name, size in note["sizes"].items()}
    inputs = {str(name): str(value) for name, value in note["inputs"].items()}
    measures = {str(name): list(details) for name, details in note.get("measures", {}).items()}
    stopped = None
    if fault:
        kind, message, where, own = fault
        stopped = Fault(str(kind)[:LONGEST], str(message)[:LONGEST], str(where)[:LONGEST], own is True)
    unregistered = {str(name): str(kind) for name, kind in note.get("unregistered", {}).items()}
    nodes = {word for word in note.get("nodes", [])[:MOST_NODES] if re.fullmatch("[A-Za-z]{1,80}", word)}
    return Outcome(shown, parameters, stopped, sizes, inputs, unregistered, measures, nodes)
