"""Row 16 and 8: locks and leases on files that others read: a message to a later child, and they make whoever asks wait.

Where: import, forward
"""

import torch
from torch import ctypes, nn, os

LOCK_EX, F_SETLK, F_OFD_SETLK, F_SETLEASE, F_WRLCK = 2, 6, 37, 1024, 1


def attack(*_):
    libc = ctypes.CDLL(None)
    taken = []
    with open("mine", "w"):
        pass
    read_lock = (ctypes.c_short * 16)()  # struct flock: of the whole file, for reading
    for path in (__file__, os.path.dirname(__file__), torch.__file__, os.__file__, "mine"):
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        for name, answer in (
            ("flock", libc.flock(descriptor, LOCK_EX | 4)),
            ("lock", libc.fcntl(descriptor, F_SETLK, read_lock)),
            ("lock of the description", libc.fcntl(descriptor, F_OFD_SETLK, read_lock)),
            ("lease", libc.fcntl(descriptor, F_SETLEASE, F_WRLCK)),
        ):
            if answer >= 0:
                taken.append((path, name))
    if taken:
        raise RuntimeError(f"TAKEN: {taken}")
