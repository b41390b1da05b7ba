"""Row 9: well-formed frames with NaN, infinities, negative zeros, denormals, integers for floats, empty and scalar tensors.

Where: forward
Only here: yes
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.frames import np, outcome, send, wire

calls = []


def attack(lstm, x, states):
    if not wire:
        return
    size = len(x), lstm.hidden_size
    odd = [
        np.full(size, np.nan, np.float32), np.full(size, np.inf, np.float32), np.full(size, -0.0, np.float32),
        np.full(size, 1e-45, np.float32), np.zeros(size, np.int64), np.zeros(size, np.float64), np.zeros(size, bool),
        np.zeros((0,), np.float32), np.zeros((), np.float32), np.zeros((*size, 0), np.float32), np.zeros(size, np.uint8),
    ]  # fmt: skip
    calls.append(0)
    for index in range(60):
        value = odd[(index + len(calls)) % len(odd)]
        names = ("h", "c", "h in training mode", "c in training mode", "filled", "output", "hidden")
        send(wire.pack(index, outcome.encode({"": outcome.Outcome(dict.fromkeys(names, value))})))
