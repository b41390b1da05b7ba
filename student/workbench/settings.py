"""Every hyper-parameter of a run in one place, with two presets a model.

A setting belongs to the model's shape, to the data, or to training; `--set key=value` finds it by its name alone.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from workbench.errors import WorkbenchError
from workbench.training import Training


class SettingsError(WorkbenchError):
    """A setting that does not exist, or a value that it cannot have; the message says what can be set."""


@dataclass(frozen=True)
class Recurrent:
    """The shape of an encoder and a decoder with RNN or LSTM layers.

    Attributes:
        emb_size: size of both embeddings.
        hidden_size: of encoder and decoder; attention and an LSTM's cell state ask for equal sizes.
        dropout: on the embeddings.
        embedding_std: of the embeddings' first values.
    """

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

    hidden_dim: int = 128
    num_heads: int = 2
    dim_feedforward: int = 2048
    head_dim: int = 96
    max_length: int = 0
    embedding_std: float = 1.0


@dataclass(frozen=True)
class EncoderDecoder:
    """The shape of FullTransformerTranslator.

    Attributes:
        max_length: positions; 0 takes what the longest sentence needs.
        embedding_std: of the embeddings' first values. Adam moves every number by about the learning rate, so with
            torch's 1 it is long before words say more than chance has given them.
    """

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
    """What becomes of the sentences.

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


Shape = Recurrent | EncoderOnly | EncoderDecoder
SHAPES: dict[str, type[Recurrent] | type[EncoderOnly] | type[EncoderDecoder]] = {
    "rnn": Recurrent,
    "lstm": Recurrent,
    "rnn-attention": Recurrent,
    "lstm-attention": Recurrent,
    "transformer-encoder": EncoderOnly,
    "transformer": EncoderDecoder,
}
MODELS = tuple(SHAPES)
# By model: what differs from the classes' defaults. "default" is where the exercise starts, on purpose not the best.
DEFAULT: dict[str, dict[str, object]] = {
    **{model: {"epochs": 10, "learning_rate": 1e-3, "schedule": "plateau"} for model in MODELS},
    "transformer": {"epochs": 10, "learning_rate": 5e-4, "schedule": "constant"},
}
TUNED: dict[str, dict[str, object]] = {
    **{
        model: {
            "emb_size": 256,
            "hidden_size": 512,
            "dropout": 0.4,
            "embedding_std": 0.1,
            "epochs": 12,
            "learning_rate": 1e-3,
            "schedule": "cosine",
            "warmup_steps": 200,
            "label_smoothing": 0.1,
        }
        for model in ("rnn", "lstm", "rnn-attention", "lstm-attention")
    },
    "transformer-encoder": {
        "hidden_dim": 256,
        "num_heads": 4,
        "epochs": 20,
        "learning_rate": 5e-4,
        "schedule": "plateau",
    },
    "transformer": {
        "hidden_dim": 256,
        "num_heads": 8,
        "dim_feedforward": 480,  # on Multi30k, 8.9 M parameters
        "num_layers_enc": 3,
        "num_layers_dec": 3,
        "dropout": 0.2,
        "embedding_std": 0.06,
        "epochs": 16,
        "learning_rate": 7e-4,
        "schedule": "cosine",
        "warmup_steps": 400,
        "label_smoothing": 0.05,
        "average": 5,
    },
}
PRESETS = {"default": DEFAULT, "tuned": TUNED}
# By data set, before the model's: 5,000 short sentences are learned better in small steps.
BY_DATA: dict[str, dict[str, object]] = {"captions": {"batch_size": 32}}


@dataclass(frozen=True)
class Settings:
    """One run's hyper-parameters."""

    model: str
    data: str
    preset: str = "default"
    shape: Shape = field(default_factory=Recurrent)
    batching: Batching = field(default_factory=Batching)
    training: Training = field(default_factory=Training)

    @classmethod
    def of(cls, model: str, data: str, preset: str = "default", changes: Iterable[str] = ()) -> Settings:
        """A preset with changes.

        Args:
            changes: "key=value" texts.

        Raises:
            SettingsError: for a model, preset or key that does not exist, and a value of another type.
        """
        if model not in SHAPES:
            raise SettingsError(f"there is no model {model!r}; choose one of {', '.join(MODELS)}")
        if preset not in PRESETS:
            raise SettingsError(f"there is no preset {preset!r}; choose one of {', '.join(PRESETS)}")
        settings = cls(model, data, preset, SHAPES[model]())
        for key, value in (BY_DATA.get(data, {}) | PRESETS[preset][model]).items():
            settings = settings.changed(key, value)
        for change in changes:
            key, equals, text = change.partition("=")
            if not equals:
                raise SettingsError(f"--set {change}: expected key=value, as in --set epochs=3")
            settings = settings.changed(key.strip(), settings.parse(key.strip(), text.strip()))
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse what no model can be built or trained with.

        Raises:
            SettingsError: it names the setting and what it can be.
        """
        values = self.flat()
        sizes = [field.name for field in fields(self.shape) if isinstance(values[field.name], int)]
        least = dict.fromkeys([*sizes, "batch_size", "min_freq"], 1) | {"max_length": 0, "longest": 0, "first": 0}
        for key, lowest in least.items():
            if key in values and values[key] < lowest:
                raise SettingsError(f"{key} is {values[key]}; it has to be at least {lowest}")
        if not values["embedding_std"] > 0:
            raise SettingsError(f"embedding_std is {values['embedding_std']}; it has to be above 0")
        for key in ("dropout", "label_smoothing", "teacher_forcing"):
            if key in values and not 0 <= values[key] <= 1:
                raise SettingsError(f"{key} is {values[key]}; it has to lie between 0 and 1")
        shape = self.shape
        if not isinstance(shape, Recurrent) and self.batching.teacher_forcing < 1:
            raise SettingsError(
                f"teacher_forcing: {self.model} learns from the right previous tokens alone; leave it at 1"
            )
        if isinstance(shape, EncoderDecoder) and shape.hidden_dim % shape.num_heads:
            raise SettingsError(f"num_heads ({shape.num_heads}) has to divide hidden_dim ({shape.hidden_dim})")

    def keys(self) -> dict[str, tuple[str, Any]]:
        """Every key that can be set -> the group that it belongs to, and its type."""
        groups = {"shape": self.shape, "batching": self.batching, "training": self.training}
        return {
            each.name: (group, typing.get_type_hints(type(values))[each.name])
            for group, values in groups.items()
            for each in fields(values)
        }

    def parse(self, key: str, text: str) -> object:
        """The value that a text stands for, of the type of that key."""
        _, kind = self._find(key)
        try:
            if kind is bool:
                return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
            return kind(text) if kind in (int, float) else text
        except (KeyError, ValueError):
            expected = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
            raise SettingsError(f"--set {key}={text}: expected {expected}") from None

    def changed(self, key: str, value: object) -> Settings:
        """The same settings but for one."""
        group, _ = self._find(key)
        try:
            values = replace(getattr(self, group), **{key: value})
        except ValueError as error:  # Training checks itself
            raise SettingsError(f"{key}: {error}") from error
        return replace(self, **{group: values})

    def flat(self) -> dict[str, Any]:
        """Every setting by its key, for tables."""
        return {**asdict(self.shape), **asdict(self.batching), **asdict(self.training)}

    def only(self, changes: Iterable[str]) -> dict[str, Any]:
        """The settings that "key=value" texts name, by their key."""
        values = self.flat()
        return {key: values[key] for key in (change.partition("=")[0].strip() for change in changes)}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Settings:
        shape, batching, training = (stored[group] for group in ("shape", "batching", "training"))
        return cls(
            stored["model"],
            stored["data"],
            stored["preset"],
            SHAPES[stored["model"]](**shape),
            Batching(**batching),
            Training(**training),
        )

    def _find(self, key: str) -> tuple[str, Any]:
        keys = self.keys()
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{self.model} has no setting {key!r}.{meant} There are: {', '.join(sorted(keys))}")
        return keys[key]
