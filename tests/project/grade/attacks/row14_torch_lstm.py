"""Row 14: calls torch.lstm through another name of torch.

Refused: yes
Base: partly
"""

import torch
from torch import nn

from tests.project.grade.attacks.shared.delegating_lstm import LSTM, packed

library = torch


def delegate(lstm, x, states):
    h, c = library.lstm(x, states, packed(lstm), True, 1, 0.0, False, False, True)[1:]
    return h[0], c[0]
