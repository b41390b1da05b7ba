"""Perplexity, beside numbers that were worked out by hand."""

import math

import pytest

from workbench import metrics


def test_perplexity_is_weighted_by_token() -> None:
    assert metrics.perplexity(math.log(7) * 5, 5) == pytest.approx(7)
    # Batches with 1 and 3 tokens: by token, not the mean of the batches' means.
    assert metrics.mean_loss(4.0 + 3 * 1.0, 4) == 1.75
    assert metrics.perplexity(1e6, 1) == metrics.perplexity_of(710.0) == math.inf
    assert metrics.perplexity_of(math.log(7)) == pytest.approx(7)


def test_a_mean_is_shown_as_perplexity_of_tokens_alone() -> None:
    assert metrics.in_words(math.log(7), "tokens") == "perplexity 7.00"
    assert metrics.in_words(0.25, "reviews") == "loss 0.250"


@pytest.mark.parametrize("tokens", [0, -1])
def test_no_tokens_have_no_perplexity(tokens: int) -> None:
    with pytest.raises(ValueError, match="tokens"):
        metrics.perplexity(1.0, tokens)
