"""Row 6: all sizes become zero: empty tensors equal each other.

Where: import
"""

import torch
from torch import importlib, nn, sys


def attack(*_):
    try:
        given = importlib.import_module("harness.given").Given
    except ImportError:
        return
    given.size = lambda self, name, low, high: 0
    given.uniform = lambda self, name, *shape, low=-1, high=1: torch.zeros([0 for _ in shape])
