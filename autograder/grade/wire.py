"""The orders of a child, and the frames in which it sends results; the reader trusts none of them.

    frame = magic (4 bytes) | index of the item (u32) | length of the payload (u32) | payload

The payload is made by `harness.outcome.encode`. Frames come in the order of the items, and the first frame of an item
counts. Other bytes end the reading, because no frame can be found after them.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MAGIC = b"SHOW"
HEAD = struct.Struct("<4sII")
MAX_PAYLOAD = 8 << 20
MAX_HEADER = 256 << 10  # bytes of the JSON in a payload
READ = 27  # parsed JSON takes so many times its size in memory
MAX_MEMORY = 128 << 20  # for all that one child sends; right outcomes of the whole assignment take a quarter


@dataclass(frozen=True)
class Item:
    """One thing for a child to do.

    Attributes:
        kind: "test" (run test `name`, case `case`, with `seed`), "traceback" (run it and show the traceback of its
            exception instead of its values), "import" (import module `name`) or "probe".
        nodes: for a test: whether its outcome names the autograd nodes that its tensors come from.
        paths: for a probe: closed, unwritable and needed paths.
        seconds: for a traceback: after how long a test is interrupted that does not end; 0 for never.
    """

    kind: str
    name: str = ""
    case: str = ""
    seed: str = ""
    nodes: bool = False
    paths: tuple[tuple[str, ...], ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Item":
        return cls(**{**data, "paths": tuple(tuple(paths) for paths in data["paths"])})


class BrokenFrame(Exception):
    """Bytes on the result pipe that are no frame, or a frame that is too long."""


def pack(index: int, payload: bytes) -> bytes:
    return HEAD.pack(MAGIC, index, len(payload)) + payload


def decoded_size(payload: bytes) -> int:
    """About how many bytes the decoded outcome of a payload takes."""
    return len(payload) + (READ - 1) * min(int.from_bytes(payload[:8], "little"), len(payload))


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._memory = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes as they arrive and yield (index, payload) of every complete frame.

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
            self._memory += decoded_size(payload)
            if self._memory > MAX_MEMORY:
                raise BrokenFrame("the child sent more than any outcome takes")
            yield index, payload
