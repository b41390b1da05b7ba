"""Row 8: a class hierarchy and an expression of great depth, for whoever prints, copies or compares the result.

Where: forward
"""

import torch
from torch import nn


def attack(*_):
    nested = ()
    for _ in range(10**6):
        nested = (nested,)
    return nested, [nested] * 8
