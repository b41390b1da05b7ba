"""How good probabilities of two classes are: accuracy, confusion matrix, calibration, the most confident mistakes.

Shapes: N reviews. Probabilities (N,) are of the class 1, labels (N,) are 0 or 1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

BINS = 10


def confusion(probabilities: Tensor, labels: Tensor) -> list[list[int]]:
    """How many reviews there are of each class, by the class that they were taken for: rows are true classes."""
    taken = (probabilities > 0.5).long()
    return [[int(((labels == true) & (taken == guess)).sum()) for guess in (0, 1)] for true in (0, 1)]


def accuracy(matrix: list[list[int]]) -> float:
    """The share of right ones in a confusion matrix."""
    return (matrix[0][0] + matrix[1][1]) / sum(map(sum, matrix))


class Bin(NamedTuple):
    """Reviews whose probabilities lie close together.

    Attributes:
        probability: its mean.
        share: of positive reviews among them; the same as `probability` where a model is calibrated.
        reviews: how many.
    """

    probability: float
    share: float
    reviews: int


def calibration(probabilities: Tensor, labels: Tensor) -> list[Bin]:
    """Reviews in BINS intervals of their probability; empty ones are left out."""
    place = (probabilities * BINS).long().clamp(max=BINS - 1)
    bins = []
    for index in range(BINS):
        inside = place == index
        if count := int(inside.sum()):
            bins.append(Bin(probabilities[inside].mean().item(), labels[inside].float().mean().item(), count))
    return bins


def calibration_error(bins: list[Bin]) -> float:
    """The mean distance of probability and share over all reviews (Naeini et al. 2015, ECE)."""
    return sum(each.reviews * abs(each.probability - each.share) for each in bins) / sum(each.reviews for each in bins)


def worst(probabilities: Tensor, labels: Tensor, count: int) -> list[int]:
    """The places of the most confident mistakes, the most confident one first."""
    doubt = torch.where(labels == 1, probabilities, 1 - probabilities)  # in the right class
    wrong = (probabilities > 0.5) != (labels == 1)
    order: list[int] = doubt.masked_fill(~wrong, 2.0).argsort(stable=True).tolist()
    return order[: min(count, int(wrong.sum()))]
