"""What a child is told to do, and how its results travel: frames on a pipe, whose reader believes none of them.

    frame = magic (4 bytes) | index of the item (u32) | length of the payload (u32) | payload

The payload is what `harness.outcome.encode` writes. Frames come in the order of the items; the first one of an
item counts. Anything else ends the reading, for a pipe cannot be read on after bytes that make no frame.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

MAGIC = b"SHOW"
HEAD = struct.Struct("<4sII")
MAX_PAYLOAD = 8 << 20
MAX_HEADER = 256 << 10  # of the JSON in a payload
READ = 27  # times its size is what the JSON takes in memory when it is read
MAX_MEMORY = 128 << 20  # for all that one child sends; right outcomes of the whole assignment take a quarter


@dataclass(frozen=True)
class Item:
    """One thing for a child to do.

    Attributes:
        what: "test" (run test `name`, case `case`, with `seed`), "import" (import module `name`) or "probe".
        paths: for a probe: closed, unwritable and needed paths.
    """

    what: str
    name: str = ""
    case: str = ""
    seed: str = ""
    paths: tuple[tuple[str, ...], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Item":
        return cls(**{**data, "paths": tuple(tuple(paths) for paths in data["paths"])})


class BrokenFrame(Exception):
    """Bytes on the result pipe that are no frame, or one that is too long."""


def pack(index: int, payload: bytes) -> bytes:
    return HEAD.pack(MAGIC, index, len(payload)) + payload


def memory(payload: bytes) -> int:
    """About how many bytes the outcome in a payload takes when it is read."""
    return len(payload) + (READ - 1) * min(int.from_bytes(payload[:8], "little"), len(payload))


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._memory = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes as they arrive and yield the (index, payload) of every frame that is complete.

        Raises:
            BrokenFrame: for bytes that cannot begin a frame, for an over-long one before it is stored, and for more
                frames than one child can need.
        """
        self._buffer += data
        while len(self._buffer) >= HEAD.size:
            magic, index, length = HEAD.unpack_from(self._buffer)
            if magic != MAGIC or length > MAX_PAYLOAD:
                raise BrokenFrame("the child wrote bytes that are no result")
            if len(self._buffer) < HEAD.size + length:
                return
            payload = bytes(self._buffer[HEAD.size : HEAD.size + length])
            del self._buffer[: HEAD.size + length]
            self._memory += memory(payload)
            if self._memory > MAX_MEMORY:
                raise BrokenFrame("the child sent more than any outcome takes")
            yield index, payload
