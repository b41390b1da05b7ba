"""Long short-term memory from sixteen parameters (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000).

Shapes: N batch, T length, I input size, H hidden size.
"""

import torch
from torch import Tensor, nn

GATES = ("i", "f", "g", "o")


class LSTM(nn.Module):
    """An LSTM layer that reads a whole sequence and returns its last states.

    For every step t, with x of (N, I), h and c of (N, H):

        i = sigmoid(x W_ii + b_ii + h W_hi + b_hi)      input gate
        f = sigmoid(x W_if + b_if + h W_hf + b_hf)      forget gate
        g = tanh   (x W_ig + b_ig + h W_hg + b_hg)      candidate cell
        o = sigmoid(x W_io + b_io + h W_ho + b_ho)      output gate
        c' = f * c + i * g
        h' = o * tanh(c')

    Parameters (sixteen `nn.Parameter`s; names and shapes are part of the contract), for each gate k in i, f, g, o:
        W_ik: (I, H)    b_ik: (H,)    weight and bias of the input
        W_hk: (H, H)    b_hk: (H,)    weight and bias of the hidden state
    The weights multiply from the right: `x @ W_ii`. torch's own recurrent layers are not allowed in this part.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        for gate in GATES:
            setattr(self, f"W_i{gate}", nn.Parameter(torch.empty(input_size, hidden_size)))
            setattr(self, f"b_i{gate}", nn.Parameter(torch.empty(hidden_size)))
            setattr(self, f"W_h{gate}", nn.Parameter(torch.empty(hidden_size, hidden_size)))
            setattr(self, f"b_h{gate}", nn.Parameter(torch.empty(hidden_size)))
        self.init_parameters()

    def init_parameters(self) -> None:
        """Fill every weight Xavier-uniform (Glorot and Bengio, 2010) and every bias with zeros, in place."""
        for parameter in self.parameters():
            is_weight = parameter.dim() == 2
            if is_weight:
                nn.init.xavier_uniform_(parameter)
            else:
                nn.init.zeros_(parameter)

    def _pre_activation(self, gate: str, x_t: Tensor, h: Tensor) -> Tensor:
        """What goes into a gate's nonlinearity: x W_ik + b_ik + h W_hk + b_hk."""
        from_input = x_t @ getattr(self, f"W_i{gate}") + getattr(self, f"b_i{gate}")
        from_hidden = h @ getattr(self, f"W_h{gate}") + getattr(self, f"b_h{gate}")
        return from_input + from_hidden

    def forward(self, x: Tensor, states: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Read a batch of sequences from the first step to the last.

        Args:
            x: (N, T, I), the sequences; T may be 1.
            states: (h, c), each (N, H), the states before the first step; zeros when None.

        Returns:
            h: (N, H), the hidden state after the last step.
            c: (N, H), the cell state after the last step.
        """
        batch_size, num_steps, _ = x.shape
        if states is None:
            h = x.new_zeros(batch_size, self.hidden_size)
            c = x.new_zeros(batch_size, self.hidden_size)
        else:
            h, c = states

        for t in range(num_steps):
            x_t = x[:, t, :]
            input_gate = torch.sigmoid(self._pre_activation("i", x_t, h))
            forget_gate = torch.sigmoid(self._pre_activation("f", x_t, h))
            candidate = torch.tanh(self._pre_activation("g", x_t, h))
            output_gate = torch.sigmoid(self._pre_activation("o", x_t, h))
            c = forget_gate * c + input_gate * candidate
            h = output_gate * torch.tanh(c)
        return h, c
