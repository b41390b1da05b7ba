"""Sentiment, as the shared code sees it."""

from __future__ import annotations

from workbench.errors import SettingsError
from workbench.parts import Part, Score, Values
from workbench.sentiment.settings import BY_DATA, DATA, DEFAULT, MODEL, NEEDS, TUNED, Reading, Shape


def check(model: str, values: Values) -> None:
    """Raises: SettingsError, for settings that do not go together."""
    if values["compile"]:
        raise SettingsError("compile is not for sentiment; leave it out")
    if values["max_length"] < 3:
        raise SettingsError(f"max_length is {values['max_length']}; [CLS], a token and [SEP] take 3")


PART = Part(
    title="sentiment",
    rank=5,
    unit="reviews",
    data=DATA,
    shapes={MODEL: Shape},
    batching=Reading,
    presets={"default": {MODEL: DEFAULT}, "tuned": {MODEL: TUNED}},
    by_data=BY_DATA,
    check=check,
    spaces={
        Shape: {
            "hidden_dim": ("choice", (32, 64, 128, 256)),
            "n_layers": ("whole", (1, 2)),
            "dropout": ("uniform", (0.0, 0.5)),
            "learning_rate": ("log", (3e-4, 1e-2)),
            "batch_size": ("choice", (16, 32, 64, 128)),
        }
    },
    trained="workbench.sentiment.trained:TrainedClassifier",
    commands="workbench.sentiment.commands",
    needs={MODEL: NEEDS},
    files=("bert.json",),
    scores=(
        Score("accuracy", "accuracy", max, "{:.2%}"),
        Score("accuracy of TF-IDF", "tfidf_accuracy", max, "{:.2%}"),
        Score("calibration error", "calibration_error", min, "{:.2%}"),
    ),
)
