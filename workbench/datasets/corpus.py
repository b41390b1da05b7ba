"""What a data set has in common with others: a name, and three splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from workbench.errors import DataError

SPLITS = ("train", "validation", "test")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Corpus(Generic[Row]):
    """Rows to learn from, to choose by, and to measure with. No model sees `test` before it is evaluated for good."""

    name: str
    train: tuple[Row, ...]
    validation: tuple[Row, ...]
    test: tuple[Row, ...]

    def split(self, name: str) -> tuple[Row, ...]:
        """The rows of the split "train", "validation" or "test".

        Raises:
            DataError: for any other name.
        """
        if name not in SPLITS:
            raise DataError(f"split: expected one of {', '.join(SPLITS)}, got {name!r}")
        rows: tuple[Row, ...] = getattr(self, name)
        return rows
