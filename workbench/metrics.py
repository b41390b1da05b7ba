"""How good a model's probabilities are: perplexity, or the loss itself."""

from __future__ import annotations

import math

TOKENS = "tokens"


def mean_loss(loss: float, tokens: int) -> float:
    """Mean negative log-likelihood of a token, in nats.

    Args:
        loss: summed over the tokens, so that a long batch counts for more than a short one.

    Raises:
        ValueError: without tokens.
    """
    if tokens <= 0:
        raise ValueError(f"a loss a token needs tokens, and there are {tokens}")
    return loss / tokens


def perplexity(loss: float, tokens: int) -> float:
    """exp(mean loss of a token): between how many equally likely words the model chooses on average.

    Args:
        loss: summed over the tokens.

    Returns:
        infinity where that is no longer a number.

    Raises:
        ValueError: without tokens.
    """
    return perplexity_of(mean_loss(loss, tokens))


def perplexity_of(mean: float) -> float:
    """exp(mean), of a mean loss in nats a token; infinity where that is no longer a number."""
    try:
        return math.exp(mean)
    except OverflowError:
        return math.inf


def in_words(mean: float, unit: str) -> str:
    """A mean loss in nats as it is shown: of tokens as perplexity, of other units as it is."""
    return f"perplexity {perplexity_of(mean):.2f}" if unit == TOKENS else f"loss {mean:.3f}"
