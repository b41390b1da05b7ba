"""Row 14: calls the operator through torch.ops, by a computed name.

Base: partly
Left open: names are found in the parsed source, and a name may be computed
"""

import torch
from torch import nn

from tests.project.grade.attacks.shared.delegating_lstm import LSTM, packed


def delegate(lstm, x, states):
    h, c = getattr(torch.ops.aten, "".join(("ls", "tm"))).input(
        x, states, packed(lstm), True, 1, 0.0, False, False, True
    )[1:]
    return h[0], c[0]
