"""A language model as the trainer sees it: chunks of the text, their loss, the loss of the validation split."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor, nn

from workbench.errors import SettingsError, expect_gradient
from workbench.language_model.models import Chunk, LanguageModel, rows_of
from workbench.language_model.text import Unit
from workbench.language_model.vocabulary import Vocabulary
from workbench.training.devices import Processes
from workbench.training.settings import Settings


class Chunks:
    """The chunks of an epoch: the same text each time, in its order."""

    def __init__(self, model: LanguageModel, columns: Tensor, bptt: int, start: int = 0) -> None:
        """start: the chunk to begin with."""
        self.model, self.columns, self.bptt, self.start = model, columns, bptt, start

    def __len__(self) -> int:
        return len(rows_of(self.columns, self.bptt))

    def __iter__(self) -> Iterator[Chunk]:
        for row in rows_of(self.columns, self.bptt)[self.start :]:
            yield self.model.chunk(self.columns, row, self.bptt)

    def start_at(self, batch: int) -> Chunks:
        return Chunks(self.model, self.columns, self.bptt, batch)


class LanguageModelTask:
    """The trainer's task for language models.

    The hidden state is carried from each chunk to the next, within an epoch. With several processes each one reads
    columns of its own, with the hidden states of these.
    """

    unit = "tokens"

    def __init__(
        self,
        model: LanguageModel,
        train: Tensor,
        validation: Tensor,
        settings: Settings,
        processes: Processes,
        vocabulary: Vocabulary,
        unit: Unit,
    ) -> None:
        """Cut the text.

        Args:
            train, validation: token ids (M,).
            vocabulary, unit: for whoever wants to read what the model writes.

        Raises:
            SettingsError: there are more processes than columns.
        """
        self.model, self.vocabulary, self.unit = model, vocabulary, unit
        self.module: nn.Module = model.module
        self.reading = reading = settings.batching
        if processes.world > reading.batch_size:
            raise SettingsError(
                f"batch_size is {reading.batch_size}, and each of {processes.world} processes needs a column of its own"
            )
        text = f"with first={reading.first} the training split" if reading.first else "the training split"
        self.train = self._share(train[: reading.first or None], text, "batch_size", processes)
        self.validation = self._share(validation, "the validation split", "eval_batch_size", processes)
        self.hidden: Any = None

    def batches(self, epoch: int) -> Chunks:
        return Chunks(self.model, self.train, self.reading.bptt)

    def loss(self, batch: Chunk) -> tuple[Tensor, int]:
        loss, self.hidden = self.model.loss(batch, self.hidden if batch.row else None)
        return loss, batch.target.numel()

    def validate(self) -> tuple[float, int]:
        return self.model.total_loss(self.validation, self.reading.bptt)

    def state(self) -> Any:
        """The hidden state between two chunks."""
        return _mapped(lambda tensor: tensor.detach().cpu(), self.hidden)

    def load_state(self, state: Any) -> None:
        self.hidden = _mapped(lambda tensor: tensor.to(self.model.device), state)

    def notes(self) -> list[str]:
        """Nothing is left out."""
        return []

    def try_out(self) -> None:
        """Train on two chunks, so that missing code is reported before training."""
        for row in list(rows_of(self.train, self.reading.bptt))[:2]:
            loss, _ = self.loss(self.model.chunk(self.train, row, self.reading.bptt))
            expect_gradient(loss, f"{type(self.module).__name__}.forward")

    def _share(self, ids: Tensor, name: str, key: str, processes: Processes) -> Tensor:
        columns = self.model.columns(ids, getattr(self.reading, key), name, key)[:, processes.rank :: processes.world]
        return columns.contiguous().to(self.model.device)


def _mapped(function: Callable[[Tensor], Tensor], state: Any) -> Any:
    """A state with another value for each of its tensors; lists become tuples."""
    if state is None or isinstance(state, Tensor):
        return state if state is None else function(state)
    return tuple(_mapped(function, value) for value in state)
