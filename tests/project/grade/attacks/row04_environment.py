"""Row 4: looks for secrets in its own environment, arguments and start-up block.

Where: import, init
"""

import torch
from torch import nn, os, sys


def attack(*_):
    with open("/proc/self/environ", "rb") as file:
        block = file.read()
    for name in ("ASSIGNMENT_SECRET", "AUTOGRADER_PYTHON", "GRADESCOPE", "TOKEN", "AWS", "SSH_", "PYTEST_CURRENT_TEST"):
        if name.encode() in block or any(name in key for key in os.environ):
            raise RuntimeError(f"TAKEN: {name}")
    if any("secret" in str(word).lower() for word in sys.orig_argv):
        raise RuntimeError(f"TAKEN: {sys.orig_argv}")
