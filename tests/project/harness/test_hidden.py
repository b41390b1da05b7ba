"""What is said of a failure with secret inputs: true, and at most three bits that a submission can choose."""

import pytest

from harness.hidden import differing, hidden_words
from harness.judge import Kind
from harness.marks import COMMON, SizeNames
from harness.outcome import Outcome


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
    assert differing([(sizes(), hidden)]) == words


def test_a_test_can_name_other_batch_sizes_and_lengths():
    public, hidden = (Outcome(sizes={"T": number, "steps": number, "rows": number}) for number in (3, 4))
    assert differing([(public, hidden)]) == "with another length (T) and other sizes (steps, rows)"
    names = SizeNames((*COMMON.batches, "rows"), (*COMMON.lengths, "steps"))
    assert differing([(public, hidden)], names) == "with another batch size (rows) and other lengths (T, steps)"


def test_padding_may_come_go_and_change():
    some, more, none = (sizes(**{"padding of source": number}) for number in (1, 2, 0))
    assert differing([(some, more)]).endswith("and other padding")
    assert differing([(some, none)]).endswith("and no padding")
    assert differing([(none, some)]).endswith("and padding")


def said(kind: Kind, failed: int, *hidden: Outcome) -> str:
    """Of a test with one case: what is said first."""
    return hidden_words(kind, [sizes()], [[outcome] for outcome in hidden], failed).splitlines()[0]


def test_the_sentence_says_whether_sizes_matter_and_how_it_fails():
    first = "Right with the published inputs; with other values of the same sizes a result is not finite (NaN or infin"
    assert said(Kind.NOT_FINITE, 0, sizes(), sizes(H=5)).startswith(first)
    assert said(Kind.FAULT, 1, sizes(), sizes(H=5)) == (
        "Right with the published inputs and with other values of the same sizes; "
        "with another size (H) your code stops with an error or does not end."
    )
    only_others = "Right with the published inputs; with another batch size (N) the values differ."
    assert said(Kind.VALUES, 0, sizes(N=4)) == only_others
    assert said(Kind.VALUES, 1, sizes(), sizes()) == said(Kind.VALUES, 0, sizes(), sizes())  # no size to vary
    advice = hidden_words(Kind.VALUES, [sizes()], [[sizes()]], 0).splitlines()[1]
    assert advice == "On your computer, `python -m tests --stress` looks for such cases."


def test_a_test_has_eight_sentences_whichever_kind_case_and_seed_fail():
    cases = [sizes(), sizes(N=1)]
    hidden = [cases, [sizes(H=5), sizes(N=1)], [sizes(T=4), sizes(N=1, H=6)], [sizes(N=2), sizes(N=1, T=9)]]
    sentences = {hidden_words(kind, cases, hidden, failed) for kind in set(Kind) - {Kind.PASSED} for failed in range(4)}
    assert len(sentences) == 8


def test_no_hidden_number_is_said():
    secret = {"N": 173, "T": 181, "padding of source": 191}
    words = said(Kind.VALUES, 0, sizes(**secret))
    assert not any(str(number) in words for number in secret.values())
