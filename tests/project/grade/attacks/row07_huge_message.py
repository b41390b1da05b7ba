"""Row 7: raises an exception with a text of a hundred megabytes in one line, and one with a million lines.

Where: import, forward
"""

import torch
from torch import nn


def attack(lstm=None, x=None, states=None):
    raise ValueError("x" * 10**8 if states is None else "line\n" * 10**6)
