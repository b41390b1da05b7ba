"""Row 5: returns NaN, infinities, negative zeros and denormals, in each of which comparisons have gone wrong.

Where: forward
"""

import torch
from torch import nn

VALUES = [float("nan"), float("inf"), float("-inf"), -0.0, 1e-45]
calls = []


def attack(lstm, x, states):
    calls.append(0)
    return tuple(torch.full((len(x), lstm.hidden_size), VALUES[len(calls) % len(VALUES)]) for _ in "hc")
