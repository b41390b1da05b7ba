"""A Transformer language model (Vaswani et al., 2017, "Attention Is All You Need").

A stack of encoder layers in which no position sees a later one: what comes out at step t scores the token at t + 1.

Shapes: S steps, B batch, V vocabulary size (ntoken), E model size (ninp). Time comes first, as in RNNModel.
"""

import math

import torch
from torch import Tensor, nn


class PositionalEncoding(nn.Module):
    """Adds to every step a fixed vector that tells where it stands (Vaswani et al., 2017, section 3.5).

        pe[p, 0, 2k]     = sin(p / 10000^(2k / d_model))
        pe[p, 0, 2k + 1] = cos(p / 10000^(2k / d_model))

    The table is a buffer, not a parameter: it moves with the module and is never trained. An odd d_model ends with a
    sine.

    Layers (these names are part of the contract):
        pe: buffer, (max_len, 1, d_model)
        dropout: Dropout
    """

    pe: Tensor

    def __init__(self, d_model: int, dropout: float = 0.1, max_len: int = 5000) -> None:
        super().__init__()
        self.d_model = d_model
        self.max_len = max_len
        self.dropout = nn.Dropout(dropout)

        # float64 here, because sines of large angles lose digits in float32
        positions = torch.arange(max_len, dtype=torch.float64)
        table = torch.zeros(max_len, d_model, dtype=torch.float64)
        for column in range(d_model):
            # columns 2k and 2k + 1 share one frequency
            k = column // 2
            angles = positions / 10000 ** (2 * k / d_model)
            if column % 2 == 0:
                table[:, column] = torch.sin(angles)
            else:
                table[:, column] = torch.cos(angles)

        table = table.to(torch.get_default_dtype())
        self.register_buffer("pe", table.unsqueeze(1))  # (max_len, 1, d_model)

    def forward(self, x: Tensor) -> Tensor:
        """Add the first S rows of the table to every sequence of the batch, then apply dropout to the sum.

        Args:
            x: (S, B, d_model), which stays as it is.

        Returns:
            (S, B, d_model).

        Raises:
            ValueError: for S > max_len (the message has both numbers); S == max_len works.
        """
        steps = x.shape[0]
        if steps > self.max_len:
            raise ValueError(f"the sequence has {steps} steps, but max_len is {self.max_len}")
        # the middle axis of size 1 is broadcast over the batch
        with_positions = x + self.pe[:steps]
        return self.dropout(with_positions)


class TransformerModel(nn.Module):
    """Scores the next token at every step, from this token and those before it.

    Layers (these names are part of the contract):
        embedding: Embedding(V, E), weights uniform from -0.1 to 0.1
        positional_encoding: PositionalEncoding(E, dropout, max_len)
        encoder: nn.TransformerEncoder of nlayers layers with nhead heads and nhid units in the feed-forward layer.
            Every layer uses `dropout` and `norm_first` (True: normalise before each sublayer instead of after it;
            Xiong et al., 2020, "On Layer Normalization in the Transformer Architecture"). No norm after the last layer.
        decoder: Linear(E, V), weights uniform from -0.1 to 0.1, bias zero

    The encoder keeps torch's own initialisation.
    """

    def __init__(
        self,
        ntoken: int,
        ninp: int,
        nhead: int,
        nhid: int,
        nlayers: int,
        dropout: float = 0.5,
        norm_first: bool = False,
        max_len: int = 5000,
    ) -> None:
        super().__init__()
        self.ntoken = ntoken
        self.ninp = ninp
        self.max_len = max_len
        self.embedding = nn.Embedding(ntoken, ninp)
        self.positional_encoding = PositionalEncoding(ninp, dropout, max_len)

        one_layer = nn.TransformerEncoderLayer(
            d_model=ninp,
            nhead=nhead,
            dim_feedforward=nhid,
            dropout=dropout,
            norm_first=norm_first,
        )
        # there is no padding here, nested tensors would only give a warning
        self.encoder = nn.TransformerEncoder(one_layer, num_layers=nlayers, enable_nested_tensor=False)
        self.decoder = nn.Linear(ninp, ntoken)

        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, src: Tensor, src_mask: Tensor | None = None) -> Tensor:
        """Score the next token after every step.

        The embedding is multiplied by sqrt(E) before positions are added: its weights are small, the table's are not.

        Args:
            src: (S, B), token ids.
            src_mask: (S, S), which steps (columns) each step (row) may see: a boolean mask, True hides, or one that is
                added to the attention's scores, -inf hides. Used as it is given. When None the mask is causal: step t
                sees steps 0 to t.

        Returns:
            (S * B, V), log-probabilities; row t * B + b belongs to step t of sequence b.

        Raises:
            ValueError: for S > max_len (from positional_encoding).
        """
        steps, batch_size = src.shape

        if src_mask is None:
            # True above the diagonal: these steps come later and are hidden
            everything = torch.ones(steps, steps, dtype=torch.bool, device=src.device)
            src_mask = torch.triu(everything, diagonal=1)

        embedded = self.embedding(src) * math.sqrt(self.ninp)  # (S, B, E)
        x = self.positional_encoding(embedded)
        x = self.encoder(x, mask=src_mask)
        assert x.shape == (steps, batch_size, self.ninp)

        scores = self.decoder(x).reshape(steps * batch_size, self.ntoken)
        return torch.log_softmax(scores, dim=1)
