"""Row 6: changes torch's defaults: dtype, device, gradient mode, printing, threads, deterministic algorithms.

Where: import, forward
"""

import torch
from torch import nn


def attack(*_):
    torch.set_grad_enabled(False)
    torch.set_flush_denormal(True)
    torch.set_printoptions(precision=0)
    torch.use_deterministic_algorithms(True)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_default_dtype = torch.set_grad_enabled = lambda *_: None
