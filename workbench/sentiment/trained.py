"""A sentiment model with BERT: trains, measures, and is asked about reviews."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.tree import Tree
from workbench.sentiment import baseline, data, explaining, quality
from workbench.sentiment.classifier import Classifier, build
from workbench.sentiment.data import Corpus, Review
from workbench.sentiment.task import SentimentTask
from workbench.training.devices import Processes, seed_everything
from workbench.training.run_folder import RESTORE, Run, RunError
from workbench.training.settings import Settings
from workbench.training.trained import Measured, Track, Trained

BERT = "bert.json"


@dataclass
class TrainedClassifier(Trained):
    """A run's classifier."""

    use = "`predict` asks it about reviews"
    classifier: Classifier

    @classmethod
    def new(cls, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device) -> TrainedClassifier:
        data.load(settings.data, data_root)  # what is missing is said before BERT is loaded
        return cls._built(settings, tree, data_root, device)

    @classmethod
    def stored(
        cls, run: Run, settings: Settings, tree: Tree, data_root: Path | None, device: torch.device
    ) -> TrainedClassifier:
        """Raises: RunError, where the BERT of this name is not the one that the run has been trained with."""
        trained = cls._built(settings, tree, data_root, device)
        if run.read_object(BERT, "digest")["digest"] != trained.classifier.reader.digest:
            raise RunError(
                f"{run.folder} was trained on another {settings.shape.bert} than what has this name now: its weights "
                f"differ. {RESTORE}"
            )
        return trained

    def store(self, run: Run) -> None:
        run.write_json(BERT, {"name": self.settings.shape.bert, "digest": self.classifier.reader.digest})

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

    def logits(self, split: str, track: Track = iter) -> tuple[Tensor, Tensor]:
        """The logit of each review of a split (N,), and the labels (N,)."""
        reviews = self.corpus().split(split)
        self.classifier.keep(reviews)
        labels = torch.tensor([review.label for review in reviews])
        return self.classifier.all_logits(reviews, track), labels

    def evaluate(self, split: str, track: Track = iter) -> Measured:
        """Beside it stands what a classifier reaches that counts words and has learnt from the same reviews."""
        corpus, start = self.corpus(), time.perf_counter()
        logits, labels = self.logits(split, track)
        seconds, probabilities = time.perf_counter() - start, torch.sigmoid(logits)
        matrix, bins = quality.confusion(probabilities, labels), quality.calibration(probabilities, labels)
        (true_negative, false_positive), (false_negative, true_positive) = matrix
        counted = baseline.accuracy(corpus.train[: self.settings.batching.first or None], corpus.split(split))
        loss = F.binary_cross_entropy_with_logits(logits, labels.float()).item()
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

    def predict(self, texts: Sequence[str], track: Track = iter) -> list[float]:
        """The probability that each text is positive."""
        logits = self.classifier.all_logits(tuple(Review(text, 0) for text in texts), track)  # labels are not read
        probabilities: list[float] = torch.sigmoid(logits).tolist()
        return probabilities

    def explain(self, text: str) -> tuple[float, list[explaining.Word]]:
        """As `explaining.explain`."""
        return explaining.explain(self.classifier, text)

    def use_once(self) -> None:
        self.predict(["Good."])

    def examples(self) -> list[str]:
        reviews = self.corpus().validation[:5]
        said = self.predict([review.text for review in reviews])
        return [
            f"  {review.text:.200}\n  [{data.CLASSES[review.label]}] {probability:.1%} positive\n"
            for review, probability in zip(reviews, said, strict=True)
        ]
