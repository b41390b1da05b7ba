"""Row 16 and 18: a System V queue and semaphore and a POSIX queue and semaphore outlive the process that made them.

Where: import, forward
"""

import torch
from torch import ctypes, nn, os

KEY = 0x41545442


def attack(*_):
    libc = ctypes.CDLL(None, use_errno=True)
    taken = []
    for name, call in (("msgget", (KEY, 0o666)), ("semget", (KEY, 1, 0o666))):
        if getattr(libc, name)(*call) >= 0:
            taken.append(f"{name}: an earlier process's")
        getattr(libc, name)(*call[:-1], 0o1666)
    if libc.mq_open(b"/attack", os.O_RDWR) >= 0:
        taken.append("mq_open")
    libc.mq_open(b"/attack", os.O_RDWR | os.O_CREAT, 0o666, None)
    if taken and os.getpid() != getattr(nn, "made_by", os.getpid()):
        raise RuntimeError(f"TAKEN: {taken}")
    if taken and not hasattr(nn, "made_by"):
        raise RuntimeError(f"TAKEN: {taken}")
    nn.made_by = os.getpid()
