"""Row 7: sends itself SIGKILL.

Where: import, forward
"""

import torch
from torch import nn, os


def attack(*_):
    os.kill(os.getpid(), 9)
