"""The language models of a tree, and what they read, behind one interface.

Shapes: M tokens of a text, B columns, S length of a chunk, V vocabulary size. Time comes first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from harness.tree import Tree
from workbench.errors import DataError, WorkbenchError, students_code
from workbench.language_model.fused import deferred, nll_sum
from workbench.language_model.settings import Recurrent
from workbench.training.modes import evaluating
from workbench.training.settings import Settings


class Chunk(NamedTuple):
    """Tokens (S, B) that are read at once, the tokens after them (S * B,), and the row at which they begin."""

    data: Tensor
    target: Tensor
    row: int


@dataclass
class LanguageModel:
    """A model and how it is used.

    Attributes:
        module: the tree's model.
        tree: whose models.language_model this is; its modules are imported when they are needed.
        device: where the model computes.
    """

    module: nn.Module
    tree: Tree
    device: torch.device

    @property
    def package(self) -> Any:
        return self.tree.models.language_model

    def columns(self, ids: Tensor, count: int, name: str, key: str) -> Tensor:
        """Cut a text (M,) into columns side by side, (M // count, count).

        Args:
            name, key: the text's name and the setting that `count` is, for an error.

        Raises:
            DataError: there is not even one token with another after it in each column.
            WorkbenchError: the tree's batching does not do what it should: every loss would be of something else.
        """
        if len(ids) < 2 * count:
            raise DataError(
                f"{name} has {len(ids)} tokens, which is too few for {count} columns; choose a smaller {key}"
            )
        self.check_batching()
        columns: Tensor = self.package.batching.batchify(ids, count)
        return columns

    def check_batching(self) -> None:
        """Cut and read a few tokens with the tree's functions, and check where each one is.

        Raises:
            WorkbenchError: one is elsewhere than the docstrings of batching.py say.
        """
        count, rows, bptt = 3, 7, 4  # two tokens are left over, and the second chunk is short
        with students_code(self.tree):
            columns = self.package.batching.batchify(torch.arange(100, 100 + count * rows + 2), count)
            _expect("batchify(ids, 3)", columns, (rows, count), lambda s, b: 100 + b * rows + s)
            for row, length in ((0, bptt), (bptt, rows - 1 - bptt)):
                data, target = self.package.batching.get_batch(columns, row, bptt)
                call = f"get_batch(source, {row}, {bptt})"
                _expect(f"data of {call}", data, (length, count), lambda s, b, row=row: int(columns[row + s, b]))
                _expect(
                    f"target of {call}",
                    target,
                    (length * count,),
                    lambda i, row=row: int(columns[row + 1 + i // count, i % count]),
                )

    def chunk(self, columns: Tensor, row: int, bptt: int) -> Chunk:
        """The chunk that begins at a row."""
        data, target = self.package.batching.get_batch(columns, row, bptt)
        return Chunk(data, target, row)

    def loss(self, chunk: Chunk, hidden: Any) -> tuple[Tensor, Any]:
        """Read a chunk and predict the token after each of its tokens.

        Args:
            hidden: what the chunk before has left, or None at the beginning of a text.

        Returns:
            The negative log-likelihood (), summed over the tokens, and what the next chunk needs; None for a model that
            carries nothing over.
        """
        module: Any = self.module
        with deferred(getattr(module, "decoder", module)):
            if not hasattr(module, "init_hidden"):
                return nll_sum(module(chunk.data), chunk.target), None
            if hidden is None:
                hidden = module.init_hidden(chunk.data.size(1))
            log_probabilities, hidden = module(chunk.data, self.package.batching.repackage_hidden(hidden))
            return nll_sum(log_probabilities, chunk.target), hidden

    def total_loss(
        self, columns: Tensor, bptt: int, track: Callable[[Iterable[int]], Iterable[int]] = iter
    ) -> tuple[float, int]:
        """The negative log-likelihood of columns (rows, B), summed over the tokens that are predicted, and how many.

        Hidden states are carried from chunk to chunk.

        Args:
            track: wraps the chunks, to show progress.
        """
        total, tokens, hidden = 0.0, 0, None
        with evaluating(self.module), students_code(self.tree):
            for row in track(rows_of(columns, bptt)):
                chunk = self.chunk(columns, row, bptt)
                loss, hidden = self.loss(chunk, hidden)
                total += loss.item()
                tokens += chunk.target.numel()
        return total, tokens


def _expect(name: str, value: Any, shape: tuple[int, ...], right: Callable[..., int]) -> None:
    """Raises: WorkbenchError, where a tensor of the tree's batching has another shape or another value."""
    shown = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    wrong = f"has shape {shown}, expected {shape}" if shown != shape else ""
    for index in itertools.product(*map(range, shape)) if not wrong else ():
        if (token := value[index].item()) != right(*index):
            wrong = f"has token {token} at {list(index)}, expected {right(*index)}"
            break
    if wrong:
        raise WorkbenchError(
            f"{name}, of ids 100 to 122 and source = batchify(ids, 3), {wrong}. "
            "Until batching is right every loss would be wrong; `python -m tests language_model.batching` shows more"
        )


def rows_of(columns: Tensor, bptt: int) -> range:
    """Where the chunks of columns (rows, B) begin; the last row has none after it. None where there is no column."""
    return range(0, columns.size(0) - 1 if columns.size(1) else 0, bptt)


def build(tree: Tree, settings: Settings, size: int, device: torch.device) -> LanguageModel:
    """Make a tree's model.

    Args:
        size: of the vocabulary.
    """
    with students_code(tree):
        return LanguageModel(_module(tree.models.language_model, settings, size).to(device), tree, device)


def _module(package: Any, settings: Settings, size: int) -> Any:
    shape = settings.shape
    if isinstance(shape, Recurrent):
        return package.RNNModel.RNNModel(
            settings.model.upper().replace("-", "_"),
            size,
            shape.emb_size or shape.hidden_size,
            shape.hidden_size,
            shape.num_layers,
            shape.dropout,
            shape.tied,
        )
    return package.TransformerModel.TransformerModel(
        size,
        shape.emb_size,
        shape.num_heads,
        shape.hidden_size,
        shape.num_layers,
        shape.dropout,
        shape.norm_first,
        max_len=settings.batching.bptt,  # what training shows; generation reads no more at a time
    )
