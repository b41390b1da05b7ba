"""Row 7: crashes in native code.

Where: import, forward
"""

import torch
from torch import ctypes, nn


def attack(*_):
    ctypes.string_at(0)
