"""Row 19: changes files that the next submission uses: the handout's tree, the tests, torch, the interpreter, caches.

Where: import
"""

import torch
from torch import nn, os, sys


def attack(*_):
    folders = [
        os.path.dirname(os.path.realpath(__file__)),
        *sys.path,
        os.path.dirname(torch.__file__),
        os.path.dirname(os.__file__),
    ]
    folders += [
        "/etc",
        "/usr/local/lib",
        "/usr/local/bin",
        "/var/spool/cron",
        "/etc/cron.d",
        "/autograder",
        "/autograder/source",
    ]
    changed = []
    for folder in dict.fromkeys(folders):
        for name in (
            "__init__.py",
            "LSTM.py",
            "RNN.py",
            "sitecustomize.py",
            "attack",
            "__pycache__/LSTM.cpython-311.pyc",
        ):
            try:
                with open(os.path.join(folder, name), "ab"):
                    changed.append(os.path.join(folder, name))
            except OSError:
                continue
    if changed:
        raise RuntimeError(f"TAKEN: {changed}")
