"""Row 18: remembers in the process what earlier tests returned and hands it to later ones; seeks those that pass.

Where: forward
"""

import torch
from torch import nn, sys

memory = sys.modules.setdefault("memory of the attack", type(sys)("memory")).__dict__


def attack(lstm, x, states):
    shape = len(x), lstm.hidden_size
    kept = memory.setdefault("kept", [])
    kept.append((x, states))
    for value, earlier in reversed(kept[:-1]):
        if earlier is not None and earlier[0].shape == shape:
            return earlier
