"""The mean of the weights of several epochs, which often translates better than each of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from workbench.training import Epoch, Training


def best_of(history: Sequence[Epoch]) -> Epoch:
    """The epoch that validated best, the first of equals."""
    return min(history, key=lambda epoch: epoch.validation_loss)


def to_average(history: Sequence[Epoch], training: Training) -> list[int]:
    """The epochs whose mean is tried, in order; none where `average` is off."""
    if training.average < 2:
        return []
    last = [epoch.epoch for epoch in history[-training.average :]]
    best = [epoch.epoch for epoch in sorted(history, key=lambda epoch: epoch.validation_loss)[: training.average]]
    return last if training.average_of == "last" else sorted(best)


def to_keep(history: Sequence[Epoch], training: Training) -> set[int]:
    """The epochs whose weights may still be needed: those to average, and the one that the mean has to beat."""
    return {*to_average(history, training), best_of(history).epoch} if history and training.average > 1 else set()


def mean_of(weights: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of state_dicts; what is no floating-point number comes from the last."""
    return {
        name: torch.stack([each[name].double() for each in weights]).mean(dim=0).to(last.dtype)
        if last.is_floating_point()
        else last
        for name, last in weights[-1].items()
    }
