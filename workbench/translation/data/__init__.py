"""The corpora: pairs of a German sentence and its English translation, in three splits."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from workbench.errors import DataError

SPLITS = ("train", "validation", "test")


class Pair(NamedTuple):
    """A German sentence and its English translation: text as it is written, without a newline."""

    source: str
    target: str


@dataclass(frozen=True)
class Corpus:
    """Parallel sentences. No model sees `test` before it is evaluated for good."""

    name: str
    train: tuple[Pair, ...]
    validation: tuple[Pair, ...]
    test: tuple[Pair, ...]

    def split(self, name: str) -> tuple[Pair, ...]:
        """The pairs of the split "train", "validation" or "test".

        Raises:
            DataError: for any other name.
        """
        if name not in SPLITS:
            raise DataError(f"split: expected one of {', '.join(SPLITS)}, got {name!r}")
        pairs: tuple[Pair, ...] = getattr(self, name)
        return pairs


@functools.cache  # a training, its samples and every trial of a search ask for the same pairs
def load(name: str, data_root: Path | None = None) -> Corpus:
    """Load a corpus by its name.

    Args:
        name: "captions", generated here and at once, or "multi30k", 29,000 real captions.
        data_root: folder with the files of multi30k; without one they are downloaded once.

    Raises:
        DataError: for an unknown name, and where files are missing or are not what they should be.
    """
    if name == "captions":
        from workbench.translation.data import captions  # here, since it needs Pair and Corpus

        return captions.load()
    if name == "multi30k":
        from workbench.translation.data import multi30k

        return multi30k.load(data_root)
    raise DataError(f"data: expected captions or multi30k, got {name!r}")
