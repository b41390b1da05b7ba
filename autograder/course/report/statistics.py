"""What a class's numbers say: pure functions of arrays, with one entry for each submission."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_BINS = 14
DEVIATIONS = 5  # a value so many deviations above the median is unusual
LEAST_TRIED = 3  # submissions, before a test that all or none of them pass is worth a look
LEAST_EACH = 3  # submissions that pass and that fail, before a discrimination says anything


def edges(full: float) -> list[float]:
    """Borders of a histogram's bins from 0 to at least `full`, each a round number of points wide."""
    size = 10.0 ** math.floor(math.log10(full / MOST_BINS)) if full > 0 else 1.0
    width = next(size * step for step in (1, 2, 5, 10) if full <= size * step * MOST_BINS)
    count = max(1, math.ceil(full / width - 1e-9))
    return [round(index * width, 9) for index in range(count + 1)]


def bin_of(value: float, borders: Sequence[float]) -> int:
    """The bin of a value: each holds its lower border, the last one also its upper border."""
    return int(np.clip(np.searchsorted(borders, value, side="right") - 1, 0, len(borders) - 2))


def discrimination(passed: Flags, others: Numbers) -> float | None:
    """How well passing a test tells strong from weak students, from -1 to 1: the corrected item-total correlation.

    It is the point-biserial correlation of passing with the points of all other tests.

    Args:
        passed, others: for each submission whether it passes the test, and its points without this test's.

    Returns:
        None where fewer than LEAST_EACH pass or fail, or where all have equally many points otherwise.
    """
    if min(passed.sum(), (~passed).sum()) < LEAST_EACH or np.ptp(others) < 1e-9:
        return None
    return float(np.corrcoef(passed, others)[0, 1])


def unusual_above(values: Sequence[float], margin: float) -> float:
    """The value above which a measurement is unusual: median + 5 MAD, at least `margin` above the median.

    MAD is the median of the absolute deviations from the median, which a few extreme values do not move.
    """
    if not values:
        return math.inf
    median = np.median(values)
    deviation = np.median(np.abs(np.asarray(values) - median))
    return float(median + max(DEVIATIONS * deviation, margin))


def mean_and_median(values: Sequence[float]) -> dict[str, Any]:
    """Mean and median for people; None where there are no values."""
    return {
        "mean": float(np.mean(values)) if values else None,
        "median": float(np.median(values)) if values else None,
    }
