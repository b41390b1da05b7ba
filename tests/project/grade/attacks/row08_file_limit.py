"""Row 8: writes one file beyond any limit, in the hope that the signal for that (SIGXFSZ) ends more than itself.

Where: forward
"""

import torch
from torch import nn


def attack(*_):
    with open("large", "wb") as file:
        for _ in range(10_000):
            file.write(bytes(1 << 20))
