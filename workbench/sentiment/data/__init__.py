"""Reviews with a label: positive or negative, in three splits.

reviews.py  our own, made by a grammar
imdb.py     the Large Movie Review Dataset
"""

from __future__ import annotations

import functools
import random
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from torchtext.data import Dataset, Example, RawField

from workbench.datasets import corpus
from workbench.errors import DataError

CLASSES = ("negative", "positive")  # by their label
SPLIT_SEED, TRAIN_SHARE = 1234, 0.7  # of the classic exercise


class Review(NamedTuple):
    """A text, and 1 if it is positive, 0 if it is negative."""

    text: str
    label: int


@dataclass(frozen=True)
class Corpus(corpus.Corpus[Review]):
    """Reviews in three splits.

    Attributes:
        note: where they come from, in words.
    """

    note: str


@functools.cache  # a training, its task and every trial of a search ask for the same reviews
def load(name: str, data_root: Path | None = None) -> Corpus:
    """Load a corpus by its name: "reviews", made here and at once, or "imdb".

    Validation is 30 % of what is there for training, drawn with the classic exercise's seed.

    Args:
        data_root: the folder or the archive of imdb.

    Raises:
        DataError: for an unknown name, and where files are missing or are not what they should be.
    """
    if name == "reviews":
        from workbench.sentiment.data import reviews  # here, since both need Review

        learn, test, note = reviews.make()
    elif name == "imdb":
        from workbench.sentiment.data import imdb

        learn, test, note = imdb.read(data_root)
    else:
        raise DataError(f"data: expected reviews or imdb, got {name!r}")
    train, validation = divide(learn)
    return Corpus(name, train, validation, tuple(test), note)


def divide(reviews: list[Review]) -> tuple[tuple[Review, ...], tuple[Review, ...]]:
    """Training and validation reviews, 70 and 30 %, by torchtext's `Dataset.split`."""
    fields = [("review", RawField())]
    rows = Dataset([Example.fromlist([review], fields) for review in reviews], fields)
    parts = rows.split(TRAIN_SHARE, random_state=random.Random(SPLIT_SEED).getstate())
    train, validation = (tuple(example.review for example in part.examples) for part in parts)
    return train, validation
