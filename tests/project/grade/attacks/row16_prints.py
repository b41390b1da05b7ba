"""Row 16: prints inputs, seeds and the list of what is to run, as output, warning and log.

Where: import, forward
"""

import torch
from torch import nn, os, sys

from tests.project.grade.attacks.shared.hidden_inputs import secrets

warnings = sys.modules["warnings"]


def attack(lstm=None, x=None, states=None):
    said = secrets(x)
    print(said)
    warnings.simplefilter("always")
    warnings.warn(said, stacklevel=1)
    sys.stderr.write(said)
    os.write(2, said.encode())
