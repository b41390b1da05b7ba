"""Row 11: makes system calls by number, past python: sockets, io_uring, memfd, keys, bpf, user namespaces, mounts.

Where: import
"""

import torch
from torch import ctypes, nn, os

NUMBERS = {  # x86_64
    "socket": (41, (2, 1, 0)), "socketpair": (53, (1, 1, 0, None)), "io_uring_setup": (425, (1, None)),
    "memfd_create": (319, (b"x", 0)), "add_key": (248, (b"user", b"attack", b"x", 1, -3)), "bpf": (321, (0, None, 0)),
    "unshare": (272, (0x10000000,)), "mount": (165, (b"x", b"/tmp", b"tmpfs", 0, None)),
    "perf_event_open": (298, (None, 0, -1, -1, 0)), "userfaultfd": (323, (0,)), "personality": (135, (0x0040000,)),
}  # fmt: skip


def attack(*_):
    if os.uname().machine != "x86_64":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    pair = (ctypes.c_int * 2)()
    taken = []
    for name, (number, arguments) in NUMBERS.items():
        words = [pair if name == "socketpair" and word is None else word for word in arguments]
        buffer = ctypes.create_string_buffer(256)
        words = [buffer if word is None and name != "mount" else word for word in words]
        if libc.syscall(number, *words) >= 0:
            taken.append(name)
    if taken:
        raise RuntimeError(f"TAKEN: {', '.join(taken)}")
