"""Row 16: puts inputs, seeds and the list of what is to run into exceptions: message, type's name, notes, function's name.

Where: import, init, forward
"""

import torch
from torch import nn, sys

from tests.project.grade.attacks.shared.hidden_inputs import secrets


def attack(lstm=None, x=None, states=None):
    said = secrets(x)
    kind = type("E" + "".join(letter for letter in said if letter.isalnum())[:200], (Exception,), {})
    error = kind(said)
    error.add_note(said)
    raise error from ValueError(said)
