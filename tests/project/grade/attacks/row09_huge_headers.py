"""Row 9: frames whose sizes lie: 4 GiB announced, a header of 2^63 bytes, numbers of 100 000 digits, deep nesting.

Where: import, forward
Only here: yes
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.frames import send, wire

struct = sys.modules["struct"]
calls = []


def attack(*_):
    if not wire:
        return
    bodies = [
        struct.pack("<Q", 1 << 63) + b"{}",
        struct.pack("<Q", 100_020) + b'{"__metadata__":' + b"9" * 100_004,
        struct.pack("<Q", 200_000) + b"[" * 200_000,
        struct.pack("<Q", 90)
        + b'{"a":{"dtype":"F32","shape":[9999999999,9999999999],"data_offsets":[0,4]}}'.ljust(90)
        + bytes(4),
        struct.pack("<Q", 60) + b'{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'.ljust(60) + bytes(4),
        b"",
    ]
    for index, body in enumerate(bodies * 3):
        send(wire.pack(index, body))
    calls.append(0)
    if len(calls) % 2:
        send(wire.HEAD.pack(b"SHOW", 0, 0xFFFFFFFF))
