"""Row 1: leaves the writing to the interpreter's end, and to the ends of os and sys, when the grader has written.

Where: import
"""

import torch
from torch import importlib, nn, os, sys

from tests.project.grade.attacks.shared.forged_results import places, write


def attack(*_):
    known = places()
    importlib.import_module("atexit").register(write, known)
    leave = os._exit
    os._exit = lambda status: (write(known), leave(0))
    sys.exit = lambda status=None: (write(known), leave(0))
