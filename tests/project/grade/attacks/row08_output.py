"""Row 8: prints and writes to standard error hundreds of megabytes, by python and past it.

Where: import, forward
"""

import torch
from torch import nn, os, sys


def attack(*_):
    line = "x" * (1 << 20)
    for _ in range(100):
        sys.stdout.write(line)
        sys.stderr.write(line)
        os.write(1, line.encode())
