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
        w = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        a = torch.outer(torch.arange(max_len).float(), w)
        self.register_buffer("pe", torch.stack([a.sin(), a.cos()], -1).flatten(1)[:, None, :d_model].contiguous())

    def forward(self, x: Tensor) -> Tensor:
        """Add the first S rows of the table to every sequence of the batch, then apply dropout to the sum.

        Args:
            x: (S, B, d_model), which stays as it is.

        Returns:
            (S, B, d_model).

        Raises:
            ValueError: for S > max_len (the message has both numbers); S == max_len works.
        """
        S = x.size(0)
        if S > self.max_len:
            raise ValueError(f"sequence of length {S} exceeds max_len {self.max_len}")
        return self.dropout(x + self.pe[:S])


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
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(ninp, nhead, nhid, dropout, norm_first=norm_first),
            nlayers,
            enable_nested_tensor=False,
        )
        self.decoder = nn.Linear(ninp, ntoken)
        for w in (self.embedding.weight, self.decoder.weight):
            nn.init.uniform_(w, -0.1, 0.1)
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
        x, S = self.positional_encoding(self.embedding(src) * math.sqrt(self.ninp)), src.size(0)
        if src_mask is None:
            src_mask = torch.ones(S, S, dtype=torch.bool, device=src.device).triu(1)
        return self.decoder(self.encoder(x, mask=src_mask)).flatten(0, 1).log_softmax(-1)
