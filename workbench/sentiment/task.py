"""The model as the trainer sees it: batches of reviews, their loss, the loss of the validation split."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from workbench.errors import expect_gradient
from workbench.sentiment.classifier import SIZE, Classifier
from workbench.sentiment.data import Corpus
from workbench.sentiment.text import Batch, Batches
from workbench.training.devices import Processes
from workbench.training.settings import Settings


class SentimentTask:
    """The trainer's task for sentiment. What is not trained, BERT, has read all reviews before the first batch."""

    unit = "reviews"

    def __init__(self, classifier: Classifier, corpus: Corpus, settings: Settings, processes: Processes) -> None:
        self.classifier, self.corpus, self.settings = classifier, corpus, settings
        self.module: nn.Module = classifier.module
        self.share = (processes.rank, processes.world)
        self.train = corpus.train[: settings.batching.first or None]
        self._kept = False

    def batches(self, epoch: int) -> Batches:
        self._keep()
        training, size = self.settings.training, self.settings.batching.batch_size
        return self.classifier.texts.batches(self.train, size, f"{training.seed}/{epoch}", self.share)

    def loss(self, batch: Batch) -> tuple[Tensor, int]:
        if not len(batch.label):  # this process's share of a small last batch
            return torch.zeros(()), 0
        return self.classifier.loss(batch.text, batch.label)[0], len(batch.label)

    def validate(self) -> tuple[float, int, int]:
        loss = right = count = 0.0
        for batch in self.classifier.texts.batches(self.corpus.validation, SIZE, share=self.share):
            if len(batch.label):
                sums = self.classifier.loss(batch.text, batch.label)
                loss, right, count = loss + sums[0].item(), right + sums[1].item(), count + len(batch.label)
        return loss, int(count), int(right)

    def state(self) -> None:
        """None: no batch depends on earlier ones."""

    def load_state(self, state: object) -> None:
        """Does nothing, because `state` is None."""

    def notes(self) -> list[str]:
        """What has been read, and by which BERT."""
        name, note = self.settings.shape.bert, self.corpus.note
        knows = "; its weights are random and stay as they are" if name == "tiny" else ""
        return [f"{len(self.train):,} reviews to train on, {len(self.corpus.validation):,} to validate ({note})",
                f"BERT: {name}{knows}"]  # fmt: skip

    def try_out(self) -> None:
        """Train on two reviews, so that missing or wrong code is reported before BERT reads all of them."""
        for batch in self.classifier.texts.batches(self.train[:2], 2):
            loss, _ = self.loss(batch)
            expect_gradient(loss, f"{type(self.module).__name__}.forward")

    def _keep(self) -> None:
        """Let BERT read both splits. Not in `__init__`: before it, the model is tried out."""
        if not self._kept:
            self.classifier.keep(self.train)
            self.classifier.keep(self.corpus.validation)
            self._kept = True
