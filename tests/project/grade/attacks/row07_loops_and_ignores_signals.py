"""Row 7: loops for ever with all signals blocked, ignored or handled, the CPU limit's too.

Where: forward
"""

import torch
from torch import nn, sys


def attack(*_):
    signal = sys.modules["signal"]
    for number in range(1, 65):
        try:
            signal.signal(number, lambda *_: None)
        except (OSError, ValueError):
            continue
    signal.pthread_sigmask(0, range(1, 65))
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
