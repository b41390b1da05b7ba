"""A sentiment model with BERT: trains, measures, and is asked about reviews."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.tree import Tree
from workbench.sentiment import baseline, berts, data, explaining, quality
from workbench.sentiment.classifier import Classifier, build
from workbench.sentiment.data import Corpus, Review
from workbench.sentiment.task import SentimentTask
from workbench.training.devices import Processes, seed_everything
from workbench.training.run_folder import Run
from workbench.training.settings import Settings
from workbench.training.trained import Measured, Track, Trained


@dataclass
class TrainedClassifier(Trained):
    """A run's classifier."""

    use = "`predict` asks it about reviews"
    classifier: Classifier

    @classmethod
    def new(cls, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device) -> TrainedClassifier:
        data.load(settings.data, data_root)  # what is missing is said before BERT is loaded
        shape = replace(settings.shape, bert=berts.resolve(settings.shape.bert))
        return cls._built(replace(settings, shape=shape), tree, data_root, device)

    @classmethod
    def stored(
        cls, run: Run, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device
    ) -> TrainedClassifier:
        return cls._built(settings, tree, data_root, device)

    @classmethod
    def _built(cls, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device) -> TrainedClassifier:
        seed_everything(settings.training.seed)
        return cls(settings, device, data_root, build(tree, settings, device))

    @property
    def module(self) -> nn.Module:
        return self.classifier.module

    def task(self, processes: Processes) -> SentimentTask:
        return SentimentTask(self.classifier, self.corpus(), self.settings, processes)

    def corpus(self) -> Corpus:
        return data.load(self.settings.data, self.data_root)

    def probabilities(self, split: str, track: Track = iter) -> tuple[Tensor, Tensor]:
        """The probability that each review of a split is positive (N,), and the labels (N,)."""
        reviews = self.corpus().split(split)
        self.classifier.keep(reviews)
        labels = torch.tensor([review.label for review in reviews])
        return self.classifier.probabilities(reviews, track), labels

    def evaluate(self, split: str, track: Track = iter) -> Measured:
        """Beside it stands what a classifier reaches that counts words and has learnt from the same reviews."""
        corpus, start = self.corpus(), time.perf_counter()
        probabilities, labels = self.probabilities(split, track)
        seconds = time.perf_counter() - start
        matrix, bins = quality.confusion(probabilities, labels), quality.calibration(probabilities, labels)
        (true_negative, false_positive), (false_negative, true_positive) = matrix
        counted = baseline.accuracy(corpus.train[: self.settings.batching.first or None], corpus.split(split))
        loss = F.binary_cross_entropy(probabilities, labels.float()).item()
        numbers = {
            "split": split,
            "reviews": len(labels),
            "loss": loss,
            "accuracy": quality.accuracy(matrix),
            "tfidf_accuracy": counted,
            "calibration_error": quality.calibration_error(bins),
            "confusion": matrix,
            "bert": self.settings.shape.bert,
            "seconds": seconds,
            "note": corpus.note,
        }
        rows = [
            ("accuracy", f"{numbers['accuracy']:.2%}", f"{counted:.2%}"),
            ("loss (nats a review)", f"{loss:.3f}", ""),
            ("calibration error", f"{numbers['calibration_error']:.2%}", ""),
            ("negative, taken for negative / positive", f"{true_negative} / {false_positive}", ""),
            ("positive, taken for negative / positive", f"{false_negative} / {true_positive}", ""),
        ]
        head = ("", f"{self.settings.model} on {self.settings.shape.bert}", "TF-IDF and logistic regression")
        notes = [f"{corpus.note}; measured in {seconds:.1f} s"]
        return Measured(numbers, f"all {len(labels):,} reviews of {split}", head, rows, notes)

    def mistakes(self, split: str, count: int, track: Track = iter) -> list[tuple[float, Review]]:
        """The most confident mistakes on a split: the probability of positive, and the review."""
        probabilities, labels = self.probabilities(split, track)
        reviews = self.corpus().split(split)
        return [(probabilities[i].item(), reviews[i]) for i in quality.worst(probabilities, labels, count)]

    def predict(self, texts: Sequence[str], track: Track = iter) -> list[float]:
        """The probability that each text is positive."""
        probabilities: list[float] = self.classifier.probabilities(
            tuple(Review(text, 0) for text in texts), track
        ).tolist()
        return probabilities

    def explain(self, text: str) -> tuple[float, list[explaining.Word]]:
        """As `explaining.explain`."""
        return explaining.explain(self.classifier, text)

    def use_once(self) -> None:
        self.predict(["Good."])

    def examples(self) -> list[str]:
        reviews = self.corpus().validation[:5]
        said = self.predict([review.text for review in reviews])
        names = ("negative", "positive")
        return [
            f"  {review.text:.200}\n  [{names[review.label]}] {probability:.1%} positive\n"
            for review, probability in zip(reviews, said, strict=True)
        ]
