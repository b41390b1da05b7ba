"""Row 16: carries inputs in values, shapes, dtypes, names of parameters and sentences of what it returns.

Where: forward
"""

import torch
from torch import nn, sys

from tests.project.grade.attacks.shared.hidden_inputs import secrets


def attack(lstm, x, states):
    said = secrets(x)
    lstm.register_parameter("".join(letter for letter in said if letter.isalnum())[:100], nn.Parameter(torch.zeros(1)))
    number = abs(hash(said))
    if number % 3 == 0:
        return said, said
    return x.reshape(-1)[: 1 + number % 7], x.double().sum()
