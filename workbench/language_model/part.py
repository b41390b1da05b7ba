"""Language models, as the shared code sees them."""

from __future__ import annotations

from workbench.errors import SettingsError
from workbench.language_model.settings import DATA, DEFAULT, SHAPES, TUNED, Attentive, Reading, Recurrent
from workbench.parts import Part, Range, Values

COMMON: dict[str, Range] = {  # as in the exercise
    "num_layers": ("whole", (2, 4)),
    "dropout": ("uniform", (0.0, 0.3)),
    "learning_rate": ("log", (5e-3, 5.0)),
    "optimizer": ("choice", ("sgd", "adam", "radam")),
    "schedule": ("choice", ("step", "plateau")),
}
SPACES: dict[type, dict[str, Range]] = {
    Recurrent: {**COMMON, "hidden_size": ("whole", (200, 250))},
    Attentive: {
        **COMMON,
        "emb_size": ("choice", (204, 216, 228, 240)),  # which 2, 3 and 4 heads divide
        "hidden_size": ("whole", (200, 250)),
        "num_heads": ("whole", (2, 4)),
        "norm_first": ("choice", (False, True)),
    },
}


def check(model: str, values: Values) -> None:
    """Raises: SettingsError, for settings that do not go together."""
    if values["compile"]:
        raise SettingsError(
            "compile is for translation: language models have a fused loss of the workbench instead; leave compile out"
        )
    emb_size, hidden_size = values["emb_size"], values["hidden_size"]
    if SHAPES[model] is Recurrent and values["tied"] and emb_size not in (0, hidden_size):
        raise SettingsError(
            f"emb_size ({emb_size}) has to be hidden_size ({hidden_size}) where weights are tied; "
            "leave it out, or use --set tied=false"
        )
    if SHAPES[model] is Attentive and emb_size % values["num_heads"]:
        raise SettingsError(f"num_heads ({values['num_heads']}) has to divide emb_size ({emb_size})")


PART = Part(
    title="language models",
    rank=2,
    data=DATA,
    shapes=SHAPES,
    batching=Reading,
    presets={"default": DEFAULT, "tuned": TUNED},
    check=check,
    spaces=SPACES,
    trained="workbench.language_model.trained:TrainedLanguageModel",
    commands="workbench.language_model.commands",
    files=("vocabulary.json", "corpus.json"),
    incidental=("eval_batch_size",),
)
