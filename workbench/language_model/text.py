"""The record of a corpus of language models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["words", "characters"]


@dataclass(frozen=True)
class TextCorpus:
    """Running text. No model sees `test` before it is evaluated for good.

    Attributes:
        unit: what a token is, "words" or "characters".
        train, validation, test: lines, without what ends them. Some are empty.
        note: what has to be said beside a number that was measured on it.
    """

    name: str
    unit: Unit
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    note: str
