"""Settings: presets, changes by key, and what is refused."""

import json

import pytest

from workbench.settings import MODELS, PRESETS, Settings, SettingsError


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("model", MODELS)
def test_a_preset_survives_its_json(model, preset):
    settings = Settings.of(model, "captions", preset)
    assert Settings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_a_change_reaches_its_group_and_has_its_type():
    changes = ["hidden_size=7", "batch_size=5", "learning_rate=1e-2", "compile=yes", "schedule=cosine"]
    settings = Settings.of("lstm", "multi30k", "tuned", changes)
    assert settings.shape.hidden_size == 7
    assert settings.batching.batch_size == 5
    assert (settings.training.learning_rate, settings.training.compile) == (0.01, True)
    assert settings.flat()["schedule"] == "cosine"
    assert Settings.of("lstm", "multi30k", "tuned").shape.hidden_size != 7


def test_keys_are_found_by_their_name_alone():
    """A name in two groups would be set in one of them only."""
    for model in MODELS:
        settings = Settings.of(model, "captions")
        groups = (settings.shape, settings.batching, settings.training)
        assert len(settings.keys()) == sum(len(vars(group)) for group in groups)


@pytest.mark.parametrize(
    ("model", "preset", "change", "said"),
    [
        ("gru", "default", "epochs=1", "choose one of rnn, lstm"),
        ("rnn", "best", "epochs=1", "choose one of default, tuned"),
        ("rnn", "default", "hiden_size=3", "Did you mean hidden_size?"),
        ("rnn", "default", "num_heads=3", "rnn has no setting 'num_heads'"),
        ("rnn", "default", "epochs=many", "expected a whole number"),
        ("rnn", "default", "learning_rate=fast", "expected a number"),
        ("rnn", "default", "compile=maybe", "expected true or false"),
        ("rnn", "default", "epochs", "expected key=value"),
        ("rnn", "default", "epochs=0", "at least 1"),
        ("rnn", "default", "optimizer=lion", "choose one of adam, adamw, sgd"),
        ("rnn", "default", "batch_size=0", "at least 1"),
        ("rnn", "default", "dropout=1.5", "between 0 and 1"),
        ("rnn", "default", "embedding_std=0", "above 0"),
        ("transformer", "default", "teacher_forcing=0.5", "leave it at 1"),
        ("transformer", "default", "num_heads=3", "num_heads (3) has to divide hidden_dim (128)"),
    ],
)
def test_what_cannot_be_set_is_explained(model, preset, change, said):
    with pytest.raises(SettingsError) as refused:
        Settings.of(model, "captions", preset, [change])
    assert said in str(refused.value)
