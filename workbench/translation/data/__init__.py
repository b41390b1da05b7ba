"""The corpora: pairs of a German sentence and its English translation, in three splits."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import NamedTuple

from workbench.datasets import corpus
from workbench.errors import DataError


class Pair(NamedTuple):
    """A German sentence and its English translation: text as it is written, without a newline."""

    source: str
    target: str


Corpus = corpus.Corpus[Pair]


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
