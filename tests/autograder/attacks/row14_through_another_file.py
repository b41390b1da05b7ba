"""Row 14: lets another of the listed files, whose deliverable refuses nothing of the kind, do it.

Base: partly
Refused: yes
"""

CODE = b'''
import torch
from torch import nn

from models.seq2seq.Encoder import walk as delegate


def packed(lstm):
    """Weights and biases in the order and layout of torch's own layer: gates i, f, g, o; transposed."""
    sides = [torch.cat([getattr(lstm, f"W_{side}{gate}").T for gate in "ifgo"]) for side in "ih"]
    return [*sides, *[torch.cat([getattr(lstm, f"b_{side}{gate}") for gate in "ifgo"]) for side in "ih"]]


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        for gate in "ifgo":
            for side, size in (("i", input_size), ("h", hidden_size)):
                setattr(self, f"W_{side}{gate}", nn.Parameter(torch.empty(size, hidden_size)))
                setattr(self, f"b_{side}{gate}", nn.Parameter(torch.empty(hidden_size)))
        self.init_parameters()

    def init_parameters(self):
        pass

    def forward(self, x, states=None):
        zeros = torch.zeros(len(x), self.hidden_size)
        states = (zeros, zeros) if states is None else states
        return delegate(self, x, [state.unsqueeze(0) for state in states])
'''
HELPER = b"""

def walk(lstm, x, states):
    from models.naive.LSTM import packed

    h, c = torch.lstm(x, states, packed(lstm), True, 1, 0.0, False, False, True)[1:]
    return h[0], c[0]
"""
ENCODER = "models/seq2seq/Encoder.py"


def files(good):
    return {**good, "models/naive/LSTM.py": CODE, ENCODER: good[ENCODER] + HELPER}
