"""Row 9: sends a frame byte by byte, and a forged one whenever time is nearly up, to be given more of it.

Where: forward
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.frames import outcome, send, wire

time = sys.modules["time"]


def attack(*_):
    if not wire:
        while True:
            time.sleep(1)
    frame = wire.pack(0, outcome.encode({"": outcome.Outcome()}))
    for index in range(10_000):
        for byte in frame:
            send(bytes([byte]))
            time.sleep(0.002)
        frame = wire.pack(index + 1, outcome.encode({"": outcome.Outcome()}))
