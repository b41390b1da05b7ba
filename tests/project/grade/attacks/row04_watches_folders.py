"""Row 4 and 18: has the kernel tell of every file that others make or read in shared folders, and signal it to others.

Where: import, forward
"""

import torch
from torch import ctypes, nn, os

F_SETOWN, F_SETSIG, F_NOTIFY, FIOASYNC = 8, 10, 1026, 0x5452


def attack(*_):
    libc = ctypes.CDLL(None)
    taken = []
    on = ctypes.c_int(1)
    for path in (os.path.dirname(__file__), os.path.dirname(torch.__file__), "/usr/lib", "/tmp", "/", "."):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        for name, answer in (
            ("watch", libc.fcntl(descriptor, F_NOTIFY, 0x8000003F)),
            ("owner", libc.fcntl(descriptor, F_SETOWN, os.getppid())),
            ("signal", libc.fcntl(descriptor, F_SETSIG, 10)),
            ("signals of the output", libc.ioctl(1, FIOASYNC, ctypes.byref(on))),
        ):
            if answer >= 0:
                taken.append((path, name))
    if taken:
        raise RuntimeError(f"TAKEN: {taken}")
