"""bench translation: all ways of a race do the same work, and the ordinary ones are what they are called."""

import os

import pytest
import torch

from autograder.bench.workbench import translation as bench
from tests.project.workbench.made_up import make_run
from tests.project.workbench.translation.test_translators import PAIRS, SIZES, text  # noqa: F401 - fixtures
from workbench.training.run_folder import RunError
from workbench.training.settings import Settings
from workbench.translation.text import PAD
from workbench.translation.translators import build

POSITIONS = 24


@pytest.fixture
def transformer(tree, text):  # noqa: F811
    """One with random weights: it ends some translations early and some not at all."""
    torch.manual_seed(3)
    settings = Settings.of("transformer", "captions", changes=SIZES["transformer"])
    return build(tree, settings, (text.source_size, text.target_size), torch.device("cpu"))


def test_all_ways_to_decode_give_the_same_translations(transformer, text):  # noqa: F811
    race = bench.decoding(transformer, text, PAIRS * 2, POSITIONS)
    assert [other.same for other in race.others] == [1, 1]
    assert race.amount == 2 * len(PAIRS)
    assert race.ratio(race.others[0]) == race.others[0].seconds / race.seconds > 0


def test_the_ordinary_way_is_the_models_own_generation_without_a_cache(transformer, text, monkeypatch):  # noqa: F811
    """Its decoder reads all positions of a sentence in each step, where the workbench's reads the last one."""
    read = []
    norm = transformer.module.transformer.decoder.layers[0].norm1
    norm.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].size(1)))
    monkeypatch.setattr(bench, "_plain_translations", lambda *args: [[]] * len(PAIRS))
    bench.decoding(transformer, text, PAIRS, POSITIONS)
    ordinary = read.index(2) - 1
    assert set(read[:ordinary]) == {1}
    assert read[ordinary:] == list(range(1, ordinary + 1))


def test_translations_that_differ_are_reported(transformer, text, monkeypatch):  # noqa: F811
    """Every second translation of the workbench's is another; the plainest ones go on where the workbench stops."""
    right = bench.translate

    def wrong(*args):
        return [["no", *words] if row % 2 else words for row, words in enumerate(right(*args))]

    monkeypatch.setattr(bench, "translate", wrong)
    assert bench.decoding(transformer, text, PAIRS, POSITIONS).others[1].same == 0.5


def test_training_counts_every_token_once(transformer, text):  # noqa: F811
    race = bench.training(transformer, text, PAIRS, batch_size=2, length=POSITIONS)
    assert race.amount == sum(len(text.encode([pair])[0].target) - 1 for pair in PAIRS)
    assert [other.same for other in race.others] == [None, None]


def test_the_ordinary_batches_are_as_long_as_their_longest_sentences(text):  # noqa: F811
    source, target = bench._padded(text, PAIRS)
    examples = text.encode(PAIRS)
    assert source.size(1) == max(len(example.source) for example in examples)
    assert target.size(1) == max(len(example.target) for example in examples)
    assert [row[row != PAD].tolist() for row in target] == [list(example.target) for example in examples]
    assert [side.shape for side in bench._padded(text, PAIRS, POSITIONS)] == [(len(PAIRS), POSITIONS)] * 2


def test_without_a_run_the_latest_transformer_is_taken(tmp_path):
    def ended(name, model, second, **options):
        folder = make_run(tmp_path / name, model, **options)
        if (folder / "result.json").exists():
            os.utime(folder / "result.json", (second, second))
        return folder

    with pytest.raises(RunError, match="holds no trained transformer; `python -m workbench train --model transformer`"):
        bench.latest(tmp_path)
    latest = ended("a", "transformer", 2)
    ended("b", "transformer", 1)
    ended("c", "rnn", 3)
    ended("d", "transformer", 4, data="stories")  # a language model
    ended("e", "transformer", 5, finished=False)
    diverged = ended("f", "transformer", 6)
    (diverged / "result.json").write_text('{"loss": null}')
    assert bench.latest(tmp_path) == latest
