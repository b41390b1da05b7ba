"""Given stand-ins for an encoder, a decoder and its attention; harness/doubles.py says what they have in common."""

import torch
from torch import Tensor, nn

from harness.doubles import State
from harness.given import Given


class EncoderDouble(nn.Module):
    """Stands in for an Encoder: outputs are rows of a table, the later the larger; the state is their mean over time.

    Attributes:
        inputs: the tokens (N, T) of every call.
    """

    def __init__(self, given: Given, vocabulary: int, hidden_size: int, model_type: str = "RNN") -> None:
        super().__init__()
        self.register_buffer("table", given.uniform("encoder double", vocabulary, hidden_size))
        self.table: Tensor
        self.embedding = nn.Embedding(vocabulary, 1)
        self.input_size = vocabulary
        self.emb_size = 1
        self.encoder_hidden_size = self.decoder_hidden_size = hidden_size
        self.model_type = model_type
        self.inputs: list[Tensor] = []

    def forward(self, input: Tensor) -> tuple[Tensor, State]:
        self.inputs.append(input.detach().clone())
        output = self.table[input]  # (N, T, H)
        steps = torch.arange(1, input.size(1) + 1, dtype=output.dtype).unsqueeze(1)  # (T, 1)
        output = output * steps / input.size(1)  # another order of the same tokens is another sentence
        hidden = output.mean(dim=1).unsqueeze(0)  # (1, N, H)
        return output, (hidden, -hidden) if self.model_type == "LSTM" else hidden


class DecoderDouble(nn.Module):
    """Stands in for a Decoder: scores depend on the token, the state and the encoder's outputs.

    The state changes with every step, so a state that is not carried over shows.

    Attributes:
        bias: (V,), zeros, added to the scores; a test may favour a token with it.
        inputs: the tokens (N, 1) of every call.
        saw_encoder: for every call, whether encoder_outputs came along.
    """

    def __init__(self, given: Given, vocabulary: int, hidden_size: int, model_type: str = "RNN") -> None:
        super().__init__()
        self.register_buffer("tokens", given.uniform("decoder double tokens", vocabulary, hidden_size))
        self.register_buffer("scores", given.uniform("decoder double scores", hidden_size, vocabulary, low=-3, high=3))
        self.tokens: Tensor
        self.scores: Tensor
        self.bias = torch.zeros(vocabulary)
        self.embedding = nn.Embedding(vocabulary, 1)
        self.output_layer = nn.Linear(hidden_size, vocabulary)
        self.output_size = vocabulary
        self.emb_size = 1
        self.encoder_hidden_size = self.decoder_hidden_size = hidden_size
        self.model_type = model_type
        self.attention = True
        self.inputs: list[Tensor] = []
        self.saw_encoder: list[bool] = []

    def forward(self, input: Tensor, hidden: State, encoder_outputs: Tensor | None = None) -> tuple[Tensor, State]:
        self.inputs.append(input.detach().clone())
        self.saw_encoder.append(encoder_outputs is not None)
        h, c = hidden if isinstance(hidden, tuple) else (hidden, None)
        context = 0 if encoder_outputs is None else encoder_outputs.mean(dim=1)
        h = torch.tanh(h + self.tokens[input.squeeze(1)] + context)  # (1, N, H)
        output = torch.log_softmax(h.squeeze(0) @ self.scores + self.bias, dim=1)
        return output, h if c is None else (h, c + h)


class AttentionDouble:
    """Stands in for a decoder's `compute_attention`: the weights are given, whatever it is called with.

    Attributes:
        weights: (N, 1, T), positive, summing to 1 over T.
        queries, keys: the two arguments of every call, as they were then.
    """

    def __init__(self, given: Given, batch: int, length: int) -> None:
        scores = given.uniform("attention double", batch, 1, length, low=-2, high=2)
        self.weights = torch.softmax(scores, dim=2)
        self.queries: list[object] = []
        self.keys: list[object] = []

    def __call__(self, hidden: object, encoder_outputs: object) -> Tensor:
        self.queries.append(_copy(hidden))
        self.keys.append(_copy(encoder_outputs))
        return self.weights


def _copy(value: object) -> object:
    """A tensor as it is now; anything else, which no contract asks for, as it came."""
    return value.detach().clone() if isinstance(value, Tensor) else value
