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
        self.register_buffer("pe", self._make_table(max_len, d_model))

    @staticmethod
    def _make_table(max_len: int, d_model: int) -> Tensor:
        """Compute the sines and cosines in double precision, then round them to the default dtype."""
        positions = torch.arange(max_len, dtype=torch.float64).unsqueeze(1)  # (max_len, 1)
        even_features = torch.arange(0, d_model, 2, dtype=torch.float64)  # 0, 2, 4, ...
        frequencies = torch.exp(-math.log(10000.0) * even_features / d_model)
        angles = positions * frequencies  # (max_len, ceil(d_model / 2))

        table = torch.zeros(max_len, 1, d_model, dtype=torch.float64)
        num_cosines = d_model // 2  # one fewer than sines when d_model is odd
        table[:, 0, 0::2] = torch.sin(angles)
        table[:, 0, 1::2] = torch.cos(angles[:, :num_cosines])
        return table.to(torch.get_default_dtype())

    def forward(self, x: Tensor) -> Tensor:
        """Add the first S rows of the table to every sequence of the batch, then apply dropout to the sum.

        Args:
            x: (S, B, d_model), which stays as it is.

        Returns:
            (S, B, d_model).

        Raises:
            ValueError: for S > max_len (the message has both numbers); S == max_len works.
        """
        num_steps = x.size(0)
        if num_steps > self.max_len:
            raise ValueError(f"a sequence of {num_steps} steps is longer than max_len = {self.max_len}")
        with_positions = x + self.pe[:num_steps]
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
        encoder_layer = nn.TransformerEncoderLayer(
            d_model=ninp, nhead=nhead, dim_feedforward=nhid, dropout=dropout, norm_first=norm_first
        )
        self.encoder = nn.TransformerEncoder(encoder_layer, num_layers=nlayers, enable_nested_tensor=False)
        self.decoder = nn.Linear(ninp, ntoken)

        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    @staticmethod
    def _hide_later_steps(num_steps: int, device: torch.device) -> Tensor:
        """The causal mask: True (hidden) where the column's step comes after the row's."""
        steps = torch.arange(num_steps, device=device)
        return steps.unsqueeze(0) > steps.unsqueeze(1)

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
        if src_mask is None:
            src_mask = self._hide_later_steps(src.size(0), src.device)

        scaled_embedding = self.embedding(src) * math.sqrt(self.ninp)
        encoder_input = self.positional_encoding(scaled_embedding)
        encoded = self.encoder(encoder_input, mask=src_mask)  # (S, B, E)

        scores = self.decoder(encoded)
        log_probabilities = torch.log_softmax(scores, dim=-1)
        return log_probabilities.reshape(-1, self.ntoken)
