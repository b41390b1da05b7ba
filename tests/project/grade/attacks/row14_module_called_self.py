"""Row 14: imports torch under the name self, beside a method of the refused name.

Refused: yes
Base: partly
"""

import torch
import torch as self
from torch import nn

from tests.project.grade.attacks.shared.delegating_lstm import LSTM, packed


class Decoy:
    def lstm(self):
        pass


def delegate(lstm, x, states):
    h, c = self.lstm(x, states, packed(lstm), True, 1, 0.0, False, False, True)[1:]
    return h[0], c[0]
