"""What the trainer asks of the thing that it trains: batches, their losses, and the loss of the validation split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from torch import Tensor, nn


class Batches(Protocol):
    """The batches of an epoch, the same whenever they are asked for."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def start_at(self, batch: int) -> Iterable[Any]:
        """The batches from this one on, counted from 0."""


class Task(Protocol):
    """What is trained, and on what.

    With several processes each one gets its share of every batch and of the validation split; all of them see the
    same number of batches. A share may be empty.
    """

    @property
    def module(self) -> nn.Module: ...

    @property
    def unit(self) -> str:
        """What losses are means over, in the plural: tokens, or what the part names."""

    def batches(self, epoch: int) -> Batches:
        """The training batches of an epoch, counted from 1."""

    def loss(self, batch: Any) -> tuple[Tensor, int]:
        """The training loss, summed over the batch's tokens, and their number; for 0 tokens the loss is not used."""

    def validate(self) -> tuple[float, int] | tuple[float, int, int]:
        """The negative log-likelihood, summed over the validation split's tokens, and their number.

        Where classes are predicted, a third number says how many of these are right. A token is what `unit` names.

        Called in evaluation mode and without gradients.
        """

    def state(self) -> Any:
        """What the next batch needs of earlier ones: nested dicts, lists, plain values and tensors, or None."""

    def load_state(self, state: Any) -> None:
        """Restore a saved `state`, whose tensors are on the CPU and whose tuples have become lists.

        Not called if the saved state is None, or if it was saved by another number of processes.
        """


class PartTask(Task, Protocol):
    """A task that can also be tried before training, so that missing code is reported at once."""

    def try_out(self) -> None:
        """Call once everything that training will call."""

    def notes(self) -> list[str]:
        """Notes to print before training."""
