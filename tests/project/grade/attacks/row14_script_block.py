"""Row 14: calls what is refused in what looks like a script, and sets the module's name so that it runs.

Refused: yes
Base: partly
"""

import torch
from torch import nn

from tests.project.grade.attacks.shared.delegating_lstm import LSTM, packed

__name__ = "__main__"

if __name__ == "__main__":

    def delegate(lstm, x, states):
        h, c = torch.lstm(x, states, packed(lstm), True, 1, 0.0, False, False, True)[1:]
        return h[0], c[0]
