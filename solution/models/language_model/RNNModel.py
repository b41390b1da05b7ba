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
        # TODO(language_model.RNNModel): check the arguments, create four layers; with tie_weights share one weight.
        # BEGIN SOLUTION
        if rnn_type not in RNN_TYPES:
            raise ValueError(f"rnn_type is {rnn_type!r}; choose one of {', '.join(RNN_TYPES)}")
        if tie_weights and nhid != ninp:
            raise ValueError(f"a tied weight has one size: nhid ({nhid}) and ninp ({ninp}) must be equal")
        self.embedding = nn.Embedding(ntoken, ninp)
        self.dropout = nn.Dropout(dropout)
        between = dropout if nlayers > 1 else 0.0  # torch warns of a dropout that nothing comes after
        self.recurrent: nn.RNNBase
        if rnn_type == "LSTM":
            self.recurrent = nn.LSTM(ninp, nhid, nlayers, dropout=between)
        elif rnn_type == "GRU":
            self.recurrent = nn.GRU(ninp, nhid, nlayers, dropout=between)
        else:
            nonlinearity = rnn_type.removeprefix("RNN_").lower()
            self.recurrent = nn.RNN(ninp, nhid, nlayers, nonlinearity=nonlinearity, dropout=between)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            self.decoder.weight = self.embedding.weight
        # END SOLUTION
        self.init_weights()

    def init_weights(self) -> None:
        """Fill embedding and decoder weights uniformly from -0.1 to 0.1 and the decoder's bias with zeros, in place.

        The recurrent layer keeps torch's own initialisation.

        Optional: a piece of the constructor, which may do without it. No test calls it.
        """
        # TODO(language_model.RNNModel): `nn.init` has what is needed.
        # BEGIN SOLUTION
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)
        # END SOLUTION

    def init_hidden(self, batch_size: int) -> State:
        """The state before the first token: zeros, with the dtype and on the device of the model's parameters.

        Returns:
            (nlayers, batch_size, nhid); for an LSTM a pair (h, c) of these.
        """
        # TODO(language_model.RNNModel): zeros like a parameter's (`new_zeros`); two for an LSTM.
        # BEGIN SOLUTION
        zeros = self.decoder.weight.new_zeros(self.nlayers, batch_size, self.nhid)
        return (zeros, zeros.clone()) if self.rnn_type == "LSTM" else zeros
        # END SOLUTION

    def forward(self, input: Tensor, hidden: State) -> tuple[Tensor, State]:
        """Read a chunk and predict, after each of its tokens, the next.

        Args:
            input: (S, B), token ids; time is the first axis.
            hidden: the state before the chunk, as `init_hidden` or the last call returned it.

        Returns:
            output: (S * B, ntoken), log-probabilities, row by row of the input: all of step 0, all of step 1, ...
            hidden: the state after the chunk, of the same form as before, not detached.
        """
        # TODO(language_model.RNNModel): embed, drop out, run the recurrent layer, drop out, decode, log-softmax.
        # BEGIN SOLUTION
        embedded = self.dropout(self.embedding(input))  # (S, B, ninp)
        output, hidden = self.recurrent(embedded, hidden)  # (S, B, nhid)
        scores = self.decoder(self.dropout(output)).view(-1, self.ntoken)
        return torch.log_softmax(scores, dim=1), hidden
        # END SOLUTION
