"""bench translation: both ways of a race do the same work."""

import os

import pytest
import torch

from tests.workbench.made_up import make_run
from tests.workbench.test_translators import PAIRS, SIZES, text  # noqa: F401 - fixtures
from workbench.runs import RunError
from workbench.settings import Settings
from workbench.translation import bench
from workbench.translation.translators import build

POSITIONS = 24


@pytest.fixture
def transformer(tree, text):  # noqa: F811
    """One with random weights: it ends some translations early and some not at all."""
    torch.manual_seed(3)
    settings = Settings.of("transformer", "captions", changes=SIZES["transformer"])
    return build(tree, settings, (text.source_size, text.target_size), torch.device("cpu"))


def test_both_ways_to_decode_say_the_same(transformer, text):  # noqa: F811
    race = bench.decoding(transformer, text, PAIRS * 2, POSITIONS)
    assert race.same == 1
    assert race.amount == 2 * len(PAIRS)
    assert race.ratio == race.plain_seconds / race.seconds > 0


def test_translations_that_differ_are_told(transformer, text, monkeypatch):  # noqa: F811
    """Every second translation of the workbench's is another; the plain ones go on where the workbench has stopped."""
    right = bench.translate(transformer, text, PAIRS)
    wrong = [["no", *words] if row % 2 else words for row, words in enumerate(right)]
    monkeypatch.setattr(bench, "translate", lambda *args, **options: wrong)
    assert bench.decoding(transformer, text, PAIRS, POSITIONS).same == 0.5


def test_training_counts_every_token_once(transformer, text):  # noqa: F811
    race = bench.training(transformer, text, PAIRS, batch_size=2, length=POSITIONS)
    assert race.amount == sum(len(text.encode([pair])[0].target) - 1 for pair in PAIRS)
    assert race.same is None


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
