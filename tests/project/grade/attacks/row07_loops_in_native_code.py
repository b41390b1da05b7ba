"""Row 7: stays in one call of C that holds the interpreter's lock: a power with millions of digits.

Where: init
"""

import torch
from torch import nn


def attack(*_):
    str(7 ** (7**10))
