"""The generated stories: always the same, right in what they say, and out of reach for a model that sees one word back.

What is right is written down here once more, without the grammar.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

from workbench.datasets.draw import Draw
from workbench.language_model.corpora import load, tokens
from workbench.language_model.stories import distinct_stories
from workbench.language_model.text import TextCorpus

ROOT = Path(__file__).parents[4]
# Of all stories, one a line. A change of the corpus changes every number that was measured on it.
DIGEST = "5d831815133a8f4de13a651cea6d52e2c684450665b4353db69f33989152428b"
T = TypeVar("T")


def words(text: str) -> set[str]:
    return set(text.split())


GIRLS = words("Anna Clara Emma Greta Ida Lena Mia Nora Rosa Tilda mother sister aunt grandmother")
BOYS = words("Ben David Felix Hugo Jonas Karl Leo Max Oscar Tom father brother uncle grandfather")
WOMEN_AT_WORK, MEN_AT_WORK = {"teacher", "queen", "nurse"}, {"farmer", "sailor", "baker"}
SHE, HE = {"she", "her", "herself"}, {"he", "his", "him", "himself"}
SINGULAR = words("box letter key picture bench horse goose boat cart man woman child house tree tower")
PLURAL = words("boxes letters keys pictures benches horses geese boats carts men women children houses trees")
PLURAL |= {"towers", "sheep"}
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
PERSON = r"(?:(?:his|her|His|Her) )?(\w+)"
PLACES = "garden barn library forest mill castle museum market station harbour lake school beach farm"
LOOKS = "red|blue|green|yellow|black|white|old|new|small|big"


@pytest.fixture(scope="module")
def corpus() -> TextCorpus:
    return load("stories")


@pytest.fixture(scope="module")
def stories(corpus: TextCorpus) -> list[str]:
    return [*corpus.train, *corpus.validation, *corpus.test]


def every(pattern: str, stories: Sequence[str], at_least: int = 40) -> Iterator[re.Match[str]]:
    """All places where the pattern occurs: enough of them, so that what is said of them is said of something."""
    matches = [match for story in stories for match in re.finditer(pattern, story)]
    assert len(matches) >= at_least, (pattern, len(matches))
    return iter(matches)


# The corpus as a whole.


def test_sizes(corpus: TextCorpus) -> None:
    splits = {name: list(tokens(getattr(corpus, name), "words")) for name in ("train", "validation", "test")}
    assert (corpus.name, corpus.unit) == ("stories", "words")
    for name, least in (("train", 60_000), ("validation", 6_000), ("test", 6_000)):
        assert least <= len(splits[name]) < least + 300
    counts = Counter(splits["train"])
    assert 300 < len(counts) < 500
    assert {word for word in splits["validation"] + splits["test"] if counts[word] < 2} == set()


def test_no_story_occurs_twice(stories: list[str]) -> None:
    assert len(set(stories)) == len(stories) > 500


def test_the_stories_are_the_same_everywhere(stories: list[str]) -> None:
    assert hashlib.sha256("\n".join(stories).encode()).hexdigest() == DIGEST
    code = "from workbench.language_model.corpora import load; import hashlib; c = load('stories')\n"
    code += "text = '\\n'.join((*c.train, *c.validation, *c.test)); print(hashlib.sha256(text.encode()).hexdigest())"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == DIGEST


# Spelling.


def test_words_and_punctuation_are_separated(stories: list[str]) -> None:
    for story in stories:
        assert re.fullmatch(r"[A-Z][a-z]*( (\w+(’\w+)?|[.,:!?()“”]))* \.", story), story


def test_a_sentence_begins_with_a_capital_letter(stories: list[str]) -> None:
    names = {name for name in GIRLS | BOYS if name[0].isupper()} | words("Bruno Flora Luna Minka Nero Pip Rex Tasso")
    for story in stories:
        for before, word in pairwise([".", *story.split()]):
            if word.isalpha():
                begins = before in (".", "“")
                assert begins == word[0].isupper() or word in names | {"Sunday", "I"}, (before, word, story)


def test_articles(stories: list[str]) -> None:
    for match in every(r"\b(an?|An?) (\w+)", stories, 2000):
        assert (match[1].lower() == "an") == (match[2][0] in "aeiou"), match[0]


def left_open(story: str) -> list[str]:
    """The quotation marks and brackets that are not closed, or closed and not open, or within each other."""
    stack: list[str] = []
    for mark in re.findall(r"[“”()]", story):
        if mark in "“(" and not stack:
            stack.append(mark)
        elif stack == ["“" if mark == "”" else "("]:
            stack.pop()
        else:
            return [*stack, mark]
    return stack


def test_what_is_opened_is_closed(stories: list[str]) -> None:
    assert [story for story in stories if left_open(story)] == []
    assert sum(story.count("“") for story in stories) > 1000
    assert sum(story.count("(") for story in stories) > 100
    assert all(map(left_open, ("“ a", "a ”", "“ ( ” )", "( “ ) ”", "( a", ") (", "“ “ a ”", "( a ”")))


# Who is who.


def gender(person: str) -> set[str]:
    """The pronouns of a person, by the name or the last word of "her brother"."""
    assert (person in GIRLS | WOMEN_AT_WORK) != (person in BOYS | MEN_AT_WORK), person
    return SHE if person in GIRLS | WOMEN_AT_WORK else HE


@pytest.mark.parametrize(
    "pattern",
    [
        rf"^{PERSON} , who had an? \w+ \w+ , liked to be \w+ the \w+ \. [^.]*? , (she|he) met",
        r"(\w+) was \w+ the \w+ with [^.]* \. (She|He) had",
        r"\. (\w+) had not hurt (\w+) , but there was mud",
        rf"{PERSON} had to go , but (she|he) promised",
        rf"{PERSON} had \w+ \w+ in (her|his) bag",
        r"said (\w+) , and (she|he) put the",
        r"(\w+) went home with the \w+ \w+ , but (she|he) never",
        r"an? \w+ (\w+) \( (she|he) had",
        r"(\w+) (?:picked|found|bought) \w+ \w+ \. .*?After that , (she|he) had",
        r"asked (\w+) \. [^.]* \. So (she|he) looked",
    ],
)
def test_pronouns_agree_with_their_person(stories: list[str], pattern: str) -> None:
    for match in every(pattern, stories):
        assert match[2].lower() in gender(match[1]), match[0]


def test_every_pronoun_has_a_person(stories: list[str]) -> None:
    """Where all are girls nobody is "he", and the other way round; strangers apart, who are in brackets."""
    alone = 0
    for story in stories:
        told = re.sub(r"\(.*?\)", "", story).split()
        people = [word for word in told if word in GIRLS | BOYS]
        if len({"she" in gender(person) for person in people}) == 1:
            alone += 1
            assert not set(map(str.lower, told)) & (SHE | HE) - gender(people[0]), story
    assert alone > 100


def test_relatives_are_those_of_the_hero(stories: list[str]) -> None:
    for match in every(r"\b([Hh]er|[Hh]is) (\w+)", stories):
        if match[2] not in GIRLS | BOYS:
            continue
        (hero, *_) = [word for word in match.string.split() if word in GIRLS | BOYS and word[0].isupper()]
        assert match[1].lower() in gender(hero), match.string


# Number, and numbers.


def test_subject_and_verb_agree_over_what_stands_between(stories: list[str]) -> None:
    between = Counter[bool]()
    for match in every(
        r"[Tt]he (\w+) ((?:that|behind) [^.,]*?) (was|were) (?:wet|dirty|beautiful|exp|broken)", stories, 80
    ):
        assert match[1] in (PLURAL if match[3] == "were" else SINGULAR), match[0]
        nouns = [word for word in match[2].split() if word in SINGULAR | PLURAL]
        assert nouns, match[0]
        between[(nouns[-1] in PLURAL) != (match[3] == "were")] += 1
    assert between[True] > 20, "the last noun before the verb is often one that the verb does not agree with"


def test_messages_agree_in_both_tenses(stories: list[str]) -> None:
    now_and_then = {"is": "was", "are": "were"}
    for match in every(r"Tell (the \w+) that the (\w+) (is|are) (.*?) , ” [^.]*\. \w+ ran to (.*?) \.", stories):
        who, noun, now, state, told = match.groups()
        assert noun in (PLURAL if now == "are" else SINGULAR), match[0]
        assert told == f"{who} and said that the {noun} {now_and_then[now]} {state}"


def test_what_is_left_is_the_difference(stories: list[str]) -> None:
    for match in every(
        r"(?:picked|found|bought) (\w+) (\w+) \. .*? (\w+) of them .*?After that , \w+ had (\w+) (\w+) left", stories
    ):
        count, given, left = (NUMBERS.index(match[group]) for group in (1, 3, 4))
        assert count - given == left >= 1
        assert match[5] == (match[2] if left > 1 else match[2].removesuffix("s")), match[0]


def test_together_is_the_sum(stories: list[str]) -> None:
    for match in every(r"had (\w+) (\w+) in \w+ bag , and \w+ had (\w+) \. “ Together we have (\w+) (\w+)", stories):
        mine, yours, both = (NUMBERS.index(match[group]) for group in (1, 3, 4))
        assert mine + yours == both
        assert match[2] == match[5]


# What comes back.


def test_the_place_comes_back(stories: list[str]) -> None:
    """In the last sentence, and after every journey."""
    for story in stories:
        first, *_, last = re.findall(rf"(?:the) ({PLACES.replace(' ', '|')})\b", story)
        assert first == last, story
    for match in every(
        r"Later they went to the (\w+) by (\w+) \. They saw .*? the \1 \. By (\w+) they came back to the (\w+)", stories
    ):
        assert match[2] == match[3]
        assert match[4] == re.search(rf"the ({PLACES.replace(' ', '|')})\b", match.string)[1] != match[1]


def test_the_thing_comes_back(stories: list[str]) -> None:
    """The hero's, which is another one after a trade."""
    changed = 0
    for story in stories:
        mine = re.search(rf"\ban? ({LOOKS}) (\w+)", story)
        assert mine is not None
        if trade := re.search(rf"So now \w+ had the ({LOOKS}) (\w+) , and", story):
            changed += 1
            mine = trade
        *_, last = re.finditer(rf"the ({LOOKS}) (\w+)", story)
        assert last.groups() == mine.groups(), story
    assert 20 < changed < len(stories) / 2


def test_after_a_trade_each_has_what_was_said(stories: list[str]) -> None:
    trade = rf"had an? ({LOOKS}) (\w+) \. “ Will you give me your (\w+) for my \2 \? ” asked {PERSON} \. "
    for match in every(rf"{trade}(\w+) said no \. So \5 kept the (\w+) \3 , and {PERSON} kept the \1 \2", stories):
        assert match[7] == match[4] != match[5]
    for match in every(rf"{trade}(\w+) said yes \. So now \5 had the \1 \2 , and {PERSON} had the (\w+) \3", stories):
        assert match[6] == match[4] != match[5]


def test_the_oldest_is_older_than_who_is_older(stories: list[str]) -> None:
    pattern = r"(\w+) was (\w+) than (\w+) , and (\w+) was \2 than (\w+) \. “ Who is the (\w+) of [^.]* \. “ (\w+) , ”"
    for match in every(pattern, stories):
        first, _, second, again, third, most, answer = match.groups()
        assert second == again
        assert answer == (first if most in ("oldest", "tallest") else third)
        assert len({first, second, third}) == 3


def test_what_was_in_a_box_is_taken_out(stories: list[str]) -> None:
    pattern = (
        r"a (\w+) one and a (\w+) one \. In the \1 box there was an? (\w+) , and in the \2 box there was an? (\w+) \. "
    )
    chosen = Counter[str]()
    for match in every(rf"{pattern}\w+ opened the (\w+) box and took the (\w+) out", stories):
        one, other, first, second, colour, noun = match.groups()
        assert noun == {one: first, other: second}[colour]
        chosen[noun == first] += 1
    assert min(chosen.values()) > 20


def test_two_of_three_things_are_left(stories: list[str]) -> None:
    pattern = r"An? (\w+) , an? (\w+) and an? (\w+) were on a table \. .*? took the (\w+) away"
    for match in every(rf"{pattern} \. Then only the (\w+) and the (\w+)", stories):
        one, two, three, gone, *left = match.groups()
        assert left == [noun for noun in (one, two, three) if noun != gone]
        assert len(left) == 2


@pytest.mark.parametrize(
    "pattern",
    [
        r"back at (\w+) o’clock \. .*?At (\w+) o’clock",
        r"Suddenly the (\w+) was gone \. .* but the (\w+) was not there",
        r"(?:saw it|said that it was) ([\w ]+?) (?:\.|,) .*?(?:looked|was : the \w+ \w+ was) ([\w ]+?) (?:\.|,)",
        r"(?:was called|of this \w+ is) (\w+) .*?(?:Come here , |” said \w+ to )(\w+)",
        r"had an? (\w+) , and the \1 was called .*? the (\w+) (?:was|ran|fell|wanted)",
        r"(\w+) \( [^)]* \) came by .*? ” said \w+ to the (\w+) with the",
        r"\( (?:with|she had|he had) an? (\w+ \w+) \) came by .*? ” said \w+ to the \w+ with the (\w+ \w+)",
    ],
)
def test_what_was_said_is_remembered(stories: list[str], pattern: str) -> None:
    traded = 0
    for match in every(pattern, stories):
        if "So now" in match[0]:
            traded += 1
        else:
            assert match[1] == match[2], match[0]
    assert traded < 40


# What a model can learn.


def ngram_perplexity(order: int, train: Sequence[str], held_out: Sequence[str]) -> float:
    """Of a model that sees order - 1 words back and trusts fewer where it has seen little (Witten and Bell, 1991)."""
    counts = [Counter(zip(*(train[shift:] for shift in range(length)), strict=False)) for length in range(1, order + 1)]
    seen = [Counter[tuple[str, ...]]() for _ in counts]
    kinds = [Counter(ngram[:-1] for ngram in counter) for counter in counts]
    for counter, total in zip(counts, seen, strict=True):
        for ngram, count in counter.items():
            total[ngram[:-1]] += count

    def probability(ngram: tuple[str, ...]) -> float:
        if not ngram:
            return 1 / len(counts[0])
        level, fewer = len(ngram) - 1, probability(ngram[1:])
        total, different = seen[level][ngram[:-1]], kinds[level][ngram[:-1]]
        return (counts[level][ngram] + different * fewer) / (total + different) if total else fewer

    loss = -sum(math.log(probability(tuple(held_out[end - order : end]))) for end in range(order, len(held_out) + 1))
    return math.exp(loss / (len(held_out) + 1 - order))


class CountingDraw(Draw):
    """Knows how improbable its choices were: no text can hold more information than they do."""

    nats = 0.0

    def chance(self, probability: float) -> bool:
        result = super().chance(probability)
        self.nats -= math.log(probability if result else 1 - probability)
        return result

    def one(self, choices: Sequence[T]) -> T:
        self.nats += math.log(len(choices))
        return super().one(choices)


def test_short_memory_is_not_enough(corpus: TextCorpus) -> None:
    """What whoever knows the grammar and remembers everything can reach, beside n-grams: 8.4 and 3.9 to 1.43."""
    draw = CountingDraw(5)
    writer = distinct_stories(draw)
    count = sum(len(next(writer).split()) + 1 for _ in range(500))
    possible = math.exp(draw.nats / count)
    train, held_out = (list(tokens(lines, "words")) for lines in (corpus.train, corpus.validation))
    bigram, trigram, longer = (ngram_perplexity(order, train, held_out) for order in (2, 3, 5))
    assert 1.3 < possible < 1.6
    assert bigram > 5 * possible
    assert trigram > 2.3 * possible
    assert longer > 2 * possible
