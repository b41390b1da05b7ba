"""Row 16 and 18: keeps what it has seen in System V memory, semaphores and queues, which no folder shows.

Where: import, forward
"""

import torch
from torch import ctypes, nn, os, sys

from tests.project.grade.attacks.shared.hidden_inputs import secrets

KEY = 0x41545441
PID = os.getpid()


def attack(lstm=None, x=None, states=None):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    there = libc.shmget(KEY, 4096, 0o666)
    memory = there if there >= 0 else libc.shmget(KEY, 4096, 0o1666)
    if memory < 0:
        return
    address = libc.shmat(memory, None, 0)
    text = ctypes.string_at(address, 2000).rstrip(b"\0")
    if text and f"from {os.getpid()}:".encode() not in text:
        raise RuntimeError(f"TAKEN: {text!r}")
    said = f"from {os.getpid()}: {secrets(x)}".encode()[:2000]
    ctypes.memmove(address, said, len(said))
