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
            raise ValueError(f"rnn_type must be one of {', '.join(RNN_TYPES)}, but it is {rnn_type!r}")
        if tie_weights and nhid != ninp:
            raise ValueError(f"tied weights need nhid == ninp, but nhid is {nhid} and ninp is {ninp}")

        self.embedding = nn.Embedding(ntoken, ninp)
        self.dropout = nn.Dropout(dropout)

        # with only one layer there is no "between the layers" (torch would print a warning)
        if nlayers > 1:
            dropout_between = dropout
        else:
            dropout_between = 0.0

        if rnn_type == "LSTM":
            self.recurrent = nn.LSTM(ninp, nhid, nlayers, dropout=dropout_between)
        elif rnn_type == "GRU":
            self.recurrent = nn.GRU(ninp, nhid, nlayers, dropout=dropout_between)
        elif rnn_type == "RNN_TANH":
            self.recurrent = nn.RNN(ninp, nhid, nlayers, nonlinearity="tanh", dropout=dropout_between)
        else:
            self.recurrent = nn.RNN(ninp, nhid, nlayers, nonlinearity="relu", dropout=dropout_between)

        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            # both are (ntoken, ninp), and now they are the same Parameter object
            self.decoder.weight = self.embedding.weight
        self.init_weights()

    def init_weights(self) -> None:
        """Fill embedding and decoder weights uniformly from -0.1 to 0.1 and the decoder's bias with zeros, in place.

        The recurrent layer keeps torch's own initialisation.

        Optional: a piece of the constructor, which may do without it. No test calls it.
        """
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def init_hidden(self, batch_size: int) -> State:
        """The state before the first token: zeros, with the dtype and on the device of the model's parameters.

        Returns:
            (nlayers, batch_size, nhid); for an LSTM a pair (h, c) of these.
        """
        weight = self.decoder.weight  # any parameter would do, we only want its dtype and device
        h = weight.new_zeros(self.nlayers, batch_size, self.nhid)
        if self.rnn_type == "LSTM":
            c = weight.new_zeros(self.nlayers, batch_size, self.nhid)
            return h, c
        return h

    def forward(self, input: Tensor, hidden: State) -> tuple[Tensor, State]:
        """Read a chunk and predict, after each of its tokens, the next.

        Args:
            input: (S, B), token ids; time is the first axis.
            hidden: the state before the chunk, as `init_hidden` or the last call returned it.

        Returns:
            output: (S * B, ntoken), log-probabilities, row by row of the input: all of step 0, all of step 1, ...
            hidden: the state after the chunk, of the same form as before, not detached.
        """
        steps, batch_size = input.shape
        embedded = self.dropout(self.embedding(input))  # (S, B, ninp)
        states, new_hidden = self.recurrent(embedded, hidden)
        states = self.dropout(states)  # (S, B, nhid)
        scores = self.decoder(states)  # (S, B, ntoken)
        # time is the first axis, so flattening gives all of step 0, then all of step 1, ...
        scores = scores.reshape(steps * batch_size, self.ntoken)
        output = torch.log_softmax(scores, dim=1)
        return output, new_hidden
