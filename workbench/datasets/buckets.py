"""Batches of rows of similar length, by torchtext's BucketIterator: the same ones whenever they are asked for."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from torchtext.data import BucketIterator, Dataset


def buckets(
    rows: Dataset, size: int, length: Callable[[Any], int], state: Any = None, start: int = 0
) -> BucketIterator:
    """Iterate over batches of rows.

    Args:
        size: rows of a batch.
        length: the length of a row, by which rows are sorted into batches, and within a batch.
        state: of Python's random numbers, to shuffle with; None sorts all rows, without shuffling.
        start: the first batch to make, counted from 0.
    """
    shuffle = state is not None
    iterator = BucketIterator(rows, size, sort_key=length, train=shuffle, sort_within_batch=True)
    # It would shuffle with Python's global random state. Restored like this it has its own, and it skips batches.
    iterator.load_state_dict(
        {
            "iterations": start,
            "iterations_this_epoch": start,
            "random_state_this_epoch": state or random.Random(0).getstate(),
        }
    )
    return iterator
