"""Row 1: a detached grandchild waits until the grader is done and writes results.json then.

Where: import, forward
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.forged_results import places, write

time = sys.modules["time"]


def attack(*_):
    known = places()
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for _ in range(60):
        time.sleep(0.25)
        write(known)
    os._exit(0)
