"""How good translations are beside the right ones: BLEU, chrF and exact matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Score(NamedTuple):
    """A score and how it was computed.

    Attributes:
        value: 0 to 100.
        signature: sacreBLEU's, to be quoted beside the value.
    """

    value: float
    signature: str


def bleu(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """sacreBLEU of a corpus (Papineni et al. 2002; Post 2018), of lower-case text: the models write no other.

    Args:
        hypotheses, references: detokenised sentences in the same order.

    Raises:
        ValueError: no sentences, or not as many of one as of the other.
    """
    from sacrebleu.metrics.bleu import BLEU  # imported here: translating alone should not wait for it

    return _score(BLEU(lowercase=True), hypotheses, references)


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """chrF of a corpus, of lower-case text: F-score of letter sequences (Popović 2015); fair to another ending.

    Args and errors as in `bleu`.
    """
    from sacrebleu.metrics.chrf import CHRF

    return _score(CHRF(lowercase=True), hypotheses, references)


def bleu_lowercased_tokenised(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> Score:
    """BLEU of lower-cased words as the tokenizer gave them: only to compare with results that were computed so.

    Args:
        hypotheses, references: the words of each sentence, in the same order.

    Raises:
        ValueError: no sentences, not as many of one as of the other, or a text where words are expected.
    """
    from sacrebleu.metrics.bleu import BLEU

    for words in (*hypotheses, *references):
        if isinstance(words, str):
            raise ValueError(f"expected a sentence as a list of words, and {words!r} is a text")
    # force: sacreBLEU would warn of tokenised text, which is meant here.
    metric = BLEU(lowercase=True, tokenize="none", force=True)
    return _score(metric, [" ".join(words) for words in hypotheses], [" ".join(words) for words in references])


def exact_match(hypotheses: Sequence[object], references: Sequence[object]) -> float:
    """Share of sentences that are the reference, 0 to 1; sentences as texts or as lists of words.

    Raises:
        ValueError: no sentences, or not as many of one as of the other.
    """
    _check(hypotheses, references)
    pairs = zip(hypotheses, references, strict=True)
    return sum(hypothesis == reference for hypothesis, reference in pairs) / len(references)


def _score(metric: Any, hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    _check(hypotheses, references)
    value = float(metric.corpus_score(hypotheses, [references]).score)
    return Score(value, str(metric.get_signature()))


def _check(hypotheses: Sequence[object], references: Sequence[object]) -> None:
    for sentences in (hypotheses, references):
        if isinstance(sentences, str):
            raise ValueError(f"expected a list of sentences, and {sentences!r} is one text")
    if len(hypotheses) != len(references):
        raise ValueError(
            f"there are {len(hypotheses)} translations and {len(references)} references; each needs its own"
        )
    if not references:
        raise ValueError("there are no sentences to score")
