"""Row 5: returns integers, booleans, doubles, numpy arrays, lists, and tensors that broadcast to any shape.

Where: forward
"""

import torch
from torch import nn, sys

np = sys.modules["numpy"]
calls = []


def attack(lstm, x, states):
    shape = len(x), lstm.hidden_size
    values = [
        torch.zeros(shape, dtype=torch.int64), torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.double),
        np.zeros(shape, np.float32), [[0.0] * shape[1]] * shape[0], torch.zeros(()), torch.zeros(0), torch.zeros(1, 1), 0.0,
    ]  # fmt: skip
    calls.append(0)
    return (values[len(calls) % len(values)],) * 2
