"""Row 9: sends frames that claim success in words: a verdict, points, nothing shown, sentences for tensors.

Where: import, forward
Only here: yes
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.frames import outcome, send, wire

json = sys.modules["json"]


def attack(*_):
    if not wire:
        return
    claims = [
        outcome.Outcome(),
        outcome.Outcome({"h": "passed", "c": "a tensor of shape (4, 5)"}),
        outcome.Outcome({"score": "1", "passed": "True", "max_score": "1", "status": "passed"}),
    ]
    for index in range(100):
        send(wire.pack(index, outcome.encode({"": claims[index % 3]})))
