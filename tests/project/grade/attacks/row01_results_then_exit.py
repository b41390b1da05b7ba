"""Row 1: writes results.json itself and ends the process before the grader can.

Where: import, init, forward
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.forged_results import write


def attack(*_):
    write()
    os._exit(0)
