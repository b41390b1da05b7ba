"""Row 4: reads the command lines of all processes, for secrets in arguments.

Where: import
"""

import torch
from torch import nn, os

WORDS = (b"ASSIGNMENT_SECRET", b"--secret", b"hidden", b"seed")


def attack(*_):
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                line = file.read(4000)
        except OSError:
            continue
        if b"zygote" in line and any(word in line for word in WORDS):
            raise RuntimeError(f"TAKEN: {line!r}")
