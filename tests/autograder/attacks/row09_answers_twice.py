"""Row 9: lets its own result follow by a second and a hundredth, out of order, then closes the channel.

Where: forward
Only here: yes
"""

import torch
from torch import nn, os, sys

wire, outcome = (sys.modules.get(name) for name in ("autograder.grade.wire", "tests.harness.outcome"))
np = sys.modules["numpy"]


def send(data):
    try:
        while data:
            data = data[os.write(3, data) :]
    except OSError:
        pass


def attack(lstm, x, states):
    if not wire:
        return
    wrong = outcome.encode({"": outcome.Outcome({"h": np.zeros((len(x), lstm.hidden_size), np.float32)})})
    for index in [*range(99, -1, -1), *range(100)]:
        send(wire.pack(index, wrong))
        send(wire.pack(2**32 - 1, wrong))
    os.close(3)
