"""The settings of language models: their shapes, how the text is read, and presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Recurrent:
    """The shape of RNNModel.

    Attributes:
        emb_size: size of the embedding; 0 takes hidden_size, as tied weights need it.
        dropout: on the embedding, between the layers, and before the decoder.
        tied: whether embedding and decoder share one weight.
    """

    title: ClassVar[str] = "RNNModel"
    emb_size: int = 0
    hidden_size: int = 200
    num_layers: int = 2
    dropout: float = 0.2
    tied: bool = True


@dataclass(frozen=True)
class Attentive:
    """The shape of TransformerModel, which has as many positions as a chunk is long.

    Attributes:
        emb_size: of the embedding and of everything between the layers.
        hidden_size: of the feed-forward layers.
        norm_first: whether layers are normalised before what they do (pre-norm) or after it (post-norm).
    """

    title: ClassVar[str] = "TransformerModel"
    emb_size: int = 200
    hidden_size: int = 200
    num_layers: int = 2
    num_heads: int = 2
    dropout: float = 0.2
    norm_first: bool = False


@dataclass(frozen=True)
class Reading:
    """How the text is read.

    Attributes:
        batch_size: columns that the text is cut into, read side by side, over all processes.
        bptt: tokens of a column that are read at a time; gradients reach back no further.
        eval_batch_size: columns of validation and test. Fewer lose less: each one's first token is not predicted.
        first: train on the first tokens only, for a quick try; 0 takes all. The vocabulary is that of all.
    """

    batch_size: int = 20
    bptt: int = 35
    eval_batch_size: int = 10
    first: int = 0


DATA = ("stories", "shakespeare", "wikitext-2")
RECURRENT = ("rnn-tanh", "rnn-relu", "gru", "lstm")
SHAPES = {**dict.fromkeys(RECURRENT, Recurrent), "transformer": Attentive}
START: dict[str, object] = {
    "epochs": 6,
    "optimizer": "sgd",
    "clip": 0.25,
    "plateau_factor": 0.25,  # a quarter after every epoch that is not better
    "plateau_patience": 0,
    "ema": 0.999,  # its learning rates throw the weights about
}
# By model: what differs from the classes' defaults. "default" is where the exercise starts, on purpose not the best.
DEFAULT: dict[str, dict[str, object]] = {
    **{model: {**START, "learning_rate": 20.0, "schedule": "plateau"} for model in ("gru", "lstm")},
    **{model: {**START, "learning_rate": 2.0, "schedule": "plateau"} for model in ("rnn-tanh", "rnn-relu")},
    "transformer": {**START, "learning_rate": 5.0, "schedule": "step"},
}
TUNED: dict[str, dict[str, object]] = {
    **{
        model: {
            **DEFAULT[model],
            "hidden_size": 650,
            "dropout": 0.5,
            "epochs": 40,
        }
        for model in RECURRENT
    },
    "transformer": {
        "num_heads": 4,
        "norm_first": True,
        "epochs": 40,
        "optimizer": "adamw",
        "learning_rate": 1e-3,
        "weight_decay": 0.01,
        "clip": 0.25,
        "schedule": "cosine",
        "warmup_steps": 500,
        "ema": 0.999,
    },
}
