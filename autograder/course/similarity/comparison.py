"""Compares all works of a class by their fingerprints, through an index from fingerprint to works.

A fingerprint weighs the more, the fewer of the other works have it: the logarithm of the reciprocal of their share.
What more than a share of the class has weighs little, so many copies of one work hide one another: `groups` finds them.
The score of a pair is the weight of what it shares. Its share is the score in relation to the smaller work's own
weight: it shows a copy of a work that has only what many have.

How unusual a score is follows from the class itself. Among independent works the number of pairs above a score falls
exponentially; the fall is measured where nearly all pairs are independent even if every work had COPIES partners that
copied. "Unusual" is the decimal logarithm of how rare score or share would be, whichever is rarer: at 2, one of 100
classes of independent works would show one such pair. It extends a line far beyond what was measured, so it ranks pairs
and is no probability.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COMMON = 0.1  # of the class: what more of it writes alike weighs nothing
LITTLE = 0.1  # of its weight is left to a fingerprint of more than that; none to one of more than half of the works
FEW = 3  # works are never a large share, however small the class
THRESHOLD = 2.0  # how unusual a pair has to be to be reported
COPIES = 5  # partners that a work may have copied with without hiding how independent works look
EMPTY = 0.25  # of a typical work's weight: added to each, so that works of a few lines do not share all that they have
SMALL = 20  # works: a smaller class says too little of itself, so these bounds hold, in scores of a work with its twin:
HIGHEST_BASE = 0.25
WIDEST_FALL = 0.1
NARROWEST_FALL = 0.06  # in any class: twice that of independent rewrites of one assignment


@dataclass(frozen=True)
class Match:
    """Two works that share fingerprints; `other` may be of an earlier term.

    Attributes:
        score: the weight of what they share.
        unusual: see the module.
        share, other_share: the score as a share of what each work would share with its twin.
    """

    one: str
    other: str
    score: float
    unusual: float
    share: float
    other_share: float


@dataclass(frozen=True)
class Usual:
    """How values of independent works fall: `count` pairs reach `base`, and a part of 1/e of them `fall` more."""

    base: float
    fall: float
    count: float

    def unusual(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """How rare values are, as a power of ten."""
        return (values - np.float32(self.base)) / np.float32(self.fall * math.log(10)) - np.float32(
            math.log10(self.count)
        )


@dataclass(frozen=True)
class Comparison:
    """What comparing a class gave.

    Attributes:
        matches: those that are at least as unusual as asked for, the most unusual first.
        common: the fingerprints that weighed little.
        works, earlier, pairs: how many were compared.
    """

    matches: tuple[Match, ...]
    common: frozenset[int]
    works: int
    earlier: int
    pairs: int


class Index:
    """The fingerprints of a class and of earlier terms."""

    def __init__(
        self,
        works: Mapping[str, NDArray[np.uint64]],
        earlier: Mapping[str, NDArray[np.uint64]],
        common: float = COMMON,
    ) -> None:
        """Build the index.

        Args:
            works, earlier: identifier -> fingerprints, each once. The order of the works changes nothing.
            common: the largest share of all works that may have a fingerprint that weighs something.
        """
        self.ids = [*sorted(works), *sorted(earlier)]
        self.of_class = len(works)
        found = [works[id] for id in sorted(works)] + [earlier[id] for id in sorted(earlier)]
        self._sizes = np.array([len(numbers) for numbers in found], np.intp)
        owners = np.repeat(np.arange(len(found)), self._sizes)
        numbers = np.concatenate(found) if found else np.zeros(0, np.uint64)
        distinct, which, counts = np.unique(numbers, return_inverse=True, return_counts=True)
        few = counts <= max(FEW, common * len(found))
        self.common = frozenset(int(number) for number in distinct[~few])
        others = max(len(found) - 1, 1)
        rarity = np.log(np.maximum(others / (np.maximum(counts, 2) - 1.5), 1))
        self._weights = rarity * np.where(few, 1, np.where(counts <= len(found) / 2, LITTLE, 0))
        self._totals = np.bincount(owners, self._weights[which], len(found))
        self.twin = float(np.median(self._totals[self._totals > 0])) if self._totals.any() else 1.0
        self._which = which  # by work
        self._bounds = np.searchsorted(owners, np.arange(len(found) + 1))
        self._postings = owners[np.argsort(which, kind="stable")]  # by fingerprint
        self._counts = counts
        self._starts = np.cumsum(counts) - counts

    def scores(self, work: int) -> NDArray[np.float32]:
        """The scores of a work, named by its place in `ids`, with all works."""
        own = self._which[self._bounds[work] : self._bounds[work + 1]]
        own = own[self._weights[own] > 0]
        weights = np.repeat(self._weights[own], self._counts[own])
        return np.asarray(np.bincount(self._partners(own), weights, len(self.ids)), np.float32)

    def alike(self, work: int) -> NDArray[np.float64]:
        """The share of all fingerprints of two works that both have, of a work with all other works, from 0 to 1."""
        own = self._which[self._bounds[work] : self._bounds[work + 1]]
        both = np.bincount(self._partners(own), minlength=len(self.ids))
        return np.asarray(both / np.maximum(self._sizes + self._sizes[work] - both, 1), np.float64)

    def _partners(self, fingerprints: NDArray[np.intp]) -> NDArray[np.intp]:
        """The works that have the first fingerprint, those that have the next, and so on."""
        counts = self._counts[fingerprints]
        places = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)  # 0, 1, ... for each
        return np.asarray(self._postings[np.repeat(self._starts[fingerprints], counts) + places])

    def share(self, work: int, score: float) -> float:
        """A score as a share of what a work would share with its twin."""
        total = float(self._totals[work])
        return min(score / total, 1.0) if total else 0.0

    def relative(self, work: int, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """The scores of a work with all works in relation to the smaller one of each two."""
        smaller = np.minimum(self._totals, self._totals[work]) + EMPTY * self.twin
        return np.asarray(scores / smaller, np.float32)

    def usual(self, values: NDArray[np.float32], unit: float) -> Usual:
        """How values of independent works fall.

        Args:
            values: of all pairs.
            unit: the value of a typical work and its twin.
        """
        share = min(0.25, COPIES / len(self.ids))
        base, lower = (_least_of_largest(values, part) for part in (share, 4 * share))
        fall = max((base - lower) / math.log(4), NARROWEST_FALL * unit)
        if len(self.ids) < SMALL:
            base, fall = min(base, HIGHEST_BASE * unit), min(fall, WIDEST_FALL * unit)
        return Usual(base, fall, share * len(values))


def _least_of_largest(scores: NDArray[np.float32], share: float) -> float:
    """The score that a share of all pairs reaches."""
    place = max(len(scores) - 1 - int(share * len(scores)), 0)
    return float(np.partition(scores, place)[place])


def kept_apart(ids: Sequence[str], same: Collection[Collection[str]]) -> dict[int, set[int]]:
    """For works of a student who has several, by their places in `ids`: the places of all of that student's.

    Args:
        same: groups of works of one student; those that are not in `ids` are left out.
    """
    place = {id: number for number, id in enumerate(ids)}
    apart: dict[int, set[int]] = {}
    for group in same:
        places = [place[id] for id in group if id in place]
        for work in places:
            apart.setdefault(work, set()).update(places)
    return apart


def compare(
    works: Mapping[str, NDArray[np.uint64]],
    earlier: Mapping[str, NDArray[np.uint64]] | None = None,
    *,
    threshold: float = THRESHOLD,
    common: float = COMMON,
    same: Collection[Collection[str]] = (),
    asked: tuple[str, str] | None = None,
) -> Comparison:
    """Compare each two works of a class, and each of them with each work of earlier terms.

    Args:
        works, earlier: identifier -> fingerprints; no identifier may be in both.
        threshold: how unusual a pair has to be to be among the matches.
        same: groups of works of one student, which are not compared with one another.
        asked: a pair, in the order of `Match`, that is among the matches however usual it is.
    """
    index = Index(works, earlier or {}, common)
    place = {id: number for number, id in enumerate(index.ids)}
    apart = kept_apart(index.ids, same)
    scores, shares = [], []
    for work in range(index.of_class):
        row = index.scores(work)
        row[list(apart.get(work, ()))] = 0
        scores.append(row[work + 1 :])
        shares.append(index.relative(work, row)[work + 1 :])
    count = sum(map(len, scores))
    found: list[Match] = []
    if count:
        by_score = index.usual(np.concatenate(scores), index.twin)
        by_share = index.usual(np.concatenate(shares), 1.0)
        for one, (row, relative) in enumerate(zip(scores, shares, strict=True)):
            unusual = np.maximum(by_score.unusual(row), by_share.unusual(relative))
            wanted = unusual >= threshold
            if asked and place[asked[0]] == one:
                wanted[place[asked[1]] - one - 1] = True
            for there in np.flatnonzero(wanted & (row > 0)):
                other, score = int(there) + one + 1, float(row[there])
                parts = index.share(one, score), index.share(other, score)
                found.append(Match(index.ids[one], index.ids[other], score, float(unusual[there]), *parts))
    found.sort(key=lambda match: (-match.unusual, -match.score, match.one, match.other))
    return Comparison(tuple(found), index.common, len(works), len(earlier or {}), count)
