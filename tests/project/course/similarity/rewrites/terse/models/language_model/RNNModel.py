"""A recurrent language model (Mikolov et al., 2010; with dropout as in Zaremba et al., 2014).

Shapes: S length of a chunk, B batch size, ntoken vocabulary size, ninp embedding size, nhid hidden size.
"""

import torch
from torch import Tensor, nn

RNN_TYPES = ("RNN_TANH", "RNN_RELU", "GRU", "LSTM")

State = Tensor | tuple[Tensor, Tensor]


class RNNModel(nn.Module):
    """Predicts after every token of a text the next one.

        x = dropout(embedding(input))
        h, hidden = recurrent(x, hidden)
        output = log_softmax(decoder(dropout(h)))

    Layers (these names are part of the contract):
        embedding: Embedding(ntoken, ninp)
        dropout: Dropout, applied to the embedding and to the recurrent layer's output
        recurrent: nn.RNN (with tanh or with ReLU), nn.GRU or nn.LSTM, ninp -> nhid, nlayers layers, time first; with
            more than one layer the same dropout between them
        decoder: Linear(nhid, ntoken); with tie_weights its weight *is* the embedding's, one tensor, which gets the
            gradients of both (Press and Wolf, 2017, "Using the Output Embedding to Improve Language Models")

    Args:
        rnn_type: "RNN_TANH", "RNN_RELU", "GRU" or "LSTM".
        dropout: the rate of all dropout in this model.

    Raises:
        ValueError: for another rnn_type (the message names all four), and for tie_weights with nhid != ninp (the
            message has both numbers): one tensor has one size.
    """

    def __init__(
        self,
        rnn_type: str,
        ntoken: int,
        ninp: int,
        nhid: int,
        nlayers: int,
        dropout: float = 0.5,
        tie_weights: bool = False,
    ) -> None:
        super().__init__()
        self.rnn_type = rnn_type
        self.ntoken = ntoken
        self.nhid = nhid
        self.nlayers = nlayers
        if rnn_type not in RNN_TYPES:
            raise ValueError(f"rnn_type must be one of {', '.join(RNN_TYPES)}, not {rnn_type!r}")
        if tie_weights and nhid != ninp:
            raise ValueError(f"tied weights need nhid == ninp, got {nhid} and {ninp}")
        kw = {"dropout": dropout if nlayers > 1 else 0.0}
        if rnn_type.startswith("RNN_"):
            kw["nonlinearity"] = rnn_type[4:].lower()
        self.embedding = nn.Embedding(ntoken, ninp)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = getattr(nn, rnn_type.split("_")[0])(ninp, nhid, nlayers, **kw)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            self.decoder.weight = self.embedding.weight
        self.init_weights()

    def init_weights(self) -> None:
        """Fill embedding and decoder weights uniformly from -0.1 to 0.1 and the decoder's bias with zeros, in place.

        The recurrent layer keeps torch's own initialisation.

        Optional: a piece of the constructor, which may do without it. No test calls it.
        """
        for w in (self.embedding.weight, self.decoder.weight):
            nn.init.uniform_(w, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def init_hidden(self, batch_size: int) -> State:
        """The state before the first token: zeros, with the dtype and on the device of the model's parameters.

        Returns:
            (nlayers, batch_size, nhid); for an LSTM a pair (h, c) of these.
        """
        h, c = (self.decoder.weight.new_zeros(self.nlayers, batch_size, self.nhid) for _ in range(2))
        return (h, c) if self.rnn_type == "LSTM" else h

    def forward(self, input: Tensor, hidden: State) -> tuple[Tensor, State]:
        """Read a chunk and predict, after each of its tokens, the next.

        Args:
            input: (S, B), token ids; time is the first axis.
            hidden: the state before the chunk, as `init_hidden` or the last call returned it.

        Returns:
            output: (S * B, ntoken), log-probabilities, row by row of the input: all of step 0, all of step 1, ...
            hidden: the state after the chunk, of the same form as before, not detached.
        """
        y, hidden = self.recurrent(self.dropout(self.embedding(input)), hidden)
        return self.decoder(self.dropout(y)).flatten(0, 1).log_softmax(-1), hidden
