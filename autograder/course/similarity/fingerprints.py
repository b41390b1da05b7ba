"""Winnowed fingerprints of a submission.

Schleimer, Wilkerson and Aiken, 2003, "Winnowing: Local Algorithms for Document Fingerprinting". A gram is LENGTH tokens
in a row, as a number. Of WINDOW grams in a row the least is a fingerprint, so two functions that share
LENGTH + WINDOW - 1 tokens in a row share a fingerprint. No gram crosses functions; their order does not matter.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograder.course.similarity.tokens import Unit, handed_out, units, words

LENGTH = 6  # tokens; with names left out, six are about one line
WINDOW = 4
Files = Mapping[str, bytes]  # path -> source; for a notebook the code of its cells


def grams(unit: Unit) -> list[int]:
    """The grams of a unit, each at the place of its first token. They are the same in every process."""
    words = [token.word for token in unit]
    return [_number(" ".join(words[start : start + LENGTH])) for start in range(len(words) - LENGTH + 1)]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def winnowed(numbers: list[int]) -> Iterator[int]:
    """The least gram of each window; of fewer grams than a window has, the least."""
    for start in range(max(1, len(numbers) - WINDOW + 1) if numbers else 0):
        yield min(numbers[start : start + WINDOW])


@dataclass(frozen=True)
class Baseline:
    """What every student has: the handout, and the solution, which is what the assignment leads to.

    Attributes:
        names: names that the handout binds.
        known: all grams of handout and solution; they say nothing of two submissions that share them.
    """

    names: frozenset[str]
    known: frozenset[int]

    @classmethod
    def of(cls, handout: Files, solution: Files) -> "Baseline":
        names = handed_out(handout)
        found: list[Unit] = []
        for files in (handout, solution):
            found += [unit for of_file in units(files, names).values() for unit in of_file]
            found += words(files)
        return cls(names, frozenset(gram for unit in found for gram in grams(unit)))

    def units(self, files: Files) -> dict[str, list[Unit]]:
        """The tokens of each file. Never raises, whatever the bytes."""
        return units(files, self.names)

    def fingerprints(self, files: Files) -> NDArray[np.uint64]:
        """The fingerprints of a submission that are its own, sorted; each once. Never raises."""
        found = (unit for file in self.units(files).values() for unit in file)
        return _sorted(gram for unit in found for gram in winnowed(grams(unit)) if gram not in self.known)


def _sorted(numbers: Iterable[int]) -> NDArray[np.uint64]:
    return np.array(sorted(set(numbers)), dtype=np.uint64)
