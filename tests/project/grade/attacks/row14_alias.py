"""Row 14: imports what is refused under another name.

Refused: yes
Base: partly
"""

import torch
from torch import lstm as matrix_product
from torch import nn

from tests.project.grade.attacks.shared.delegating_lstm import LSTM, packed


def delegate(lstm, x, states):
    h, c = matrix_product(x, states, packed(lstm), True, 1, 0.0, False, False, True)[1:]
    return h[0], c[0]
