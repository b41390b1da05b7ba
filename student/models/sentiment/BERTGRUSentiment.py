"""Sentiment from BERT's outputs, which stay as they are, and a GRU that learns (the classic exercise on IMDB reviews).

Shapes: N batch size, T length of the batch's longest text, H_bert BERT's hidden size.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence


class BERTGRUSentiment(nn.Module):
    """Reads texts with BERT, runs a GRU over BERT's outputs, and scores each text.

        embedded = bert(text)                                    no gradients, eval mode
        hidden = last states of rnn(embedded)
        logits = out(dropout(hidden))

    Layers (these names are part of the contract):
        bert: the model that is handed over; its parameters stay as they are
        rnn: nn.GRU, H_bert -> hidden_dim, n_layers layers, batch first; with more than one layer dropout between them
        dropout: Dropout, applied to the last states
        out: Linear(hidden_dim, output_dim), or Linear(2 * hidden_dim, output_dim) for both directions

    Args:
        bert: called as `bert(text, attention_mask=mask)`; what it returns has `last_hidden_state` (N, T, H_bert). Its
            `config` has `hidden_size` and `pad_token_id`.
        dropout: the rate of all dropout in this model.
    """

    def __init__(
        self, bert: Any, hidden_dim: int, output_dim: int, n_layers: int, bidirectional: bool, dropout: float
    ) -> None:
        super().__init__()
        self.bert = bert
        # TODO(sentiment.BERTGRUSentiment): three layers. Freezing BERT is not the constructor's business.

    def forward(self, text: Tensor) -> Tensor:
        """Score texts.

        BERT runs without gradients and in eval mode, whatever mode it is found in. It gets an attention mask, the
        one mask that is the other way round: 1 where there is a token, 0 where there is padding. Padding changes
        nothing: the GRU reads each text to its own end.

        Args:
            text: (N, T), ids with padding (`bert.config.pad_token_id`) at the end; each text has at least one token.

        Returns:
            (N, output_dim), logits: of the last layer's state after the last token; with both directions of that
            state and, behind it, of the last layer's backward state after the first token.
        """
        # TODO(sentiment.BERTGRUSentiment): mask, BERT, packed texts through the GRU, last states, dropout, out.
        raise NotImplementedError("sentiment.BERTGRUSentiment")


def count_parameters(model: nn.Module) -> int:
    """How many numbers of a model are trained: those of parameters that require gradients."""
    # TODO(sentiment.BERTGRUSentiment): add up.
    raise NotImplementedError("sentiment.BERTGRUSentiment")


def freeze(module: nn.Module) -> None:
    """From now on no parameter of a module requires a gradient. It happens in place."""
    # TODO(sentiment.BERTGRUSentiment): `requires_grad` of every parameter.
    raise NotImplementedError("sentiment.BERTGRUSentiment")
