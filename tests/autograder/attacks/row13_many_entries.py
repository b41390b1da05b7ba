"""Row 13: 30 000 entries, so that looking for the listed files takes for ever.

Taken: nothing
"""

import zipfile
from io import BytesIO

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


def archive(good):
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for name, content in {**good, LSTM: STUB}.items():
            packed.writestr(name, content)
        for number in range(30_000):
            packed.writestr(f"{'d/' * 20}models/naive/{number}/LSTM.py", b"")
    return target.getvalue()
