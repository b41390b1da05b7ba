"""What a graded test has shown, and how it is stored and sent: as safetensors, never as pickle."""

import hashlib
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import numpy as safetensors

Array = npt.NDArray[Any]

LONGEST = 1000  # letters of a sentence or of a message that is read
NOT_STARTED = "NotStarted"  # the kind of a fault that a TODO raises


def is_todo(error: BaseException) -> bool:
    """Whether an exception is that of a TODO: NotImplementedError("part.deliverable"). Torch raises others."""
    return isinstance(error, NotImplementedError) and re.fullmatch(r"[a-z_]\w*\.[a-z_]\w*", str(error)) is not None


@dataclass(frozen=True)
class Fault:
    """What stopped a test: the exception's kind and message, and where student code (or the test) stood."""

    kind: str
    message: str
    where: str


@dataclass
class Outcome:
    """One run of one test.

    Attributes:
        shown: name -> a tensor's values, or a sentence about something that is no plain tensor ("a tuple of 2").
        parameters: key of a filled module -> its parameters' names and shapes; explains a failure, decides nothing.
        fault: what stopped the test, or None.
        sizes: name -> a size that was drawn or is an argument of the case, and how much padding sentences have.
        inputs: name -> the digest of a tensor that was handed out.
    """

    shown: dict[str, Array | str] = field(default_factory=dict)
    parameters: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    fault: Fault | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)


def digest(values: Array) -> str:
    """Sixteen digits that tell whether two arrays are the same: shape, dtype and every bit."""
    content = f"{values.dtype.str}{values.shape}".encode() + np.ascontiguousarray(values).tobytes()
    return hashlib.sha256(content).hexdigest()[:16]


def encode(outcomes: Mapping[str, Outcome], header: Mapping[str, str] | None = None) -> bytes:
    """Write outcomes, each under an identifier of its own, as the bytes of one safetensors file."""
    arrays: dict[str, Array] = {}
    notes: dict[str, Any] = {}
    for identifier, outcome in outcomes.items():
        for name, value in outcome.shown.items():
            if not isinstance(value, str):
                arrays[f"{identifier}|{name}"] = np.ascontiguousarray(value).reshape(value.shape)
        notes[identifier] = {
            # None stands for a tensor: the order in which things were shown is the order in which they are judged.
            "shown": {name: value if isinstance(value, str) else None for name, value in outcome.shown.items()},
            "parameters": outcome.parameters,
            "fault": outcome.fault and [outcome.fault.kind, outcome.fault.message, outcome.fault.where],
            "sizes": outcome.sizes,
            "inputs": outcome.inputs,
        }
    metadata = {**(header or {}), "outcomes": json.dumps(notes, ensure_ascii=True)}
    return _in_order(safetensors.save(arrays, metadata))


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
    except Exception as error:  # whatever a forged message provokes in three parsers
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
    inputs = {str(name): str(each) for name, each in note["inputs"].items()}
    stopped = Fault(*(str(words)[:LONGEST] for words in fault)) if fault else None
    return Outcome(shown, parameters, stopped, sizes, inputs)
