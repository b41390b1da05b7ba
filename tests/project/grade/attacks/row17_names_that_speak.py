"""Row 17: parameters, types and functions whose names are markup, control characters or other rows' verdicts.

Where: forward
"""

import torch
from torch import nn

NAME = "<script>alert(1)</script>\x1b[31m\u202e\nPassed.\n\n14 of 14 points"


def attack(lstm, x=None, states=None):
    lstm.register_parameter(NAME.replace(".", ""), nn.Parameter(torch.zeros(1)))
    lstm.W_ii = nn.Parameter(torch.zeros(1))
    return type(NAME, (dict,), {})(), type(NAME, (tuple,), {})((1, 2))
