"""Row 7: ends the process with success: os._exit(0).

Where: import, forward
"""

import torch
from torch import nn, os


def attack(*_):
    os._exit(0)
