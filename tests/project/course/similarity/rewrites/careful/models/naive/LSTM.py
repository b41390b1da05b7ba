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
        # input gate
        self.W_ii = nn.Parameter(torch.empty(input_size, hidden_size))
        self.b_ii = nn.Parameter(torch.empty(hidden_size))
        self.W_hi = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b_hi = nn.Parameter(torch.empty(hidden_size))
        # forget gate
        self.W_if = nn.Parameter(torch.empty(input_size, hidden_size))
        self.b_if = nn.Parameter(torch.empty(hidden_size))
        self.W_hf = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b_hf = nn.Parameter(torch.empty(hidden_size))
        # candidate cell
        self.W_ig = nn.Parameter(torch.empty(input_size, hidden_size))
        self.b_ig = nn.Parameter(torch.empty(hidden_size))
        self.W_hg = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b_hg = nn.Parameter(torch.empty(hidden_size))
        # output gate
        self.W_io = nn.Parameter(torch.empty(input_size, hidden_size))
        self.b_io = nn.Parameter(torch.empty(hidden_size))
        self.W_ho = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.b_ho = nn.Parameter(torch.empty(hidden_size))
        self.init_parameters()

    def init_parameters(self) -> None:
        """Fill every weight Xavier-uniform (Glorot and Bengio, 2010) and every bias with zeros, in place."""
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.xavier_uniform_(parameter)
            else:
                # only the biases have one dimension
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, states: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Read a batch of sequences from the first step to the last.

        Args:
            x: (N, T, I), the sequences; T may be 1.
            states: (h, c), each (N, H), the states before the first step; zeros when None.

        Returns:
            h: (N, H), the hidden state after the last step.
            c: (N, H), the cell state after the last step.
        """
        batch_size, seq_length, num_features = x.shape
        assert num_features == self.input_size

        if states is None:
            # new_zeros takes over the dtype and the device of x
            h = x.new_zeros(batch_size, self.hidden_size)
            c = x.new_zeros(batch_size, self.hidden_size)
        else:
            h, c = states

        for t in range(seq_length):
            x_t = x[:, t, :]  # (N, I)
            # all four gates use the h of the step before, so h is only overwritten at the end
            i_t = torch.sigmoid(x_t @ self.W_ii + self.b_ii + h @ self.W_hi + self.b_hi)
            f_t = torch.sigmoid(x_t @ self.W_if + self.b_if + h @ self.W_hf + self.b_hf)
            g_t = torch.tanh(x_t @ self.W_ig + self.b_ig + h @ self.W_hg + self.b_hg)
            o_t = torch.sigmoid(x_t @ self.W_io + self.b_io + h @ self.W_ho + self.b_ho)
            c = f_t * c + i_t * g_t
            h = o_t * torch.tanh(c)

        assert h.shape == (batch_size, self.hidden_size)
        return h, c
