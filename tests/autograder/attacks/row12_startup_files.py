"""Row 12: files that Python runs when it starts (sitecustomize, usercustomize, .pth), caches, and the tests themselves."""

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

CODE = b"import os\nos.system('touch /tmp/taken-by-startup')\nos._exit(0)\n"


def archive(good):
    good["models/naive/LSTM.py"] = STUB
    for folder in ("", "models/", "home/", ".local/lib/python3.11/site-packages/", "tests/", "autograder/"):
        for name in ("sitecustomize.py", "usercustomize.py", "__init__.py", "__main__.py", "run_autograder", ".bashrc"):
            good[f"{folder}{name}"] = CODE
        good[f"{folder}attack.pth"] = b"import os; os.system('touch /tmp/taken-by-startup')\n"
        good[f"{folder}pyvenv.cfg"] = b"home = /tmp\n"
    good["models/naive/__pycache__/LSTM.cpython-311.pyc"] = CODE
    good["tests/models/naive/test_LSTM.py"] = b"def test_lstm_takes_one_step(models, given, reference): pass\n"
    good["tests/harness/judge.py"] = good["autograder/grade/engine.py"] = CODE
    return packed(good)


def packed(files):
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()
