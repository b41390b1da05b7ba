"""Row 12: the archive holds modules with the names of those that a grader imports; each would make everything right."""

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

SHADOW = b"""
raise SystemExit("TAKEN: a module of the submission was imported by the grader")
"""
NAMES = (
    "numpy",
    "torch",
    "safetensors",
    "json",
    "os",
    "random",
    "unittest",
    "pytest",
    "gradescope_utils",
    "socket",
    "struct",
)


def archive(good):
    good["models/naive/LSTM.py"] = STUB
    for name in NAMES:
        for folder in ("", "models/", "models/naive/", "tests/", "../"):
            good[f"{folder}{name}.py"] = SHADOW
            good[f"{folder}{name}/__init__.py"] = SHADOW
    return packed(good)


def packed(files):
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()
