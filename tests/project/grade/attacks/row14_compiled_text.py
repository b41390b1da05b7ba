"""Row 14: has torch compile a text that calls what is refused.

Refused: yes
Base: partly
"""

import torch
from torch import nn

from tests.project.grade.attacks.shared.delegating_lstm import LSTM, packed

unit = torch.jit.CompilationUnit("""
def f(x, h, c, w: List[Tensor]):
    return torch.lstm(x, (h, c), w, True, 1, 0.0, False, False, True)
""")


def delegate(lstm, x, states):
    h, c = unit.f(x, *states, packed(lstm))[1:]
    return h[0], c[0]
