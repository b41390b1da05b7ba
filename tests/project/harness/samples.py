"""Values that the tests of several modules of the harness use."""

import numpy as np
import torch
from torch import nn

from harness.graded import Case, GradedTest
from harness.marks import Tolerance
from harness.outcome import Fault, Outcome

TEST = "models/naive/test_LSTM.py::test_a"


def array(*values, dtype="float32"):
    return np.array(values, dtype=dtype)


def same(one: Outcome, other: Outcome) -> bool:
    """Whether two outcomes are equal, their arrays byte for byte."""

    def plain(outcome):
        return [
            (name, value if isinstance(value, str) else (value.dtype.str, value.shape, value.tobytes()))
            for name, value in outcome.shown.items()
        ]

    notes = [(outcome.parameters, outcome.fault, outcome.sizes, outcome.inputs) for outcome in (one, other)]
    return plain(one) == plain(other) and notes[0] == notes[1]


FAULT = Fault("TypeError", "'NoneType' object is not iterable", "models/naive/LSTM.py:57, in forward")


class Unregistered(nn.Module):
    """Has one parameter, seven attributes that its module does not know, and a layer that it knows twice."""

    def __init__(self):
        super().__init__()
        self.W, self.V = torch.ones(2, 3), torch.ones(3)
        self.keys = [nn.Linear(2, 2), nn.Linear(2, 2)]
        self.norm = (nn.LayerNorm(2),)
        self.final = nn.Linear
        self.gates = {"i": nn.Parameter(torch.ones(1))}
        self.register_buffer("scale", torch.ones(1))
        self.bias = nn.Parameter(torch.ones(1))
        self.queries = nn.ModuleList([nn.Linear(2, 2)] * 2)


UNREGISTERED = {
    "W": "tensor", "V": "tensor", "keys": "list of layers", "norm": "tuple", "final": "class",
    "gates": "dict of tensors", "scale": "buffer", "queries.1": "shared",
}  # fmt: skip
GRADED = GradedTest("models/a.py", "test_a", "", "1.1.1", 1, Tolerance(), (), False, None, (), (Case("", {}),))


def stop(error):
    """Raise an error, where an expression is needed."""
    raise error
