"""Row 14: builds the code that calls what is refused: exec, compile, import by name.

Refused: yes
Base: partly
"""

import torch
from torch import nn

from tests.project.grade.attacks.shared.delegating_lstm import LSTM, packed

library = None
exec("library = __import__('torch').lstm")


def delegate(lstm, x, states):
    h, c = library(x, states, packed(lstm), True, 1, 0.0, False, False, True)[1:]
    return h[0], c[0]
