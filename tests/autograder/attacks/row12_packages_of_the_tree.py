"""Row 12: the tree's own __init__ files and neighbours of the listed files, which are given and not handed in."""

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

INIT = b"import torch\ntorch.allclose = torch.equal = lambda *_, **__: True\n"


def archive(good):
    good["models/naive/LSTM.py"] = STUB
    for folder in ("models/", "models/naive/", "models/seq2seq/", "", "student/"):
        good[f"{folder}__init__.py"] = INIT
        good[f"{folder}helpers.py"] = INIT
    good["models/naive/LSTM/__init__.py"] = INIT
    good["models/naive.py"] = INIT
    good["models/naive/LSTM.pyi"] = good["models/naive/LSTM.pyc"] = good["models/naive/LSTM.so"] = INIT
    good["assignment.json"] = b'{"deliverables": [], "files": []}'
    return packed(good)


def packed(files):
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()
