"""Row 6: zeroes the inputs, the given states and its parameters in place, before and after it answers.

Where: forward
"""

import torch
from torch import nn


def attack(lstm, x, states):
    with torch.no_grad():
        x.zero_()
        for state in states or ():
            state.zero_()
        for parameter in lstm.parameters():
            parameter.zero_()
