"""Statistics of random values, which are judged in their place; they are computed where no student code runs.

A test shows the values and names the statistic. Each statistic is the same for all right draws, so the judge can
compare it like any other value. Like the judge, this module imports no torch: it takes numpy arrays and returns words
or numbers.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.outcome import Array, Outcome

CHANCE = 1e-11  # probability that a statistic rejects right draws
ROUNDING = 1e-6  # share of a range by which values may lie outside it


def measured(outcome: Outcome, expected: Outcome) -> Outcome:
    """The outcome with statistics in place of drawn values.

    Args:
        expected: the right outcome; it alone says what is measured, and how.
    """
    shown = dict(outcome.shown)
    for name, (kind, *details) in expected.measures.items():
        if name in shown:  # a student could send a statistic's words, so a shown sentence never counts as one
            value = shown[name]
            shown[name] = f"{value}, no tensor" if isinstance(value, str) else STATISTICS[kind](value, *details)
    return replace(outcome, shown=shown)


def spread(values: Array, low: float, high: float) -> str:
    """Whether values look uniformly drawn from low to high: none outside, few alike, some near both ends, centred."""
    with np.errstate(all="ignore"):  # huge values overflow, and a student need not see that warning
        return f"a tensor of shape {values.shape}, {_spread(values.astype(np.float64), low, high)}"


def _spread(values: Array, low: float, high: float) -> str:
    width, size = high - low, max(values.size, 1)
    if not values.size or not np.isfinite(values).all():
        return "not all of whose values are finite"
    middle = (low + high) / 2
    if 2.0 ** (1 - size) < CHANCE and (values.min() > middle or values.max() < middle):
        return f"all of whose values lie on one side of the middle of {low:.4g} to {high:.4g}"
    if values.min() < low - ROUNDING * width or values.max() > high + ROUNDING * width:
        return f"some of whose values lie outside of {low:.4g} to {high:.4g}"
    if size > 1 and np.unique(values).size <= size / 2:
        return "most of whose values are the same"
    near = width * (1 - CHANCE ** (1 / size))  # of so many draws one at least is as near to an end
    if values.min() > low + near or values.max() < high - near:
        return f"whose values do not reach as far as {low:.4g} and {high:.4g}"
    if abs(values.mean() - middle) > 6.8 * width / math.sqrt(12 * size):  # so many standard deviations
        return f"whose values lie mostly in one half of {low:.4g} to {high:.4g}"
    return f"whose values are spread from {low:.4g} to {high:.4g}"


def frequencies(ids: Array, draws: int, laws: Sequence[Sequence[float]]) -> Array | str:
    """The first of some laws, the right one and those of common mistakes, by which ids may have been drawn.

    Where an id was never drawn, a law without it counts, too. Where no law fits, these are the frequencies.
    """
    right, *mistakes = (np.asarray(law, dtype=np.float64) for law in laws)
    if ids.dtype.kind != "i" or ids.shape != (draws,) or not ((ids >= 0) & (ids < right.size)).all():
        return f"a tensor of {ids.dtype} of shape {ids.shape}, where {draws} ids below {right.size} are expected"
    observed = np.bincount(ids, minlength=right.size) / draws
    drawn_law = np.where(observed > 0, right, 0.0)
    agreeing = [law for law in (right, *mistakes, drawn_law / drawn_law.sum()) if not _improbable(observed, law, draws)]
    return (agreeing[0] if agreeing else observed).astype(np.float32)


def _improbable(observed: Array, law: Array, draws: int) -> bool:
    """Whether frequencies are too far from a law's probabilities to be chance.

    Looked at are all ids one by one, and the first k together, for every k. By Chernoff's bound
    draws * KL(frequency, probability) of the right law is above log(2 / CHANCE) with no more than that chance.
    """
    f, p = (np.append(values, values.cumsum()[:-1]) for values in (observed, law))
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = np.where(f > 0, f * np.log(f / p), 0.0) + np.where(f < 1, (1 - f) * np.log((1 - f) / (1 - p)), 0.0)
    return bool((draws * divergence > math.log(2 / CHANCE)).any())


def alike(rows: Array, names: Sequence[str]) -> str:
    """Which of several tensors, stacked, are the same: "one = two != three"."""
    if rows.ndim == 0 or len(rows) != len(names):
        return f"a tensor of shape {rows.shape}, where {len(names)} rows are expected"
    groups: dict[bytes, list[str]] = {}
    for name, row in zip(names, rows, strict=True):
        groups.setdefault(row.tobytes(), []).append(name)
    return " != ".join(" = ".join(group) for group in groups.values())


STATISTICS: Mapping[str, Callable[..., Any]] = {"spread": spread, "frequencies": frequencies, "alike": alike}
