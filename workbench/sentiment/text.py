"""Reviews as ids and as batches. Fields, data sets and batches are torchtext's; the ids come from students' code.

Shapes: N reviews of a batch, T ids of the longest one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torchtext.data import Dataset, Example, Field, LabelField, RawField
from tqdm import tqdm

from workbench.datasets.buckets import buckets
from workbench.errors import WorkbenchError
from workbench.sentiment.data import Review


class Batch(NamedTuple):
    """Ids (N, T), labels (N,) of 0.0 and 1.0, and the places (N,) of the reviews in their split."""

    text: Tensor
    label: Tensor
    place: Tensor


class Batches:
    """The batches of a split or an epoch: always the same ones in the same order."""

    def __init__(
        self, rows: Dataset, size: int, state: Any = None, share: tuple[int, int] = (0, 1), start: int = 0
    ) -> None:
        """Prepare the batches.

        Args:
            state: of Python's random numbers, to shuffle with; None sorts by length.
            share: rank and world.
            start: the first batch to make.
        """
        self._rows, self._size, self._state, self._share, self._start = rows, size, state, share, start

    def __len__(self) -> int:
        return max(0, -(-len(self._rows) // self._size) - self._start)

    def start_at(self, batch: int) -> Batches:
        return Batches(self._rows, self._size, self._state, self._share, batch)

    def __iter__(self) -> Iterator[Batch]:
        rank, world = self._share
        for batch in buckets(self._rows, self._size, lambda row: len(row.text), self._state, self._start):
            yield Batch(*(field[rank::world] for field in (batch.text, batch.label, torch.tensor(batch.place))))


class Texts:
    """Makes ids of reviews, with a tree's `numericalize`."""

    def __init__(self, numericalize: Callable[[Any, str, int], list[int]], tokenizer: Any, max_length: int) -> None:
        self._numericalize, self._tokenizer, self._max_length = numericalize, tokenizer, max_length
        text = Field(use_vocab=False, tokenize=self.ids, pad_token=tokenizer.pad_token_id, batch_first=True)
        label = LabelField(use_vocab=False, dtype=torch.float)
        self._fields = [("text", text), ("label", label), ("place", RawField())]
        self._known: dict[Sequence[Review], Dataset] = {}

    def ids(self, text: str) -> list[int]:
        """The ids of a text.

        Raises:
            WorkbenchError: the tree's function gives something else.
        """
        ids = self._numericalize(self._tokenizer, text, self._max_length)
        if isinstance(ids, list) and 2 <= len(ids) <= self._max_length and all(type(each) is int for each in ids):
            return ids
        came = f"a {type(ids).__name__}"
        if isinstance(ids, list):
            odd = next((each for each in ids if type(each) is not int), None)
            came = f"a list with {odd!r:.40}, a {type(odd).__name__}," if odd is not None else f"{len(ids)} of them"
        raise WorkbenchError(
            f"numericalize returned {came} for {text[:40]!r}; expected a list of 2 to {self._max_length} ids, "
            "each of type int"
        )

    def rows(self, reviews: tuple[Review, ...]) -> Dataset:
        """Reviews with their ids; made once."""
        if reviews not in self._known:
            bar = tqdm(reviews, "tokenizing", unit=" reviews", delay=2, leave=False, disable=None)
            examples = [Example.fromlist([text, label, place], self._fields) for place, (text, label) in enumerate(bar)]
            self._known[reviews] = Dataset(examples, self._fields)
        return self._known[reviews]

    def batches(
        self, reviews: tuple[Review, ...], size: int, shuffle: str | None = None, share: tuple[int, int] = (0, 1)
    ) -> Batches:
        """Batches of reviews of similar length.

        Args:
            shuffle: what the order follows from; None sorts by length.
            share: rank and world; each process gets its rows of every batch.
        """
        state = None if shuffle is None else random.Random(shuffle).getstate()
        return Batches(self.rows(reviews), size, state, share)
