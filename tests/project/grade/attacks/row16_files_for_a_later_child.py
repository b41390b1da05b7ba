"""Row 16 and 18: writes what it has seen into files and raises what an earlier process has left there.

Where: import, forward
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.hidden_inputs import secrets

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
