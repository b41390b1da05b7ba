"""Given stand-ins for language models and what trains them; harness/doubles.py says what stand-ins have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from harness.doubles import State, mode_of, tensors
from harness.given import Given


class LearningModelDouble(nn.Module):
    """What the stand-ins for language models that are trained have in common: two tables that learn, and notes.

    Every parameter of theirs gets a gradient. So `embedding` and `decoder` are not among their layers.

    Attributes:
        chunks: the token ids (S, B) of every call.
        modes: for every call, the mode (`mode_of`) and whether gradients were recorded.
        inner: a layer that does nothing, and is in a mode like others.
    """

    def __init__(self, given: Given, vocabulary: int, hidden_size: int) -> None:
        super().__init__()
        self.inner = nn.Identity()
        self.tokens = nn.Parameter(given.uniform("model double tokens", vocabulary, hidden_size))
        self.scores = nn.Parameter(given.uniform("model double scores", hidden_size, vocabulary, low=-2, high=2))
        self.ntoken = vocabulary
        self.ninp = hidden_size
        self.chunks: list[Tensor] = []
        self.modes: list[tuple[str, bool]] = []

    @property
    def embedding(self) -> nn.Embedding:
        layer: nn.Embedding = nn.Embedding.from_pretrained(self.tokens)
        return layer

    @property
    def decoder(self) -> nn.Linear:
        layer: nn.Linear = nn.utils.skip_init(nn.Linear, self.ninp, self.ntoken)  # draws nothing from torch's stream
        return layer

    def note(self, chunk: Tensor) -> None:
        self.chunks.append(chunk.detach().clone())
        self.modes.append((mode_of(self), torch.is_grad_enabled()))


class RecurrentModelDouble(LearningModelDouble):
    """Stands in for a recurrent language model: three parameters, and a state that every token changes.

    The first state is not zero, so one that is made up instead of asked for shows.

    Attributes:
        states: the state that came with every call, as its tensors.
        attached: for every call, whether gradients could flow back through that state.
        starts: the batch size of every call of `init_hidden`.
    """

    def __init__(self, given: Given, vocabulary: int, hidden_size: int, pair: bool = False) -> None:
        super().__init__(given, vocabulary, hidden_size)
        self.mix = nn.Parameter(given.uniform("model double mix", hidden_size, hidden_size))
        self.register_buffer("start", given.uniform("model double start", 2, 1, 1, hidden_size))
        self.start: Tensor
        self.pair = pair
        self.rnn_type = "LSTM" if pair else "RNN_TANH"
        self.nhid = hidden_size
        self.nlayers = 1
        self.states: list[tuple[Tensor, ...]] = []
        self.attached: list[bool] = []
        self.starts: list[int] = []

    def init_hidden(self, batch_size: int) -> State:
        self.starts.append(batch_size)
        h, c = self.start.repeat(1, 1, batch_size, 1)
        return (h, c) if self.pair else h

    def forward(self, input: Tensor, hidden: State) -> tuple[Tensor, State]:
        self.note(input)
        self.states.append(tuple(state.detach().clone() for state in tensors(hidden)))
        self.attached.append(any(state.requires_grad for state in tensors(hidden)))
        h, c = hidden if isinstance(hidden, tuple) else (hidden, torch.zeros_like(hidden))
        outputs = []
        for step in input:
            c = (c / 2 if self.pair else 0) + self.tokens[step]  # (1, B, H); without a pair nothing of it is kept
            h = torch.tanh(h @ self.mix + c)
            outputs.append(torch.log_softmax(h.squeeze(0) @ self.scores, dim=1))
        return torch.cat(outputs), (h, c) if self.pair else h


class WindowModelDouble(LearningModelDouble):
    """Stands in for a language model without a state, such as a Transformer: it sees a chunk and nothing before it."""

    def __init__(self, given: Given, vocabulary: int, hidden_size: int) -> None:
        super().__init__(given, vocabulary, hidden_size)
        self.max_len = 5000

    def forward(self, src: Tensor, src_mask: Tensor | None = None) -> Tensor:
        self.note(src)
        hidden = torch.tanh(self.tokens[src].cumsum(dim=0))  # (S, B, H)
        return torch.log_softmax(hidden @ self.scores, dim=2).flatten(0, 1)


@contextmanager
def given_batching(training: Any) -> Iterator[None]:
    """Give the module `training` right versions of the two functions that it imports from batching, for a while."""
    replaced = {"get_batch": _pairs, "repackage_hidden": _cut_off}
    own = {name: getattr(training, name) for name in replaced if hasattr(training, name)}
    vars(training).update(replaced)
    try:
        yield
    finally:
        for name in replaced:
            delattr(training, name)
        vars(training).update(own)


def _pairs(source: Tensor, i: int, bptt: int) -> tuple[Tensor, Tensor]:
    now, following = source.unfold(0, 2, 1)[i : i + bptt].unbind(dim=2)  # each token next to the one below it
    return now.contiguous(), following.flatten()


def _cut_off(state: State) -> State:
    h, *rest = (tensor.data for tensor in tensors(state))
    return (h, *rest) if isinstance(state, tuple) else h  # type: ignore[return-value]


class PositionsDouble(nn.Module):
    """Stands in for a PositionalEncoding: adds rows of a table that are larger than sines, then drops.

    Attributes:
        added_to: what every call was given, (S, B, E).
    """

    def __init__(self, given: Given, d_model: int, dropout: float = 0.1, max_len: int = 5000) -> None:
        super().__init__()
        self.register_buffer("pe", given.uniform("positions double", max_len, 1, d_model, low=-2, high=2))
        self.pe: Tensor
        self.dropout = nn.Dropout(dropout)
        self.d_model = d_model
        self.max_len = max_len
        self.added_to: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.added_to.append(x.detach().clone())
        if len(x) > self.max_len:
            raise ValueError(f"{len(x)} steps, where {self.max_len} fit")
        total: Tensor = self.dropout(x + self.pe[: len(x)])
        return total


class LanguageModelDouble(nn.Module):
    """What the stand-ins for both language models have in common: tables, and notes of every call.

    Attributes:
        follows: (V, V), added to the scores of what may follow each token; here none follows itself. A test may set it.
        lengths: how many steps every call was given.
        modes, gradients: for every call, the mode (`mode_of`) and whether gradients were recorded.
    """

    def __init__(self, given: Given, vocabulary: int, hidden_size: int) -> None:
        super().__init__()
        self.register_buffer("tokens", given.uniform("language model tokens", vocabulary, hidden_size))
        self.register_buffer("scores", given.uniform("language model scores", hidden_size, vocabulary, low=-3, high=3))
        self.tokens: Tensor
        self.scores: Tensor
        self.follows = -9.0 * torch.eye(vocabulary)
        self.embedding = nn.Embedding(vocabulary, hidden_size)
        self.decoder = nn.Linear(hidden_size, vocabulary)
        self.ntoken = vocabulary
        self.ninp = self.nhid = hidden_size
        self.lengths: list[int] = []
        self.modes: list[str] = []
        self.gradients: list[bool] = []

    def note(self, length: int) -> None:
        if length == 0:
            raise RuntimeError("a sequence of no steps")  # as torch's layers say
        self.lengths.append(length)
        self.modes.append(mode_of(self))
        self.gradients.append(torch.is_grad_enabled())

    def score(self, hidden: Tensor, read: Tensor) -> Tensor:
        """Features (S, B, H) and the tokens just read (S, B) -> log-probabilities (S * B, V)."""
        return torch.log_softmax(torch.sin(hidden) @ self.scores + self.follows[read], dim=2).flatten(0, 1)


class RNNModelDouble(LanguageModelDouble):
    """Stands in for an RNNModel: nothing that its state has seen is ever forgotten, and order matters.

    Attributes:
        read: the token ids that it was given, of all calls.
    """

    def __init__(self, given: Given, vocabulary: int, hidden_size: int, rnn_type: str = "GRU") -> None:
        super().__init__(given, vocabulary, hidden_size)
        self.rnn_type = rnn_type
        self.nlayers = 1
        self.read: list[int] = []

    def init_hidden(self, batch_size: int) -> State:
        h = torch.zeros(1, batch_size, self.nhid)
        return h if self.rnn_type != "LSTM" else (h, torch.zeros_like(h))

    def forward(self, input: Tensor, hidden: State) -> tuple[Tensor, State]:
        self.note(input.size(0))
        self.read += input.flatten().tolist()
        h, c = hidden if isinstance(hidden, tuple) else (hidden, None)
        steps = []
        for token in input:  # (B,)
            h = 2 * self.tokens[token] + h.roll(1, dims=2)  # (1, B, H)
            steps.append(h)
        return self.score(torch.cat(steps), input), h if c is None else (h, c)


class ForgetfulDouble(RNNModelDouble):
    """Stands in for an RNNModel that scores the next token alike, whatever it has read, and takes little time.

    Args:
        law: (V,), the log-probabilities.
    """

    def __init__(self, given: Given, law: Tensor) -> None:
        super().__init__(given, len(law), 4)
        self.law = law

    def forward(self, input: Tensor, hidden: State) -> tuple[Tensor, State]:
        self.note(input.size(0))
        return self.law.expand(input.numel(), -1).clone(), hidden


class TransformerModelDouble(LanguageModelDouble):
    """Stands in for a TransformerModel: two layers, in which every step sums what its mask shows it.

    With two layers the last step, too, depends on what the earlier ones may see.
    """

    def __init__(self, given: Given, vocabulary: int, hidden_size: int, max_len: int) -> None:
        super().__init__(given, vocabulary, hidden_size)
        self.max_len = max_len
        self.positional_encoding = PositionsDouble(given, hidden_size, 0.0, max_len)

    def forward(self, src: Tensor, src_mask: Tensor | None = None) -> Tensor:
        S = src.size(0)
        self.note(S)
        if src_mask is None:
            seen = torch.ones(S, S).tril()
        else:
            seen = (~src_mask).to(self.tokens.dtype) if src_mask.dtype == torch.bool else src_mask.exp()
        hidden = self.positional_encoding(self.tokens[src])  # (S, B, H)
        for _ in range(2):
            hidden = torch.sin(torch.tensordot(seen, hidden, dims=1))
        return self.score(2 * hidden, src)
