"""Row 13: a source made to stop the parser: 60 000 brackets that nobody closes.

Refused: yes
"""

STUB = b"""
import torch
from torch import nn


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size

    def init_parameters(self):
        pass

    def forward(self, x, states=None):
        return torch.zeros(len(x), self.hidden_size), torch.zeros(len(x), self.hidden_size)
"""
LSTM = "models/naive/LSTM.py"


def files(good):
    return {
        **good,
        LSTM: STUB + b"\nx = " + b"(" * 60_000,
    }
