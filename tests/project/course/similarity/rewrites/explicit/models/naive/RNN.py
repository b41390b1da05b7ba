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
        joint_size = input_size + hidden_size
        self.hidden_layer = nn.Linear(joint_size, hidden_size)
        self.output_layer = nn.Linear(joint_size, output_size)

    def forward(self, input: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step.

        Args:
            input: (N, I), the input of this step.
            hidden: (N, H), the hidden state before this step.

        Returns:
            output: (N, O), log-probabilities over the output features.
            hidden: (N, H), the hidden state after this step.
        """
        input_and_hidden = torch.cat([input, hidden], dim=1)
        new_hidden = torch.tanh(self.hidden_layer(input_and_hidden))
        output_scores = self.output_layer(input_and_hidden)
        output = torch.log_softmax(output_scores, dim=1)
        return output, new_hidden
