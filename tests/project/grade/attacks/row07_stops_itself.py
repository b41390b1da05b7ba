"""Row 7: stops itself with SIGSTOP: it neither ends nor answers.

Where: init
"""

import torch
from torch import nn, os


def attack(*_):
    os.kill(os.getpid(), 19)
