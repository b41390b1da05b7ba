"""Tokens and their ids."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from harness import files
from workbench.errors import DataError

__all__ = ["EOS", "UNK", "Vocabulary"]

UNK, EOS = "<unk>", "<eos>"  # any word that is not known; the end of a line
FORMAT = 1  # of the file


class Vocabulary:
    """The ids of tokens: `<unk>` 0, `<eos>` 1, then the most frequent first; equals in Unicode's order.

    Attributes:
        idx2word: the token of each id.
        word2idx: the id of each token.
    """

    def __init__(self, idx2word: Sequence[str]) -> None:
        self.idx2word = list(idx2word)
        self.word2idx = {token: id for id, token in enumerate(self.idx2word)}

    @classmethod
    def fit(cls, tokens: Iterable[str]) -> Vocabulary:
        """All tokens of the training split alone. An `<unk>` that its text holds already is the same token."""
        counts = Counter(tokens)
        known = sorted(counts.keys() - {UNK, EOS}, key=lambda token: (-counts[token], token))
        return cls([UNK, EOS, *known])

    def __len__(self) -> int:
        return len(self.idx2word)

    def encode(self, tokens: Iterable[str]) -> Tensor:
        """The tokens' ids, (M,) int64; 0 for those that are not known."""
        return torch.tensor([self.word2idx.get(token, 0) for token in tokens], dtype=torch.int64)

    def decode(self, ids: Tensor | Iterable[int]) -> list[str]:
        """The tokens of these ids."""
        return [self.idx2word[id] for id in (ids.tolist() if isinstance(ids, Tensor) else ids)]

    def save(self, path: Path) -> None:
        """Write it as JSON, the file whole or not at all."""
        content = {"format": FORMAT, "idx2word": self.idx2word}
        files.replace(path, (json.dumps(content, ensure_ascii=False, indent=0) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read the vocabulary that `save` has written.

        Raises:
            DataError: there is no such file, or it holds something else.
        """
        try:
            content = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: expected a vocabulary as JSON, could not read it: {error}") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise DataError(f"{path}: expected a vocabulary of format {FORMAT}; train again with this version")
        tokens = content.get("idx2word")
        if not isinstance(tokens, list) or tokens[:2] != [UNK, EOS] or not _are_different_words(tokens):
            raise DataError(f"{path}: expected under 'idx2word' different tokens after {UNK} and {EOS}")
        return cls(tokens)


def _are_different_words(tokens: list[object]) -> bool:
    return all(isinstance(token, str) for token in tokens) and len(set(tokens)) == len(tokens)
