"""Row 11: opens TCP, UDP, Unix and netlink sockets, and a pair; listens and talks to itself.

Where: import, forward
"""

import torch
from torch import nn, sys

socket = sys.modules["socket"]


def attack(*_):
    opened = []
    for family, kind in ((2, 1), (2, 2), (10, 1), (1, 1), (1, 2), (16, 3), (17, 3)):
        try:
            opened.append((family, kind, socket.socket(family, kind)))
        except OSError:
            continue
    if opened:
        raise RuntimeError(f"TAKEN: sockets {[(family, kind) for family, kind, _ in opened]}")
