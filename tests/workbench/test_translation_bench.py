"""bench translation: both ways of a race do the same work."""

import pytest
import torch

from tests.workbench.test_translators import PAIRS, SIZES, solution, text  # noqa: F401 - fixtures
from workbench.settings import Settings
from workbench.translation import bench
from workbench.translation.translators import build

POSITIONS = 24


@pytest.fixture
def transformer(solution, text):  # noqa: F811
    """One with random weights: it ends some translations early and some not at all."""
    torch.manual_seed(3)
    settings = Settings.of("transformer", "captions", changes=SIZES["transformer"])
    return build(solution, settings, (text.source_size, text.target_size), torch.device("cpu"))


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
