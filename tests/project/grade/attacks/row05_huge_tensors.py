"""Row 5: returns tensors of 10^12 elements that take no memory, and large ones that do.

Where: forward
"""

import torch
from torch import nn


def attack(lstm, x, states):
    if states is None:
        return torch.zeros(1).expand(10**12), torch.zeros(1, 1).expand(10**6, 10**6)
    return torch.zeros(1, 30_000_000), torch.zeros(999_999)
