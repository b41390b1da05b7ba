"""The encoder of a sequence-to-sequence model (Sutskever et al., 2014; Cho et al., 2014).

Shapes: N batch, T source length, V vocabulary size, E embedding size, Henc and Hdec hidden sizes.
"""

import torch
from torch import Tensor, nn

RECURRENT_LAYERS: dict[str, type[nn.RNN] | type[nn.LSTM]] = {"RNN": nn.RNN, "LSTM": nn.LSTM}


class Encoder(nn.Module):
    """Reads a source sentence and hands its last hidden state, in the decoder's size, to the decoder.

        hidden = tanh(hidden_out(relu(hidden_in(h_T))))

    Layers (these names are part of the contract):
        embedding: Embedding(V, E); every id learns, <pad> too
        dropout: Dropout, applied to the embedding and nowhere else
        recurrent: nn.RNN or nn.LSTM (E -> Henc), one layer, batch first
        hidden_in: Linear(Henc, Henc), followed by ReLU
        hidden_out: Linear(Henc, Hdec), followed by tanh

    Raises:
        ValueError: for a `model_type` other than "RNN" and "LSTM" (the message names both choices), and for an LSTM
            with Henc != Hdec (the message has both numbers), because its cell state is handed over as it is.
    """

    def __init__(
        self,
        input_size: int,
        emb_size: int,
        encoder_hidden_size: int,
        decoder_hidden_size: int,
        dropout: float = 0.2,
        model_type: str = "RNN",
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.emb_size = emb_size
        self.encoder_hidden_size = encoder_hidden_size
        self.decoder_hidden_size = decoder_hidden_size
        self.model_type = model_type
        if model_type not in RECURRENT_LAYERS:
            raise ValueError(f"model_type must be 'RNN' or 'LSTM', but it is {model_type!r}")
        if model_type == "LSTM" and encoder_hidden_size != decoder_hidden_size:
            raise ValueError(
                "an LSTM hands over its cell state unchanged, so both hidden sizes must be equal, "
                f"but the encoder has {encoder_hidden_size} and the decoder {decoder_hidden_size}"
            )

        self.embedding = nn.Embedding(input_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        recurrent_class = RECURRENT_LAYERS[model_type]
        self.recurrent = recurrent_class(emb_size, encoder_hidden_size, batch_first=True)
        self.hidden_in = nn.Linear(encoder_hidden_size, encoder_hidden_size)
        self.hidden_out = nn.Linear(encoder_hidden_size, decoder_hidden_size)

    def forward(self, input: Tensor) -> tuple[Tensor, Tensor | tuple[Tensor, Tensor]]:
        """Encode a batch of source sentences.

        Args:
            input: (N, T), token ids.

        Returns:
            output: (N, T, Henc), the recurrent layer's output at every step.
            hidden: (1, N, Hdec) for an RNN; for an LSTM the pair (hidden, cell), where cell (1, N, Henc) is
                the last cell state, untouched.
        """
        embedded = self.dropout(self.embedding(input))  # (N, T, E)
        output, state = self.recurrent(embedded)

        # an LSTM returns two states, an RNN only one
        if self.model_type == "LSTM":
            last_hidden, last_cell = state
        else:
            last_hidden = state
            last_cell = None

        # bring the hidden state to the decoder's size
        between = torch.relu(self.hidden_in(last_hidden))
        hidden = torch.tanh(self.hidden_out(between))
        assert hidden.shape == (1, input.shape[0], self.decoder_hidden_size)

        if last_cell is not None:
            return output, (hidden, last_cell)
        return output, hidden
