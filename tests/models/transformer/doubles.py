"""A given stand-in for the layers of a full Transformer; harness/doubles.py says what stand-ins have in common."""

from typing import Any

import torch
from torch import Tensor, nn

from harness.doubles import mode_of
from harness.given import Given


class ScriptedDecoding:
    """Replaces a FullTransformerTranslator's `encode` and `decode` by tables; the best scored tokens follow a script.

    The scores depend on every token fed so far, on the memory and on the source: whatever is fed wrongly shows.

    Args:
        script: (N, L), the token that row n of the batch scores best at step t. What follows an <eos> there tempts a
            generation that goes on.

    Attributes:
        encodings, decodings: how often each of the two was called.
        modes: the model's mode (`mode_of`), for each of these calls.
    """

    def __init__(self, model: Any, given: Given, script: Tensor, vocabulary: int, source_vocabulary: int) -> None:
        N, L = script.shape
        self.model = model
        self.script = nn.functional.one_hot(nn.functional.pad(script, (0, 1)), vocabulary)  # (N, L + 1, V)
        self.tokens = given.uniform("decoding tokens", vocabulary, vocabulary)
        self.order = given.uniform("decoding order", L + 1, vocabulary)
        self.rows = given.uniform("decoding rows", N, vocabulary)
        self.source = given.uniform("decoding source", source_vocabulary, vocabulary)
        self.encodings = self.decodings = 0
        self.modes: list[str] = []
        model.encode, model.decode = self.encode, self.decode

    def encode(self, src: Tensor) -> Tensor:
        """Source tokens (N, T) -> memory (N, T, 1 + V): the row's number, then its features."""
        self.encodings += 1
        self.modes.append(mode_of(self.model))
        rows = self.rows[: src.size(0)]
        numbers = torch.arange(len(rows)).unsqueeze(1).to(rows.dtype)
        return torch.cat((numbers, rows), dim=1).unsqueeze(1).repeat(1, src.size(1), 1)

    def decode(self, tgt: Tensor, memory: Tensor, src: Tensor) -> Tensor:
        """Decoder input (N, S), memory and source tokens -> scores (N, S, V); row t has seen tgt[:, : t + 1]."""
        self.decodings += 1
        self.modes.append(mode_of(self.model))
        S = tgt.size(1)
        seen = torch.tanh((self.tokens[tgt] * self.order[:S]).cumsum(dim=1))  # (N, S, V)
        context = memory[:, 0, 1:] + self.source[src].mean(dim=1)  # (N, V)
        favoured = self.script[memory[:, 0, 0].long(), :S]
        return seen + context.unsqueeze(1) + 8 * favoured
