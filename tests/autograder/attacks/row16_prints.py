"""Row 16: prints inputs, seeds and the list of what is to run, as output, warning and log.

Where: import, forward
"""

import torch
from torch import nn, os, sys

warnings = sys.modules["warnings"]


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
    print(said)
    warnings.simplefilter("always")
    warnings.warn(said, stacklevel=1)
    sys.stderr.write(said)
    os.write(2, said.encode())
