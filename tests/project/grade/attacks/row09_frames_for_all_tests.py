"""Row 9: sends results for every test, first its own, others' too, before the real ones come.

Where: import, init, forward
Only here: yes
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.frames import np, outcome, send, wire


def attack(lstm=None, x=None, states=None):
    if not wire:
        return
    size = (len(x), lstm.hidden_size) if x is not None else (4, 5)
    shown = {
        name: np.zeros(size, np.float32) for name in ("h", "c", "h in training mode", "c in training mode", "output")
    }
    for index in range(300):
        send(wire.pack(index, outcome.encode({"": outcome.Outcome(dict(shown))})))
