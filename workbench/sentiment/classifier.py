"""A tree's BERTGRUSentiment with BERT and its tokenizer, behind one interface.

Shapes: N reviews of a batch, T ids of the longest one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.tree import Tree
from workbench.errors import SettingsError, expect, students_code
from workbench.folders import cache_folder
from workbench.sentiment import berts
from workbench.sentiment.data import Review
from workbench.sentiment.kept import KeptBert, Outputs
from workbench.sentiment.packed import quicken
from workbench.sentiment.text import Texts
from workbench.training.modes import evaluating
from workbench.training.settings import Settings

SIZE = 64  # reviews of a batch where nothing is learnt


@dataclass
class Classifier:
    """A model and how it is used.

    Attributes:
        module: the tree's model.
        reader: BERT and its tokenizer.
        bert: what the model has for BERT.
    """

    module: nn.Module
    reader: berts.Reader
    bert: KeptBert
    texts: Texts
    tree: Tree
    device: torch.device

    def logits(self, text: Tensor) -> Tensor:
        """The logits (N,) of ids (N, T).

        Raises:
            WorkbenchError: the model gives something else.
        """
        with students_code(self.tree):
            logits = self.module(text.to(self.device))
        return expect(logits, {"N": len(text), "output_dim": 1}, f"{type(self.module).__name__}.forward").squeeze(1)

    def loss(self, text: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """The negative log-likelihood () of labels (N,), summed over the reviews, and how many are right ()."""
        logits, label = self.logits(text), label.to(self.device)
        loss = F.binary_cross_entropy_with_logits(logits, label, reduction="sum")
        return loss, ((logits > 0) == label.bool()).sum()

    def keep(self, reviews: tuple[Review, ...]) -> None:
        """Compute BERT's outputs for reviews, unless they are kept already.

        Raises:
            WorkbenchError: as `Outputs.places`.
        """
        texts = [row.text for row in self.texts.rows(reviews).examples]
        self.bert.keep(Outputs(self.reader, texts, cache_folder() / "bert-outputs", self.device).places())

    def all_logits(self, reviews: tuple[Review, ...], track: Callable[[Iterable[Any]], Iterable[Any]] = iter) -> Tensor:
        """The logit (N,) of each review, in their order."""
        result = torch.zeros(len(reviews))
        with evaluating(self.module):
            for batch in track(self.texts.batches(reviews, SIZE)):
                result[batch.place] = self.logits(batch.text).cpu()
        return result


def build(tree: Tree, settings: Settings, device: torch.device) -> Classifier:
    """A tree's model with new weights.

    Raises:
        DataError: there is no such BERT.
        SettingsError: it cannot read as much as that, or has fewer layers.
    """
    shape, reading = settings.shape, settings.batching
    reader = berts.load(shape.bert, shape.bert_layers)
    if reading.max_length > reader.positions:
        raise SettingsError(
            f"max_length is {reading.max_length}, and {shape.bert} reads at most {reader.positions} ids; use that"
        )
    bert, package = KeptBert(reader), tree.models.sentiment
    with students_code(tree):
        module: nn.Module = package.BERTGRUSentiment.BERTGRUSentiment(
            bert, shape.hidden_dim, 1, shape.n_layers, shape.bidirectional, shape.dropout
        )
    quicken(module)
    texts = Texts(package.tokenization.numericalize, reader.tokenizer, reading.max_length)
    return Classifier(module.to(device), reader, bert, texts, tree, device)
