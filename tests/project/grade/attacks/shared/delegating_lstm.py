"""An LSTM with the right parameters that leaves the work to a function `delegate` of the attack's own."""

import torch
from torch import nn


def packed(lstm):
    """Weights and biases in the order and layout of torch's own layer: gates i, f, g, o; transposed."""
    sides = [torch.cat([getattr(lstm, f"W_{side}{gate}").T for gate in "ifgo"]) for side in "ih"]
    return [*sides, *[torch.cat([getattr(lstm, f"b_{side}{gate}") for gate in "ifgo"]) for side in "ih"]]


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        for gate in "ifgo":
            for side, size in (("i", input_size), ("h", hidden_size)):
                setattr(self, f"W_{side}{gate}", nn.Parameter(torch.empty(size, hidden_size)))
                setattr(self, f"b_{side}{gate}", nn.Parameter(torch.empty(hidden_size)))
        self.init_parameters()

    def init_parameters(self):
        pass

    def forward(self, x, states=None):
        zeros = torch.zeros(len(x), self.hidden_size)
        states = (zeros, zeros) if states is None else states
        return delegate(self, x, [state.unsqueeze(0) for state in states])  # noqa: F821 - the attack has it
