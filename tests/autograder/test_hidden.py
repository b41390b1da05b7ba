"""What is said of a failure with secret inputs: true, and nothing that a submission could choose."""

import pytest

from tests.harness.graded import Case
from tests.harness.hidden import differing, hidden_words
from tests.harness.judge import Kind
from tests.harness.outcome import Outcome

PLAIN = Case("", {})


def sizes(**changed: int) -> Outcome:
    return Outcome(sizes={"N": 3, "T": 5, "L": 6, "H": 4, "I": 7, "padding of source": 0} | changed)


@pytest.mark.parametrize(
    ("hidden", "words"),
    [
        (sizes(), "with other values of the same sizes"),
        (sizes(**{"padding of source": 2}), "with other values of the same sizes and padding"),
        (sizes(N=2), "with another batch size (N)"),
        (sizes(T=4), "with another length (T)"),
        (sizes(H=5), "with another size (H)"),
        (sizes(T=4, L=3, H=5, I=6), "with other lengths (T, L) and other sizes (H, I)"),
        (sizes(N=2, T=4, **{"padding of source": 2}), "with another batch size (N), another length (T) and padding"),
    ],
)
def test_what_hidden_inputs_vary_is_named(hidden, words):
    assert differing(sizes(), hidden) == words


def test_padding_may_come_go_and_change():
    some, more, none = (sizes(**{"padding of source": number}) for number in (1, 2, 0))
    assert differing(some, more).endswith("and other padding")
    assert differing(some, none).endswith("and no padding")
    assert differing(none, some).endswith("and padding")


def test_the_sentence_is_fixed_words_and_published_arguments():
    fact, advice = hidden_words(Kind.FAULT, sizes(), sizes(H=5), PLAIN).splitlines()
    assert fact == (
        "Right with the published inputs; with another size (H) your code stops with an error or does not end."
    )
    assert advice == "On your computer, `python -m tests --stress` looks for such cases."
    one = Case("1-4", {"N": 1, "T": 4, "model_type": "RNN"})
    assert hidden_words(Kind.VALUES, sizes(), sizes(), one).splitlines()[0] == (
        "Right with the published inputs; in the case N = 1, T = 4, model_type = RNN (a batch of one), "
        "with other values of the same sizes the values differ."
    )
    assert "(a batch of one and a length of one)" in hidden_words(
        Kind.SHAPE, sizes(), sizes(), Case("1", {"batch": 1, "length": 1})
    )


def test_no_hidden_number_is_said():
    secret = {"N": 173, "T": 181, "padding of source": 191}
    words = hidden_words(Kind.VALUES, sizes(), sizes(**secret), PLAIN)
    assert not any(str(number) in words for number in secret.values())
