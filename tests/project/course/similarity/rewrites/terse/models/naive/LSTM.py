"""Long short-term memory from sixteen parameters (Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000).

Shapes: N batch, T length, I input size, H hidden size.
"""

import torch
from torch import Tensor, nn


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
        for k in "ifgo":
            for s, n in (("i", input_size), ("h", hidden_size)):
                setattr(self, f"W_{s}{k}", nn.Parameter(torch.empty(n, hidden_size)))
                setattr(self, f"b_{s}{k}", nn.Parameter(torch.empty(hidden_size)))
        self.init_parameters()

    def init_parameters(self) -> None:
        """Fill every weight Xavier-uniform (Glorot and Bengio, 2010) and every bias with zeros, in place."""
        for p in self.parameters():
            (nn.init.xavier_uniform_ if p.dim() == 2 else nn.init.zeros_)(p)

    def forward(self, x: Tensor, states: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Read a batch of sequences from the first step to the last.

        Args:
            x: (N, T, I), the sequences; T may be 1.
            states: (h, c), each (N, H), the states before the first step; zeros when None.

        Returns:
            h: (N, H), the hidden state after the last step.
            c: (N, H), the cell state after the last step.
        """
        h, c = (x.new_zeros(x.size(0), self.hidden_size) for _ in range(2)) if states is None else states
        P = dict(self.named_parameters())
        for xt in x.unbind(1):
            i, f, g, o = (xt @ P[f"W_i{k}"] + P[f"b_i{k}"] + h @ P[f"W_h{k}"] + P[f"b_h{k}"] for k in "ifgo")
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        return h, c
