"""Translation from German to English, as the shared code sees it."""

from __future__ import annotations

from workbench.errors import SettingsError
from workbench.parts import Part, Range, Score, Values
from workbench.translation.settings import (
    BY_DATA,
    DATA,
    DEFAULT,
    SHAPES,
    TUNED,
    Batching,
    EncoderDecoder,
    EncoderOnly,
    Recurrent,
)

COMMON: dict[str, Range] = {
    "learning_rate": ("log", (1e-4, 5e-3)),
    "label_smoothing": ("choice", (0.0, 0.05, 0.1)),
    "batch_size": ("choice", (32, 64, 128)),
}
SPACES: dict[type, dict[str, Range]] = {
    Recurrent: {
        **COMMON,
        "emb_size": ("choice", (64, 128, 256)),
        "hidden_size": ("choice", (128, 256, 512)),
        "dropout": ("uniform", (0.0, 0.5)),
    },
    EncoderOnly: {
        **COMMON,
        "hidden_dim": ("choice", (64, 128, 256)),
        "num_heads": ("choice", (2, 4, 8)),
        "head_dim": ("choice", (32, 64, 96)),
    },
    EncoderDecoder: {
        **COMMON,
        "hidden_dim": ("choice", (64, 128, 256)),
        "num_heads": ("choice", (2, 4, 8)),
        "dim_feedforward": ("choice", (256, 512, 1024)),
        "num_layers_enc": ("choice", (1, 2, 3)),
        "num_layers_dec": ("choice", (1, 2, 3)),
        "dropout": ("uniform", (0.0, 0.4)),
        "warmup_steps": ("choice", (0, 200, 1000)),
    },
}
SEQ2SEQ = ("seq2seq.Encoder", "seq2seq.Decoder", "seq2seq.Seq2Seq")
ENCODER = ("transformer.embedding", "transformer.attention", "transformer.feedforward", "transformer.translator")


def check(model: str, values: Values) -> None:
    """Raises: SettingsError, for settings that do not go together."""
    if not values["embedding_std"] > 0:
        raise SettingsError(f"embedding_std is {values['embedding_std']}; it has to be above 0")
    if SHAPES[model] is not Recurrent and values["teacher_forcing"] < 1:
        raise SettingsError(f"teacher_forcing: {model} learns from the right previous tokens alone; leave it at 1")
    if SHAPES[model] is EncoderDecoder and values["hidden_dim"] % values["num_heads"]:
        raise SettingsError(f"num_heads ({values['num_heads']}) has to divide hidden_dim ({values['hidden_dim']})")


PART = Part(
    title="translation",
    rank=1,
    data=DATA,
    shapes=SHAPES,
    batching=Batching,
    presets={"default": DEFAULT, "tuned": TUNED},
    by_data=BY_DATA,
    check=check,
    spaces=SPACES,
    trained="workbench.translation.trained:TrainedTranslator",
    commands="workbench.translation.commands",
    needs={
        "rnn": SEQ2SEQ,
        "lstm": SEQ2SEQ,
        "rnn-attention": (*SEQ2SEQ, "seq2seq.Attention"),
        "lstm-attention": (*SEQ2SEQ, "seq2seq.Attention"),
        "transformer-encoder": ENCODER,
        "transformer": ("transformer.full_forward", "transformer.full_generate"),
    },
    files=("text.json",),
    scores=(
        Score("perplexity, own tokens", "free_perplexity", min),
        Score("BLEU", "bleu", max),
        Score("BLEU, lower-cased tokens", "bleu_tokenised", max),
        Score("chrF", "chrf", max),
    ),
    incidental=("max_length",),
)
