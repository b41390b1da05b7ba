"""Row 16 and 18: writes what it has seen into files and raises what an earlier process has left there.

Where: import, forward
"""

import torch
from torch import nn, os, sys

FOLDERS = [
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/dev/mqueue",
    "/run/lock",
    "/run",
    "/var/crash",
    os.path.dirname(__file__),
    ".",
]
PLACES = [os.path.join(folder, "left-by-an-attack") for folder in FOLDERS]


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


def leave(said):
    """Write where a later process might look."""
    for path in PLACES:
        try:
            with open(path, "a") as file:
                file.write(said + chr(10))
        except OSError:
            continue


def find():
    for path in PLACES:
        try:
            with open(path) as file:
                yield file.read()[-1500:]
        except OSError:
            continue


def attack(lstm=None, x=None, states=None):
    earlier = [text for text in find() if f"from {os.getpid()}:" not in text]
    if earlier:
        raise RuntimeError(f"TAKEN: {earlier}")
    leave(f"from {os.getpid()}: {secrets(x)}")
