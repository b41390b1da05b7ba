"""The settings of sentiment models: their shape, how reviews are read, and presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Shape:
    """The shape of BERTGRUSentiment.

    Attributes:
        bert: minilm (of a package that is installed by itself), tiny (random weights), a folder, or a name on Hugging
            Face's hub, such as bert-base-uncased.
        bert_layers: how many of BERT's layers read, from the first on; 0 for all. The last ones say more about what
            BERT was trained for, as minilm to compare sentences, and earlier ones more about words.
        hidden_dim: of the GRU, each direction.
        n_layers: of the GRU.
        bidirectional: whether the GRU also reads backwards.
        dropout: between the GRU's layers and before the last one.
    """

    title: ClassVar[str] = "BERTGRUSentiment"
    bert: str = "minilm"
    bert_layers: int = 0
    hidden_dim: int = 256
    n_layers: int = 2
    bidirectional: bool = True
    dropout: float = 0.25


@dataclass(frozen=True)
class Reading:
    """How reviews are read.

    Attributes:
        batch_size: reviews of a batch, over all processes.
        max_length: ids of a review, with [CLS] and [SEP]; what is longer is cut.
        first: train on the first reviews only, for a quick try; 0 takes all.
    """

    batch_size: int = 128
    max_length: int = 512
    first: int = 0


DATA = ("reviews", "imdb")
MODEL = "bert-gru"
NEEDS = ("sentiment.tokenization", "sentiment.BERTGRUSentiment")
# "default" is the classic exercise: two epochs of Adam with batches of 128, nothing clipped.
DEFAULT: dict[str, object] = {"epochs": 2, "clip": 0.0}
TUNED: dict[str, object] = {
    "bert_layers": 4,
    "hidden_dim": 64,
    "n_layers": 1,
    "dropout": 0.3,
    "batch_size": 32,
    "optimizer": "adamw",
    "learning_rate": 2e-3,
    "weight_decay": 0.05,
    "schedule": "cosine",
    "warmup_steps": 30,
    "epochs": 5,
    "precision": "medium",
}
# Our own reviews are short and few: a smaller model, smaller batches and more epochs.
REVIEWS: dict[str, object] = {
    "bert": "tiny",  # which needs no package
    "bert_layers": 0,
    "hidden_dim": 64,
    "n_layers": 1,
    "batch_size": 32,
    "learning_rate": 5e-3,
    "epochs": 12,
    "clip": 1.0,
}
BY_DATA: dict[str, dict[str, object]] = {"reviews": REVIEWS}
