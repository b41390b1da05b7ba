"""Row 7: sys.exit(0), which test runners take for an end in order.

Where: import, forward
"""

import torch
from torch import nn, sys


def attack(*_):
    sys.exit(0)
