"""Row 9: lets its own result follow by a second and a hundredth, out of order, then closes the channel.

Where: forward
Only here: yes
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.frames import np, outcome, send, wire


def attack(lstm, x, states):
    if not wire:
        return
    wrong = outcome.encode({"": outcome.Outcome({"h": np.zeros((len(x), lstm.hidden_size), np.float32)})})
    for index in [*range(99, -1, -1), *range(100)]:
        send(wire.pack(index, wrong))
        send(wire.pack(2**32 - 1, wrong))
    os.close(3)
