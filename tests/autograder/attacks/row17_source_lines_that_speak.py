"""Row 17: a source whose names and lines, quoted by the preflight or a traceback, are markup and control characters.

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
    return {**good, LSTM: "import evil\x1b[31m<script>\n\u202e = '<img src=x onerror=alert(1)>\x07\x9b'\n\x00".encode()}
