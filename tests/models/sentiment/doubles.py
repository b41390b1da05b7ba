"""Given stand-ins for BERT, its tokenizer and classifiers; harness/doubles.py says what stand-ins have in common."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from harness.doubles import mode_of
from harness.given import Given

PAD, UNK, CLS, SEP = 3, 1, 5, 6  # ids that no other tokenizer has; 0 is a token like others
FIRST = 7  # the id of the first piece
PIECES = tuple(f"{first}{second}" for first in "bdfgklmnprst" for second in "aeiou")
VOCABULARY = FIRST + 2 * len(PIECES)  # each piece begins a word, or goes on with one


class TokenizerDouble:
    """Stands in for BERT's tokenizer: words are cut into pieces of two letters, such as "ba ##de" of "bade"."""

    cls_token, sep_token, pad_token, unk_token = "[CLS]", "[SEP]", "[PAD]", "[UNK]"
    cls_token_id, sep_token_id, pad_token_id, unk_token_id = CLS, SEP, PAD, UNK

    def __init__(self) -> None:
        begin = {piece: FIRST + index for index, piece in enumerate(PIECES)}
        go_on = {f"##{piece}": FIRST + len(PIECES) + index for index, piece in enumerate(PIECES)}
        special = {self.cls_token: CLS, self.sep_token: SEP, self.pad_token: PAD, self.unk_token: UNK}
        self.vocab = begin | go_on | special

    def tokenize(self, sentence: str) -> list[str]:
        tokens = []
        for word in sentence.lower().split():
            pieces = [word[start : start + 2] for start in range(0, len(word), 2)]
            tokens += [pieces[0], *(f"##{piece}" for piece in pieces[1:])]
        return tokens

    def convert_tokens_to_ids(self, tokens: str | Sequence[str]) -> int | list[int]:
        if isinstance(tokens, str):
            return self.vocab.get(tokens, UNK)
        return [self.vocab.get(token, UNK) for token in tokens]


def sentence_of(given: Given, words: int, name: str = "words") -> str:
    """A sentence of words of one to three pieces."""
    lengths = given.integers(f"{name}, lengths", words, low=1, high=4).tolist()
    pieces = iter(given.integers(f"{name}, pieces", sum(lengths), low=0, high=len(PIECES)).tolist())
    return " ".join("".join(PIECES[next(pieces)] for _ in range(length)) for length in lengths)


class Read(NamedTuple):
    """What BERT returns, by name or by index."""

    last_hidden_state: Tensor


class BertDouble(nn.Module):
    """Stands in for BERT: what it says of a token depends on all tokens that the mask lets it read.

    In training mode its outputs are others, as with dropout. At padded positions they are large, so that whoever uses
    them notices.

    Attributes:
        masks: the attention mask of every call as numbers, or None.
        modes, gradients: for every call, the mode (`mode_of`) and whether gradients were recorded.
    """

    def __init__(self, given: Given, hidden_size: int) -> None:
        super().__init__()
        self.words = nn.Parameter(given.uniform("bert double words", VOCABULARY, hidden_size))
        self.mix = nn.Parameter(given.uniform("bert double mix", hidden_size, hidden_size))
        self.inner = nn.Identity()  # a layer that is in a mode like others
        self.config = SimpleNamespace(hidden_size=hidden_size, pad_token_id=PAD)
        self.masks: list[Tensor | None] = []
        self.modes: list[str] = []
        self.gradients: list[bool] = []

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None, return_dict: bool = True) -> "Read":
        self.masks.append(None if attention_mask is None else attention_mask.detach().clone() * 1)
        self.modes.append(mode_of(self))
        self.gradients.append(torch.is_grad_enabled())
        reads = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        reads = reads.to(self.words.dtype).unsqueeze(2)  # (N, T, 1)
        words = self.words[input_ids]  # (N, T, H)
        context = (reads * words).sum(dim=1, keepdim=True) / reads.sum(dim=1, keepdim=True).clamp(min=1)
        position = torch.arange(input_ids.size(1)).view(1, -1, 1) / 10
        hidden = torch.sin(words + context @ self.mix + position)
        hidden = hidden + 4 * (input_ids == PAD).unsqueeze(2)
        return Read(-hidden if self.training else hidden)


class ClassifierDouble(nn.Module):
    """Stands in for a classifier: each token has a weight, and in training mode logits are others.

    Attributes:
        modes: for every call, the mode (`mode_of`) and whether gradients were recorded.
        texts: the ids of every call.
    """

    def __init__(self, given: Given) -> None:
        super().__init__()
        self.weights = nn.Parameter(given.uniform("classifier double weights", VOCABULARY))
        self.bias = nn.Parameter(given.uniform("classifier double bias", 1))
        self.inner = nn.Identity()
        self.modes: list[tuple[str, bool]] = []
        self.texts: list[Tensor] = []

    def forward(self, text: Tensor) -> Tensor:
        self.modes.append((mode_of(self), torch.is_grad_enabled()))
        self.texts.append(text.detach().clone())
        weights = self.weights[text] * (text != PAD)
        order = torch.arange(1, text.size(1) + 1) / 4
        return (weights * order).sum(dim=1, keepdim=True) * (0.5 if self.training else 1.0) + self.bias


@contextmanager
def given_numericalize(training: Any) -> Iterator[None]:
    """Give the module `training` a right version of the function that it imports from tokenization, for a while."""
    own = {"numericalize": training.numericalize} if hasattr(training, "numericalize") else {}
    training.numericalize = _numericalize
    try:
        yield
    finally:
        del training.numericalize
        vars(training).update(own)


def _numericalize(tokenizer: TokenizerDouble, sentence: str, max_input_length: int = 512) -> list[int]:
    tokens = tokenizer.tokenize(sentence)[: max_input_length - 2]
    return [CLS, *(tokenizer.vocab.get(token, UNK) for token in tokens), SEP]
