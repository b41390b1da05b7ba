"""Row 7: sleeps, longer than any limit.

Where: import
"""

import torch
from torch import nn, sys


def attack(*_):
    sys.modules["time"].sleep(10_000)
