"""Row 14: calls a private operator of the refused family.

Refused: yes
Base: partly
"""

import torch
from torch import nn

from tests.project.grade.attacks.shared.delegating_lstm import LSTM, packed


def delegate(lstm, x, states):
    h, c = states
    steps = x.transpose(0, 1).contiguous()
    weights = packed(lstm)
    sizes = [], 2, h.size(2), 1, True, False, False, True
    h, c = torch.mkldnn_rnn_layer(steps, *weights, h[0], c[0], False, *sizes)[1:3]
    return h.reshape(len(x), -1), c.reshape(len(x), -1)
