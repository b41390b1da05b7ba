"""What an attack would carry out of a hidden run."""

from torch import sys


def secrets(x=None):
    """What only a hidden run knows: the inputs' values, the seed, what waits to be run."""
    known = [] if x is None else [repr(value) for value in x.flatten()[:6].tolist()]
    frame = sys._getframe()
    while frame:
        for name, value in frame.f_locals.items():
            if name in ("seed", "item", "items", "message", "fixtures") or type(value).__name__ == "Given":
                known.append(f"{name}={getattr(value, '_seed', value)!r}"[:400])
        frame = frame.f_back
    return " ".join(known)
