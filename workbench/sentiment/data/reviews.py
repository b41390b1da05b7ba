"""Film reviews of our own, made by a small grammar, in which counting words says little.

A review makes several statements about a film, and its last one decides. A statement can say what it means, deny the
opposite, set two things against each other, or quote somebody who is wrong. Each adjective is about as frequent in
positive as in negative reviews: who knows only which words occur, and not in which order, has to guess.
"""

from __future__ import annotations

import functools
import re

from workbench.datasets.draw import Draw
from workbench.sentiment.data import Review

SEED = 2018  # the year of BERT
LEARN, TEST = 3000, 1000
GOOD = ("brilliant", "moving", "gripping", "charming", "witty", "superb", "clever", "wonderful")
BAD = ("dull", "clumsy", "tedious", "lifeless", "shallow", "awful", "silly", "dreadful")
ASPECTS = (
    "plot", "ending", "opening", "script", "cast", "villain", "hero", "love story", "title song", "final scene",
    "chase", "voice-over", "sequel", "trailer",
)  # fmt: skip
KINDS = ("western", "thriller", "comedy", "drama", "musical", "war film", "documentary", "cartoon")
PEOPLE = ("my sister", "a friend", "my parents", "two colleagues", "nobody but the usher", "our neighbours")
TIMES = ("last night", "on Sunday", "at a festival", "on a plane", "in a full house", "years ago")
CRITICS = ("the posters", "the critics", "my friends", "the neighbours", "the papers", "the trailers")
OPENINGS = (
    "I saw this {kind} with {people} {time}.",
    "{time}, {people} and I watched this {kind}.",
    "Another {kind}, and {people} had chosen it.",
    "This {kind} was shown {time}.",
)
CLOSINGS = ("", "", "", "It runs for two hours.", "The cinema was cold.", "We went home by tram.", "It is out now.")
# {yes} is an adjective of the statement's own kind, {no} one of the opposite kind.
PLAIN = (
    "the {a} is {yes}",
    "the {a} is truly {yes}",
    "I found the {a} {yes}",
    "what a {yes} {a} this is",
    "the {a} and the {b} are {yes}",
)
TURNED = (
    "the {a} is not {no} at all",
    "nobody could call the {a} {no}",
    "there is nothing {no} about the {a}",
    "the {a} is anything but {no}",
    "I never found the {a} {no}",
    "{critics} promised a {no} {a}, and they were wrong",
    "a {no} {a}, if you believe {critics}, and you should not",
    'a "{no}" {a}, said {critics}, and I wonder which film they saw',
)
AGAINST = (
    "the {b} is {no}, but the {a} is {yes}, and that is what counts",
    "although the {b} is {no}, the {a} is {yes}",
    "the {a} is {yes}, although the {b} is {no}",
    "the {a} is not {no}, whatever the {b} is",
    "the {b} may be {no}, the {a} is {yes}",
)
LINKS = {True: ("", "and ", "besides, "), False: ("still, ", "and yet ", "even so, ", "however, ")}


def make() -> tuple[list[Review], list[Review], str]:
    """The reviews to learn from and those to test with, none of them twice, and a note on them."""
    reviews = _all()
    note = "reviews of our own, made by a grammar; counting their words says little"
    return list(reviews[:LEARN]), list(reviews[LEARN:]), note


@functools.cache
def words() -> tuple[str, ...]:
    """Their words in lower case."""
    return tuple(sorted({word for review in _all() for word in re.findall("[a-z]+", review.text.lower())}))


@functools.cache
def _all() -> tuple[Review, ...]:
    draw, texts = Draw(SEED), dict[str, int]()
    while len(texts) < LEARN + TEST:
        label = len(texts) % 2
        texts.setdefault(_review(draw, positive=label == 1), label)
    return tuple(Review(text, label) for text, label in texts.items())


def _review(draw: Draw, positive: bool) -> str:
    """A review: an opening, one to three statements of which the last is meant, and perhaps a closing."""
    opening = draw.one(OPENINGS).format(kind=draw.one(KINDS), people=draw.one(PEOPLE), time=draw.one(TIMES))
    values = [positive]
    while len(values) < 3 and draw.chance(0.4):
        values.insert(0, draw.chance(0.5))  # whatever is said before, the last statement decides
    sentences = [opening]
    for place, value in enumerate(values):
        link = draw.one(LINKS[value == values[place - 1]]) if place else ""
        sentences.append(f"{link}{_statement(draw, value)}.")
    return " ".join(filter(None, [_capital(sentence) for sentence in sentences] + [draw.one(CLOSINGS)]))


def _statement(draw: Draw, positive: bool) -> str:
    """A statement, half of which use an adjective of the opposite kind."""
    yes, no = (GOOD, BAD) if positive else (BAD, GOOD)
    form = draw.one(draw.one((PLAIN, PLAIN, TURNED, TURNED, AGAINST)))
    a = draw.one(ASPECTS)
    b = draw.one([aspect for aspect in ASPECTS if aspect != a])
    text = form.format(a=a, b=b, yes=draw.one(yes), no=draw.one(no), critics=draw.one(CRITICS))
    return re.sub(r'\ba(?= "?[aeiou])', "an", text)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
