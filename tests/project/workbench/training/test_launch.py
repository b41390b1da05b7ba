"""A run of translation from its settings to its folder and back, with the solution's models and a few sentences."""

import json
import re
import signal
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from harness.tree import Tree
from tests.project.workbench.tiny import SignalAt
from workbench.errors import SettingsError, WorkbenchError
from workbench.training import launch
from workbench.training.callbacks import Callback
from workbench.training.records import Interrupted
from workbench.training.run_folder import Run, RunError
from workbench.training.settings import Settings
from workbench.training.trained import Trained
from workbench.translation import data
from workbench.translation.data import Corpus
from workbench.translation.trained import TrainedTranslator

ROOT = Path(__file__).resolve().parents[4]
pytestmark = pytest.mark.usefixtures("few_sentences")
LSTM = ["emb_size=8", "hidden_size=8", "batch_size=8", "epochs=2", "save_every=100", "learning_rate=0.01"]


def train(folder: Path, tree: Tree, *changes: str, callbacks: Any = ()) -> TrainedTranslator:
    settings = Settings.of("lstm-attention", "captions", changes=[*LSTM, *changes])
    return launch.train(settings, folder, tree, device="cpu", callbacks=callbacks)[0]


def test_an_interrupted_run_ends_with_the_bits_of_a_whole_one(tmp_path, tree):
    """Dropout, the order of batches and the coin of teacher forcing all go on where they were."""
    train(tmp_path / "whole", tree, "teacher_forcing=0.5")
    with pytest.raises(Interrupted):
        train(tmp_path / "run", tree, "teacher_forcing=0.5", callbacks=[SignalAt(3, signal.SIGINT)])
    torch.manual_seed(99)
    (tmp_path / "run" / "test.json").write_text("{}")  # as if it had been evaluated meanwhile
    launch.resume(tmp_path / "run", device="cpu")  # with the tree that settings.json names
    whole, resumed = (Run.open(tmp_path / name).load_weights() for name in ("whole", "run"))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert not (tmp_path / "run" / "test.json").exists()


def test_a_run_that_was_killed_before_its_first_save_ends_with_the_same_bits(tmp_path, tree):
    class Killed(Callback):
        def on_step(self, trainer, step):
            raise KeyboardInterrupt

    train(tmp_path / "whole", tree, "seed=5")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", tree, "seed=5", callbacks=[Killed()])
    torch.manual_seed(99)
    launch.resume(tmp_path / "run", device="cpu")
    whole, resumed = (Run.open(tmp_path / name).load_weights() for name in ("whole", "run"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_how_many_pairs_are_left_out_is_said(tmp_path, tree):
    class Notes(Callback):
        heard: ClassVar[list[str]] = []

        def on_note(self, trainer, text):
            self.heard.append(text)

    train(tmp_path / "run", tree, "longest=8", "epochs=1", callbacks=[Notes()])
    (note,) = Notes.heard
    assert re.fullmatch(r"longest=8 leaves out \d+ of 40 training pairs", note)


def test_weights_of_other_layers_are_refused_with_words(tmp_path, tree):
    run = train(tmp_path / "run", tree, "epochs=1").run
    run.save_weights({f"old.{name}": value for name, value in run.load_weights().items()})
    with pytest.raises(RunError, match=r"run are of other layers than the model's now: .*encoder.*--tree, or train"):
        Trained.load(tmp_path / "run", device="cpu")


def test_the_seed_decides_the_weights(tmp_path, tree):
    weights = [
        train(tmp_path / name, tree, "epochs=1", f"seed={seed}").translator.module.state_dict()
        for name, seed in (("first", 1), ("same", 1), ("other", 2))
    ]
    first, same, other = ([value.clone() for value in state.values()] for state in weights)
    assert all(torch.equal(one, two) for one, two in zip(first, same, strict=True))
    assert not all(torch.equal(one, two) for one, two in zip(first, other, strict=True))


def test_a_run_does_not_resume_with_other_settings(tmp_path, tree):
    train(tmp_path / "run", tree, "epochs=1")
    log = Run.open(tmp_path / "run").read_log()
    for asked, said in (({"epochs": 3}, "epochs=1"), ({"model": "rnn"}, "model=lstm-attention")):
        with pytest.raises(RunError, match=f"was begun with {said}, "):
            launch.resume(tmp_path / "run", device="cpu", asked=asked)
    launch.resume(tmp_path / "run", device="cpu", asked={"epochs": 1, "data": "captions"})
    assert Run.open(tmp_path / "run").read_log() == log


def test_a_run_finds_its_models_from_any_folder(tmp_path, tree, monkeypatch):
    monkeypatch.chdir(ROOT)
    trained = train(tmp_path / "run", tree, "epochs=1")
    told = json.loads((tmp_path / "run" / "settings.json").read_text())["settings"]
    assert told["tree"] == "solution", "from the project's root: both can be moved together"
    monkeypatch.chdir(tmp_path)
    sentences = ["Ein Mann.", "Eine Frau sieht im Park einen Hund."]
    expected = [trained.translate(sentence) for sentence in sentences]
    assert Trained.load(Path("run"), device="cpu").translate_all(sentences) == expected


def test_a_tree_that_is_gone_is_named(tmp_path, tree):
    run = Run.open(train(tmp_path / "run", tree, "epochs=1").run.folder)
    run.write_json("settings.json", {"format": 1, "settings": {**run.settings, "tree": str(tmp_path / "gone")}})
    with pytest.raises(WorkbenchError, match=r"gone: expected a folder .* --tree"):
        Trained.load(tmp_path / "run", device="cpu")


def test_training_never_reads_a_sentence_of_the_test_split(tmp_path, tree, few_sentences, monkeypatch):
    before = train(tmp_path / "run", tree).translator.module.state_dict()
    other = Corpus("captions", few_sentences.train, few_sentences.validation, few_sentences.train[:12])
    monkeypatch.setattr(data, "load", lambda name, data_root=None: other)
    after = train(tmp_path / "other", tree).translator.module.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_positions_are_those_of_the_longest_sentence(tmp_path, tree, few_sentences):
    sizes = ["hidden_dim=8", "dim_feedforward=8", "epochs=1"]
    settings = Settings.of("transformer", "captions", changes=sizes)
    trained, _ = launch.train(settings, tmp_path / "run", tree, device="cpu")
    pairs = [*few_sentences.train, *few_sentences.validation, *few_sentences.test]
    longest = max(len(side) for example in trained.text.encode(pairs) for side in example)
    assert trained.settings.shape.max_length == longest
    settings = Settings.of("transformer", "captions", changes=[*sizes, f"max_length={longest - 1}"])
    with pytest.raises(SettingsError, match=f"the longest sentence of captions has {longest} tokens"):
        launch.train(settings, tmp_path / "short", tree, device="cpu")
    assert not (tmp_path / "short").exists()
