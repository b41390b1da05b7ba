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
        # both layers get the input and the old hidden state glued together
        self.hidden_layer = nn.Linear(input_size + hidden_size, hidden_size)
        self.output_layer = nn.Linear(input_size + hidden_size, output_size)

    def forward(self, input: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Take one step.

        Args:
            input: (N, I), the input of this step.
            hidden: (N, H), the hidden state before this step.

        Returns:
            output: (N, O), log-probabilities over the output features.
            hidden: (N, H), the hidden state after this step.
        """
        assert input.shape[0] == hidden.shape[0], "input and hidden need the same batch size"
        # (N, I) next to (N, H) gives (N, I + H)
        combined = torch.cat((input, hidden), dim=1)
        new_hidden = torch.tanh(self.hidden_layer(combined))
        # the output also reads the old hidden state (it is inside combined), not new_hidden
        scores = self.output_layer(combined)
        output = torch.log_softmax(scores, dim=1)
        return output, new_hidden
