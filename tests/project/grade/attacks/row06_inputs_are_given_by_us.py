"""Row 6: the harness's inputs are made zero, and all sizes one, so that the right answer is zero.

Where: import, init
"""

import torch
from torch import importlib, nn, sys


def attack(*_):
    try:
        given = importlib.import_module("harness.given").Given
    except ImportError:
        return
    given.uniform = lambda self, name, *shape, low=-1, high=1: torch.zeros(shape)
    given.size = lambda self, name, low, high: 1
    given.parameters = lambda self, module, *_, **__: module.eval()
    given._fill = lambda self, name, shape: torch.zeros(shape)
