"""Row 7: returns values that never end when they are unpacked, or change their length.

Where: forward
"""

import torch
from torch import nn


class Endless(tuple):
    def __iter__(self):
        while True:
            pass

    def __len__(self):
        return 2


def attack(*_):
    return Endless((torch.zeros(1), torch.zeros(1)))
