"""Means of weights, over several epochs or over updates: often better than any of the weights that go into them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from workbench.training.hyperparameters import Training
from workbench.training.records import Epoch


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
    """The mean of state_dicts; tensors of integers are those of the last one."""
    return {
        name: torch.stack([state[name].double() for state in weights]).mean(dim=0).to(last.dtype)
        if last.is_floating_point()
        else last
        for name, last in weights[-1].items()
    }


class MovingMean:
    """The moving mean of a module's weights over its updates, with polynomial decay (Shamir & Zhang 2013, eta = 8).

    It takes in a share of 9 / (t + 8) of the weights after update t, so that about the last tenth of all updates
    counts, and never a smaller share than 1 - decay: at most about the last 1 / (1 - decay) updates count.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        """decay: the largest share of the mean that an update keeps; with 0 the weights stay as they are."""
        self._decay, self._updates = decay, 0
        self._weights = list(module.parameters()) if decay else []
        self._means = [weight.detach().clone() for weight in self._weights]

    @torch.no_grad()
    def follow(self) -> None:
        """Take in the weights after an update."""
        self._updates += 1
        share = max(1 - self._decay, 9 / (self._updates + 8))
        for mean, weight in zip(self._means, self._weights, strict=True):
            mean.lerp_(weight, share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the module the mean as its weights; restores its own weights on exit."""
        own = [weight.detach().clone() for weight in self._weights]
        try:
            _fill(self._weights, self._means)
            yield
        finally:
            _fill(self._weights, own)

    def state(self) -> dict[str, Any]:
        return {"updates": self._updates, "means": self._means}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on with a mean that was saved."""
        self._updates = state["updates"]
        _fill(self._means, state["means"])


@torch.no_grad()
def _fill(tensors: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)
