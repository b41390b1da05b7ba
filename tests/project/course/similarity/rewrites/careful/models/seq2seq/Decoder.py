"""The decoder of a sequence-to-sequence model, with attention when asked for (after Bahdanau et al., 2015).

Shapes: N batch, T source length, V target vocabulary size, E embedding size, Henc and Hdec hidden sizes.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

RECURRENT_LAYERS: dict[str, type[nn.RNN] | type[nn.LSTM]] = {"RNN": nn.RNN, "LSTM": nn.LSTM}

State = Tensor | tuple[Tensor, Tensor]


class Decoder(nn.Module):
    """Predicts the next target token from the last one, one step a call.

    With attention, the step's recurrent input is not the embedding alone but

        context_layer([context; embedded])      context = weights @ encoder_outputs

    where the weights come from `compute_attention` and the hidden state *before* the step.

    Layers (these names are part of the contract):
        embedding: Embedding(V, E); every id learns, <pad> too
        dropout: Dropout, applied to the embedding and nowhere else
        recurrent: nn.RNN or nn.LSTM (E -> Hdec), one layer, batch first
        output_layer: Linear(Hdec, V), followed by log-softmax
        context_layer: Linear(Henc + E, E), only with attention

    Raises:
        ValueError: for a `model_type` other than "RNN" and "LSTM" (the message names both choices), and with
            attention for Henc != Hdec (the message has both numbers): a cosine needs vectors of one size.
    """

    def __init__(
        self,
        emb_size: int,
        encoder_hidden_size: int,
        decoder_hidden_size: int,
        output_size: int,
        dropout: float = 0.2,
        model_type: str = "RNN",
        attention: bool = False,
    ) -> None:
        super().__init__()
        self.emb_size = emb_size
        self.encoder_hidden_size = encoder_hidden_size
        self.decoder_hidden_size = decoder_hidden_size
        self.output_size = output_size
        self.model_type = model_type
        self.attention = attention
        if model_type not in RECURRENT_LAYERS:
            raise ValueError(f"model_type must be 'RNN' or 'LSTM', but it is {model_type!r}")
        if attention and encoder_hidden_size != decoder_hidden_size:
            raise ValueError(
                "cosine attention needs hidden states of one size, "
                f"but the encoder has {encoder_hidden_size} and the decoder {decoder_hidden_size}"
            )

        self.embedding = nn.Embedding(output_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        recurrent_class = RECURRENT_LAYERS[model_type]
        self.recurrent = recurrent_class(emb_size, decoder_hidden_size, batch_first=True)
        self.output_layer = nn.Linear(decoder_hidden_size, output_size)
        if attention:
            self.context_layer = nn.Linear(encoder_hidden_size + emb_size, emb_size)

    def compute_attention(self, hidden: Tensor, encoder_outputs: Tensor) -> Tensor:
        """Weigh the source positions by the cosine between the decoder's hidden state and the encoder's outputs.

            weights = softmax over T of (q . k_t / (|q| |k_t|))

        Args:
            hidden: (1, N, Hdec), the query q: the decoder's hidden state (an LSTM's h, never its c).
            encoder_outputs: (N, T, Henc), the keys k_t.

        Returns:
            weights: (N, 1, T), positive, summing to 1 over T. The cosine with an all-zero vector is 0, never NaN; its
                gradients are finite, too.
        """
        query = hidden[0]  # (N, Hdec), there is only one layer
        source_length = encoder_outputs.shape[1]
        assert query.shape[0] == encoder_outputs.shape[0]

        similarities = []
        for t in range(source_length):
            key = encoder_outputs[:, t, :]  # (N, Henc)
            # cosine_similarity does not let a norm become smaller than a tiny eps, so zero vectors give 0 and no NaN
            similarity = F.cosine_similarity(query, key, dim=1)  # (N,)
            similarities.append(similarity)

        scores = torch.stack(similarities, dim=1)  # (N, T)
        weights = torch.softmax(scores, dim=1)
        return weights.unsqueeze(1)

    def forward(self, input: Tensor, hidden: State, encoder_outputs: Tensor | None = None) -> tuple[Tensor, State]:
        """Take one step.

        Args:
            input: (N, 1), the token ids of this step.
            hidden: the state before this step: (1, N, Hdec) for an RNN, a pair (h, c) of these for an LSTM.
            encoder_outputs: (N, T, Henc), read only with attention.

        Returns:
            output: (N, V), log-probabilities of the next token.
            hidden: the state after this step, of the same form as before.

        Raises:
            ValueError: with attention and without encoder_outputs.
        """
        if self.attention and encoder_outputs is None:
            raise ValueError("a decoder with attention needs encoder_outputs")

        embedded = self.dropout(self.embedding(input))  # (N, 1, E)
        step_input = embedded

        if self.attention:
            # only h is compared with the encoder's outputs, the cell state of an LSTM is not
            if self.model_type == "LSTM":
                query = hidden[0]
            else:
                query = hidden
            weights = self.compute_attention(query, encoder_outputs)  # (N, 1, T)
            context = torch.bmm(weights, encoder_outputs)  # (N, 1, Henc)
            # context first, then the embedding
            joined = torch.cat((context, embedded), dim=2)
            step_input = self.context_layer(joined)  # (N, 1, E)

        step_output, new_hidden = self.recurrent(step_input, hidden)
        step_output = step_output[:, 0, :]  # there is just one step: (N, Hdec)
        output = F.log_softmax(self.output_layer(step_output), dim=1)
        return output, new_hidden
