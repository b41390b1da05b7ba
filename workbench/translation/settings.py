"""The settings of translation: the shapes of its models, how sentences become batches, and presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Recurrent:
    """The shape of an encoder and a decoder with RNN or LSTM layers.

    Attributes:
        emb_size: size of both embeddings.
        hidden_size: of encoder and decoder; attention and an LSTM's cell state ask for equal sizes.
        dropout: on the embeddings.
        embedding_std: of the embeddings' first values. No layer normalises them: with 0.1 gates hardly open at first.
    """

    title: ClassVar[str] = "Seq2Seq"
    emb_size: int = 128
    hidden_size: int = 256
    dropout: float = 0.2
    embedding_std: float = 1.0


@dataclass(frozen=True)
class EncoderOnly:
    """The shape of TransformerTranslator: one layer, target words at the source's positions.

    Attributes:
        head_dim: dim_k, dim_q and dim_v.
        max_length: positions; 0 takes what the longest sentence needs.
        embedding_std: of the embeddings' first values.
    """

    title: ClassVar[str] = "TransformerTranslator"
    hidden_dim: int = 128
    num_heads: int = 2
    dim_feedforward: int = 2048
    head_dim: int = 96
    max_length: int = 0
    embedding_std: float = 0.1


@dataclass(frozen=True)
class EncoderDecoder:
    """The shape of FullTransformerTranslator.

    Attributes:
        max_length: positions; 0 takes what the longest sentence needs.
        embedding_std: of the embeddings' first values. Adam moves every number by about the learning rate, so with
            torch's 1 it is long before words say more than chance has given them.
    """

    title: ClassVar[str] = "FullTransformerTranslator"
    hidden_dim: int = 128
    num_heads: int = 2
    dim_feedforward: int = 2048
    num_layers_enc: int = 2
    num_layers_dec: int = 2
    dropout: float = 0.2
    max_length: int = 0
    embedding_std: float = 1.0


@dataclass(frozen=True)
class Batching:
    """How sentences become batches.

    Attributes:
        min_freq: words that are rarer in the training split become <unk>.
        longest: training pairs with more tokens a side are left out; 0 keeps all.
        first: train on the first pairs only, for a quick try; 0 takes all. Vocabularies are those of all.
        batch_size: sentences, over all processes.
        label_smoothing: share of the target distribution that is spread over the vocabulary.
        teacher_forcing: share of the training batches that see the right previous token, not the predicted one
            (only recurrent models can do without).
    """

    min_freq: int = 2
    longest: int = 0
    first: int = 0
    batch_size: int = 128
    label_smoothing: float = 0.0
    teacher_forcing: float = 1.0


DATA = ("captions", "multi30k")
SHAPES = {
    "rnn": Recurrent,
    "lstm": Recurrent,
    "rnn-attention": Recurrent,
    "lstm-attention": Recurrent,
    "transformer-encoder": EncoderOnly,
    "transformer": EncoderDecoder,
}
# By model: what differs from the classes' defaults. "default" is where the exercise starts, on purpose not the best.
DEFAULT: dict[str, dict[str, object]] = {
    **{model: {"epochs": 10, "learning_rate": 1e-3, "schedule": "plateau"} for model in SHAPES},
    # Without dropout the mean of several epochs is all that keeps it from learning its sentences by heart.
    "transformer-encoder": {"epochs": 10, "learning_rate": 1e-3, "schedule": "plateau", "average": 5},
    "transformer": {"epochs": 10, "learning_rate": 5e-4, "schedule": "constant"},
}
TUNED: dict[str, dict[str, object]] = {
    **{  # measured with lstm-attention on Multi30k
        model: {
            "emb_size": 256,
            "hidden_size": 512,
            "dropout": 0.3,
            "batch_size": 64,
            "epochs": 12,
            "learning_rate": 2e-3,
            "schedule": "cosine",
            "warmup_steps": 200,
            "label_smoothing": 0.1,
            "average": 3,
        }
        for model in ("rnn", "lstm", "rnn-attention", "lstm-attention")
    },
    "transformer-encoder": {
        "hidden_dim": 256,
        "num_heads": 4,
        "epochs": 20,
        "learning_rate": 5e-4,
        "schedule": "plateau",
        "average": 5,
    },
    "transformer": {  # measured on Multi30k
        "hidden_dim": 256,
        "num_heads": 8,
        "dim_feedforward": 480,  # on Multi30k, 8.9 M parameters
        "num_layers_enc": 3,
        "num_layers_dec": 3,
        "dropout": 0.25,
        "embedding_std": 0.06,
        "batch_size": 64,
        "epochs": 16,
        "learning_rate": 6e-4,
        "schedule": "cosine",
        "warmup_steps": 800,
        "label_smoothing": 0.05,
        "average": 5,
    },
}
# By data set, whatever the preset says: 5,000 short sentences are learned better in small steps.
BY_DATA: dict[str, dict[str, object]] = {"captions": {"batch_size": 32}}
