"""Settings: presets, changes by key, and what is refused."""

import json

import pytest

from workbench.errors import SettingsError
from workbench.parts import all_parts, data_for
from workbench.training.run_folder import Run
from workbench.training.schedules import plateau
from workbench.training.settings import PRESETS, Settings

ALL = [(model, part.data[0]) for part in all_parts() for model in part.models]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("model", "data"), ALL)
def test_a_preset_survives_its_json(model, data, preset):
    settings = Settings.of(model, data, preset)
    assert Settings.from_json(json.loads(json.dumps(settings.to_json()))) == settings
    assert type(settings.shape) is settings.part.shapes[model]


def test_a_model_has_a_data_set_to_begin_with():
    assert {model: data_for(model) for model in ("rnn", "lstm", "transformer", "gru", "rnn-tanh")} == {
        "rnn": "captions",
        "lstm": "captions",
        "transformer": "captions",
        "gru": "stories",
        "rnn-tanh": "stories",
    }
    with pytest.raises(SettingsError, match=r"no model 'elman'; choose one of rnn, .* or multi30k\); rnn-tanh, "):
        data_for("elman")


def test_small_data_decide_on_small_batches_whatever_the_preset_says():
    batches = {
        (data, preset): Settings.of("lstm-attention", data, preset).batching.batch_size
        for data in ("captions", "multi30k")
        for preset in ("default", "tuned")
    }
    assert batches["captions", "default"] == batches["captions", "tuned"] < batches["multi30k", "tuned"]
    assert Settings.of("lstm-attention", "captions", "tuned", ["batch_size=99"]).batching.batch_size == 99


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
    for model, data in ALL:
        settings = Settings.of(model, data)
        groups = (settings.shape, settings.batching, settings.training)
        assert len(settings.keys()) == sum(len(vars(group)) for group in groups)


@pytest.mark.parametrize(
    ("model", "preset", "change", "said"),
    [
        ("gru", "default", "epochs=1", "choose one of rnn, lstm"),
        ("rnn", "best", "epochs=1", "choose one of default, tuned"),
        ("rnn", "default", "hiden_size=3", "Did you mean hidden_size?"),
        ("rnn", "default", "num_heads=3", "rnn has no setting 'num_heads' with --data captions (translation)"),
        ("rnn", "default", "epochs=many", "expected a whole number"),
        ("rnn", "default", "learning_rate=fast", "expected a number"),
        ("rnn", "default", "compile=maybe", "expected true or false"),
        ("rnn", "default", "epochs", "expected key=value"),
        ("rnn", "default", "epochs=0", "at least 1"),
        ("rnn", "default", "learning_rate=nan", "learning_rate is nan; it has to be a number, and at least 0"),
        ("rnn", "default", "learning_rate=0", "learning_rate is 0, with which nothing is learned"),
        ("rnn", "default", "weight_decay=inf", "weight_decay is inf; it has to be a number, and at least 0"),
        ("rnn", "default", "optimizer=lion", "choose one of adam, adamw, radam, sgd"),
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


@pytest.mark.parametrize(
    ("model", "data", "change", "said"),
    [
        ("gru", "captions", "epochs=1", "captions (translation) has no model 'gru'; choose one of rnn, lstm"),
        ("gru", "captions", "epochs=1", "gru is trained with --data stories, shakespeare or wikitext-2"),
        ("rnn", "stories", "epochs=1", "choose one of rnn-tanh, rnn-relu, gru, lstm, transformer. rnn is trained with"),
        ("lstm", "story", "epochs=1", "no data set 'story'; choose one of captions, multi30k (translation), stories"),
        ("lstm", "stories", "emb_size=100", "emb_size (100) has to be hidden_size (200) where weights are tied"),
        ("lstm", "stories", "bptt=0", "bptt is 0; it has to be at least 1"),
        ("lstm", "stories", "compile=true", "compile is for translation"),
        ("lstm", "stories", "num_heads=2", "lstm has no setting 'num_heads'"),
        ("lstm", "captions", "num_layers=1", "The lstm of --data stories, shakespeare or wikitext-2 has 'num_layers'"),
        ("transformer", "stories", "num_heads=3", "num_heads (3) has to divide emb_size (200)"),
    ],
)
def test_what_does_not_go_together_is_explained(model, data, change, said):
    with pytest.raises(SettingsError) as refused:
        Settings.of(model, data, changes=[change])
    assert said in str(refused.value)


@pytest.mark.parametrize("model", ["rnn-tanh", "rnn-relu", "gru", "lstm"])
def test_recurrent_language_models_learn_at_a_quarter_of_the_rate_after_an_epoch_that_is_no_better(model):
    training = Settings.of(model, "stories").training
    factors = [plateau(losses, training.plateau_factor, training.plateau_patience) for losses in ([5, 4], [5, 4, 4.1])]
    assert (training.schedule, factors) == ("plateau", [1.0, 0.25])


@pytest.mark.parametrize("text", ["-1", str(2**32)])
def test_a_seed_that_numpy_does_not_take_is_refused(text):
    with pytest.raises(SettingsError, match="seed is"):
        Settings.of("lstm", "stories", changes=[f"seed={text}"])


@pytest.mark.parametrize("preset", ["default", "tuned"])
def test_language_models_are_kept_by_a_moving_mean(preset: str) -> None:
    for model in ("rnn-tanh", "gru", "lstm", "transformer"):
        assert Settings.of(model, "stories", preset).training.ema == 0.999
    for model in ("rnn", "lstm-attention", "transformer-encoder", "transformer"):
        assert Settings.of(model, "captions", preset).training.ema == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told["settings"].pop("model"), "expected a text under 'model', found None"),
        (lambda told: told["settings"].update(training=3), r"expected an object, {...}, under 'training', found 3"),
        (lambda told: told["settings"]["shape"].update(hiden=3), "there is no setting 'hiden'"),
        (lambda told: told["settings"]["training"].update(epochs="3"), "epochs is '3': expected a whole number"),
        (lambda told: told["settings"]["training"].update(epochs=True), "epochs is True: expected a whole number"),
        (lambda told: told["settings"]["training"].update(epochs=0), "epochs is 0; it has to be"),
        (lambda told: told["settings"].update(model="rnnn"), "captions .translation. has no model 'rnnn'"),
        (lambda told: told.pop("tree"), "expected the names of folders under 'tree' and 'data_root'"),
        (lambda told: told.pop("settings"), "expected the run's settings under 'settings'"),
    ],
)
def test_settings_of_a_run_that_were_changed_by_hand_are_told(tmp_path, change, said):
    settings = Settings.of("rnn", "captions")
    told = {"settings": settings.to_json(), "tree": "student", "data_root": None}
    assert Settings.of_run(Run.create(tmp_path / "whole", told)) == settings
    change(told)
    run = Run.create(tmp_path / "run", told)
    with pytest.raises(SettingsError, match=rf"run/settings\.json: {said}.*\. Put back a copy of it"):
        Settings.of_run(run)


def test_a_setting_that_is_missing_has_its_default(tmp_path):
    told = {"settings": Settings.of("rnn", "captions").to_json(), "tree": "student", "data_root": None}
    told["settings"]["training"].pop("ema")
    assert Settings.of_run(Run.create(tmp_path / "run", told)).training.ema == 0
