"""Row 11 and 4: makes itself traceable, leaves the zygote's fate, adopts processes, filters calls: prctl's options.

Where: import, forward
"""

import torch
from torch import ctypes, nn

OPTIONS = {
    "PR_SET_PDEATHSIG": (1, 0), "PR_SET_DUMPABLE": (4, 1), "PR_SET_KEEPCAPS": (8, 1), "PR_SET_SECCOMP": (22, 1),
    "PR_SET_TIMERSLACK": (29, 1), "PR_SET_CHILD_SUBREAPER": (36, 1), "PR_SET_PTRACER": (0x59616D61, -1),
}  # fmt: skip


def attack(*_):
    libc = ctypes.CDLL(None)
    taken = [name for name, (option, value) in OPTIONS.items() if libc.prctl(option, value, 0, 0, 0) >= 0]
    if taken:
        raise RuntimeError(f"TAKEN: {', '.join(taken)}")
