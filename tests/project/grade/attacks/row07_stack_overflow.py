"""Row 7: overflows the C stack, past the interpreter's own check.

Where: forward
"""

import torch
from torch import nn, sys


def attack(*_):
    sys.setrecursionlimit(10**9)

    class Deep:
        def __getattr__(self, name):
            return getattr(self, name + "x")

    repr(Deep().a)
