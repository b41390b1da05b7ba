"""A recurrent network, one step at a time (Elman, 1990, "Finding Structure in Time").

Shapes: N batch, I input size, H hidden size, O output size.
"""

import torch
from torch import Tensor, nn


class VanillaRNN(nn.Module):
    """A cell that reads one input, updates its hidden state and predicts one output.

        h' = tanh(W_h [x; h] + b_h)
        y  = log_softmax(W_o [x; h] + b_o)

    Both layers read the input next to the *previous* hidden state h, never the new one.

    Layers (these names are part of the contract):
        hidden_layer: Linear(I + H, H)
        output_layer: Linear(I + H, O)
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size
        self.hidden_layer, self.output_layer = (
            nn.Linear(input_size + hidden_size, n) for n in (hidden_size, output_size)
        )

    def forward(self, input: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step.

        Args:
            input: (N, I), the input of this step.
            hidden: (N, H), the hidden state before this step.

        Returns:
            output: (N, O), log-probabilities over the output features.
            hidden: (N, H), the hidden state after this step.
        """
        xh = torch.cat([input, hidden], -1)
        return self.output_layer(xh).log_softmax(-1), self.hidden_layer(xh).tanh()
