"""The scores of translations, beside numbers that were worked out by hand."""

import math
import warnings

import pytest
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from workbench.translation import scores

WORDS = [["A", "man", "rides", "a", "bike", "."], ["Two", "dogs", "run", "."]]


def test_what_is_right_has_all_points() -> None:
    sentences = ["A man rides a bike.", "Two dogs run on the grass."]
    assert scores.bleu(sentences, sentences).value == pytest.approx(100)
    assert scores.chrf(sentences, sentences).value == pytest.approx(100)
    assert scores.exact_match(sentences, sentences) == 1


def test_bleu_is_that_of_the_corpus_and_not_the_mean_of_sentences() -> None:
    translations = ["the cat sat on the mat", "x"]
    right = ["the cat sat on the mat", "y"]
    # Matches of 1- to 4-grams over both sentences: 6/7, 5/5, 4/4, 3/3; as long as the reference.
    assert scores.bleu(translations, right).value == pytest.approx(100 * (6 / 7) ** 0.25)


def test_bleu_punishes_what_is_too_short() -> None:
    translations, right = ["the cat sat on the"], ["the cat sat on the mat"]
    assert scores.bleu(translations, right).value == pytest.approx(100 * math.exp(1 - 6 / 5))


def test_bleu_and_chrf_are_those_of_lower_case_text_and_say_how_they_count() -> None:
    translations = ["A man rides on a BIKE.", "two dogs, an Ärmel and a T-shirt!"]
    right = ["a Man rides a bike", "Two dogs; an ärmel and the t-shirt!"]
    bleu, chrf = scores.bleu(translations, right), scores.chrf(translations, right)
    lowered = [[text.lower() for text in texts] for texts in (translations, right)]
    assert bleu.value == BLEU().corpus_score(lowered[0], [lowered[1]]).score < 100
    assert chrf.value == CHRF().corpus_score(lowered[0], [lowered[1]]).score < 100
    assert bleu.value != BLEU().corpus_score(translations, [right]).score
    assert "case:lc" in bleu.signature
    assert "case:lc" in chrf.signature
    assert "tok:13a" in bleu.signature
    assert "version:" in bleu.signature
    assert "nc:6" in chrf.signature


def test_bleu_is_not_symmetric() -> None:
    long, short = ["the cat sat on the mat today"], ["the cat sat on the mat"]
    assert scores.bleu(long, short).value == pytest.approx(100 * (6 / 7 * 5 / 6 * 4 / 5 * 3 / 4) ** 0.25)
    assert scores.bleu(short, long).value == pytest.approx(100 * math.exp(1 - 7 / 6))


def test_bleu_of_words_ignores_case_and_splits_no_further() -> None:
    lowered = [[word.lower() for word in words] for words in WORDS]
    score = scores.bleu_lowercased_tokenised(WORDS, lowered)
    assert score.value == pytest.approx(100)
    assert "case:lc" in score.signature
    assert "tok:none" in score.signature
    # "t-shirt" is one word to a tokenizer that says so: 4 of 5 words, then 3 of 4, 2 of 3, 1 of 2.
    translations, right = ["a", "b", "c", "d", "t-shirt"], ["a", "b", "c", "d", "t-shirts"]
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert scores.bleu_lowercased_tokenised([translations], [right]).value == pytest.approx(expected)


def test_tokenised_text_gives_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores.bleu_lowercased_tokenised(WORDS * 100, WORDS * 100)
    assert not caplog.records


def test_chrf_gives_points_for_an_ending() -> None:
    right = ["the dogs"]
    assert 0 < scores.chrf(["the cows"], right).value < scores.chrf(["the dog"], right).value < 100


def test_an_empty_translation_is_a_translation() -> None:
    assert scores.bleu(["", "A man."], ["Two dogs.", "A man."]).value < 100
    assert scores.chrf([""], ["Two dogs."]).value == 0


def test_exact_matches_of_texts_and_of_words() -> None:
    assert scores.exact_match(["a b", "a", ""], ["a b", "b", "c"]) == pytest.approx(1 / 3)
    assert scores.exact_match(WORDS, [WORDS[0], ["Two"]]) == 0.5


SCORES = [scores.bleu, scores.chrf, scores.exact_match]


@pytest.mark.parametrize("score", SCORES)
def test_unequal_counts_empty_input_and_a_text_are_refused(score: object) -> None:
    assert callable(score)
    with pytest.raises(ValueError, match="2 translations and 1 references"):
        score(["a", "b"], ["a"])
    with pytest.raises(ValueError, match="no sentences"):
        score([], [])
    with pytest.raises(ValueError, match="list of sentences"):
        score("ab", "ab")


def test_words_are_not_texts() -> None:
    with pytest.raises(ValueError, match="list of words"):
        scores.bleu_lowercased_tokenised(["a man"], [["a", "man"]])
    with pytest.raises(ValueError, match="1 translations and 0 references"):
        scores.bleu_lowercased_tokenised([["a"]], [])
