"""Finds works that are nearly the same as a whole, in groups of any size.

The comparison of pairs weighs what many works have as little, so many copies of one work would hide one another there.
Here every fingerprint counts alike, however many works have it.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from autograder.course.similarity.comparison import Index, kept_apart

SAME = 0.7  # of the fingerprints of both: disguised copies share 0.76 and more, independent rewrites at most 0.14
LEAST = (
    30  # fingerprints of a work that can be in a group, a quarter of a short right solution: fewer are alike by chance
)


def groups(
    works: Mapping[str, NDArray[np.uint64]],
    earlier: Mapping[str, NDArray[np.uint64]],
    same: Collection[Collection[str]] = (),
) -> list[list[str]]:
    """The groups of at least two works in which each is nearly the same as some other one of its group.

    Args:
        works, earlier: identifier -> fingerprints; no identifier may be in both.
        same: groups of works of one student, which are not compared with one another.

    Returns:
        Identifiers; in a group, and by their first works, those of the class come before those of earlier terms.
    """
    ours, before = ({id: numbers for id, numbers in part.items() if len(numbers) >= LEAST} for part in (works, earlier))
    index = Index(ours, before)
    apart = kept_apart(index.ids, same)
    unseen = set(range(len(index.ids)))
    found = [_reached(start, index, apart, unseen) for start in range(len(index.ids)) if start in unseen]
    return [[index.ids[work] for work in sorted(group)] for group in found if len(group) > 1]


def _reached(start: int, index: Index, apart: Mapping[int, Collection[int]], unseen: set[int]) -> list[int]:
    """A work and all that a chain of nearly the same works leads to; they are taken from `unseen`."""
    unseen.remove(start)
    reached = [start]
    for work in reached:  # which grows
        near = unseen.intersection(np.flatnonzero(index.alike(work) >= SAME).tolist()).difference(apart.get(work, ()))
        unseen -= near
        reached += near
    return reached
