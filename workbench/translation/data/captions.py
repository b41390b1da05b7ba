"""A small German-English corpus of image captions that needs no download: a grammar writes it.

The sentences are simple, but a translator has to do what it does for real ones: German inflects articles, adjectives
and nouns for gender, number and case, puts the finite verb second ("Im Park spielt ein Junge mit einem Ball."), splits
verbs ("Ein Mann zieht eine Jacke an."), and puts verbs last in subordinate clauses. A word's translation may depend on
a word far away: "macht ... auf" is opening, "macht ... zu" is closing. The corpus is the same everywhere: 5,000 pairs
to train on, 500 to validate and 500 to test. No sentence occurs twice in either language, and every word of validation
and test occurs at least twice in train.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from workbench.datasets.draw import Draw
from workbench.translation.data import Corpus, Pair
from workbench.translation.data.grammar import (
    BARE,
    CAN,
    DATIVE,
    MUST,
    PERFECT,
    PRESENT,
    THE,
    WANT,
    A,
    Clause,
    Link,
    Noun,
    Phrase,
    Text,
    join,
)
from workbench.translation.data.lexicon import (
    ACTIVITIES,
    ADJECTIVES,
    CIRCUMSTANCES,
    CLOTHES,
    GIVING,
    GROUPS,
    HOLD,
    MOVES,
    NUMBERS,
    OTHERS,
    OUTSIDE,
    PEOPLE,
    POSTURES,
    PURPOSES,
    SEATED,
    STANDING,
    TIMES,
    TRY,
    WATCH,
    WEAR,
    WEATHER,
    Action,
    Place,
)

__all__ = ["load"]

SEED = 2014


def load() -> Corpus:
    """Generate the corpus, which takes about a second; every call gives the same one."""
    pairs = _distinct_pairs(Draw(SEED))
    train = tuple(next(pairs) for _ in range(5000))
    counts = Counter(word for pair in train for word in _words(pair))
    known = {word for word, count in counts.items() if count >= 2}
    familiar = (pair for pair in pairs if known.issuperset(_words(pair)))
    validation = tuple(next(familiar) for _ in range(500))
    return Corpus("captions", train, validation, tuple(next(familiar) for _ in range(500)))


def _words(pair: Pair) -> list[str]:
    """The words of both sentences in lower case, each with its language."""
    return [f"{name} {word}" for name, text in pair._asdict().items() for word in re.findall(r"\w+", text.lower())]


def _distinct_pairs(draw: Draw) -> Iterator[Pair]:
    """Endless pairs of sentences; no sentence occurs twice in either language."""
    sources: set[str] = set()
    targets: set[str] = set()
    while True:
        text = draw.one(PATTERNS)(draw)
        pair = Pair(*(sentence[0].upper() + sentence[1:].replace(" ,", ",") + "." for sentence in text))
        if pair.source not in sources and pair.target not in targets:
            sources.add(pair.source)
            targets.add(pair.target)
            yield pair


# The pieces of a sentence.


def phrase(draw: Draw, noun: Noun, article: Text = A, plural: bool = False, adjective: float = 0.35) -> Phrase:
    """A noun phrase with an adjective that suits the noun, or without one."""
    adjectives = ADJECTIVES[noun.kind]
    return Phrase(noun, article, draw.one(adjectives) if draw.chance(adjective) else None, plural)


def person(draw: Draw, nouns: Sequence[Noun], but: Noun | None = None) -> Phrase:
    """Who does something: one or several, known or not."""
    noun = draw.one([noun for noun in nouns if noun is not but])
    if draw.chance(0.25):
        return phrase(draw, noun, THE if draw.chance(0.25) else draw.one(NUMBERS), plural=True)
    return phrase(draw, noun, THE if draw.chance(0.3) else A)


def dressed(draw: Draw, subject: Phrase) -> Phrase:
    """The subject, sometimes with what it wears: "in einer roten Jacke"."""
    if subject.plural or subject.noun.kind not in ("adult", "child") or not draw.chance(0.15):
        return subject
    clothes = Link("in", "dat", "in").to(phrase(draw, draw.one(CLOTHES[:3]), adjective=0.8))
    return replace(subject, attribute=clothes)


def thing(draw: Draw, action: Action, subject: Phrase) -> Phrase:
    """What the action is done to."""
    noun = draw.one([noun for noun in action.objects if noun is not subject.noun])
    possessive = subject.possessive
    if action.own and possessive.english and draw.chance(0.5):
        return phrase(draw, noun, possessive, subject.plural)
    if action.own and subject.plural:
        return phrase(draw, noun, BARE, plural=True)
    if action.plural and not action.own and draw.chance(0.4 if subject.plural else 0.15):
        return phrase(draw, noun, draw.one(NUMBERS), plural=True)
    return phrase(draw, noun, draw.one(action.articles))


def where(draw: Draw, place: Place) -> Text:
    if draw.chance(0.7):
        return place.link.to(phrase(draw, place.noun, THE, adjective=0.15))
    return place.link.to(phrase(draw, place.noun, A, adjective=0.5))


def clause(draw: Draw, action: Action, subject: Phrase, place: float = 0.5, time: float = 0.0) -> Clause:
    """Who does what, with a place and a time at these probabilities."""
    complement = action.link.to(thing(draw, action, subject)) if action.objects else None
    spot = draw.one(action.places) if action.places and draw.chance(place) else None
    times = [*TIMES, *WEATHER] if spot in OUTSIDE or action in MOVES else TIMES
    when = draw.one(times) if draw.chance(time) else None
    return Clause(subject, action.verb, complement, where(draw, spot) if spot else None, when, draw.chance(0.5))


def subject_or_place(draw: Draw, clause: Clause) -> str:
    return "place" if clause.place and draw.chance(0.5) else "subject"


# Patterns of sentences. Each makes one, without its capital letter and full stop.


def simple(draw: Draw) -> Text:
    """Subject, place or time first; the verb second."""
    action = draw.one(draw.one([ACTIVITIES, ACTIVITIES, OTHERS, MOVES, POSTURES]))
    made = clause(draw, action, dressed(draw, person(draw, action.who)), place=0.6, time=0.3)
    return made.main("time" if made.time and draw.chance(0.4) else subject_or_place(draw, made))


def group(draw: Draw) -> Text:
    """A group of people is the subject, singular in German and in English."""
    action = draw.one([action for action in [*OTHERS, *MOVES, *POSTURES] if not action.objects or action.link.english])
    made = clause(draw, action, phrase(draw, draw.one(GROUPS)), time=0.3)
    return made.main(subject_or_place(draw, made))


def object_first(draw: Draw) -> Text:
    """ "Den roten Ball fängt ein Hund.": the accusative tells who does what. It shows in masculine nouns alone."""
    action = draw.one([action for action in ACTIVITIES if any(noun.gender == "m" for noun in action.objects)])
    noun = draw.one([noun for noun in action.objects if noun.gender == "m"])
    made = clause(draw, action, person(draw, action.who))
    known = action.link.to(phrase(draw, noun, THE, adjective=0.6))
    return Clause(made.subject, made.verb, known, made.place).main("object")


def modal(draw: Draw) -> Text:
    """The infinitive is last: "Ein Kind möchte einen Apfel essen."."""
    action = draw.one(draw.one([ACTIVITIES, OTHERS, MOVES]))
    made = clause(draw, action, person(draw, action.who))
    return made.main(subject_or_place(draw, made), draw.one([WANT, CAN, MUST]))


def perfect(draw: Draw) -> Text:
    """The participle is last: "Ein Mann hat seine Jacke ausgezogen."."""
    action = draw.one(draw.one([ACTIVITIES, ACTIVITIES, OTHERS]))
    made = clause(draw, action, dressed(draw, person(draw, action.who)))
    return made.main(subject_or_place(draw, made), PERFECT)


def passive(draw: Draw) -> Text:
    """ "Im Hof wird ein Auto von zwei Männern gewaschen."."""
    action = draw.one([action for action in ACTIVITIES if not action.own])
    by, verb = person(draw, action.who), action.verb
    subject, agent = thing(draw, action, by), Link("von", "dat", "by").to(by)
    spot = where(draw, draw.one(action.places)) if action.places and draw.chance(0.4) else BARE
    finite, be = ("werden", "are being") if subject.plural else ("wird", "is being")
    german = [spot.german, finite, subject.german("nom")] if spot.german else [subject.german("nom"), finite]
    return Text(
        join(*german, agent.german, verb.participle),
        join(subject.english, be, verb.done, agent.english, spot.english),
    )


def trying(draw: Draw) -> Text:
    """ "Ein Hund versucht, einen Ball zu fangen."."""
    action = draw.one(draw.one([ACTIVITIES, MOVES]))
    made = clause(draw, action, person(draw, action.who), place=0.3)
    main = Clause(made.subject, TRY).main()
    return Text(
        f"{main.german}, {made.infinitive}",
        join(main.english, "to", made.verb.base, made.english_rest),
    )


def relative(draw: Draw) -> Text:
    """ "Ein Mann, der einen roten Hut trägt, liest ein Buch."."""
    actions = draw.one([ACTIVITIES, OTHERS, MOVES, POSTURES])
    action = draw.one([action for action in actions if action.who[0] in PEOPLE])
    subject = person(draw, [noun for noun in action.who if noun in PEOPLE])
    worn = clause(draw, draw.one([WEAR, WEAR, HOLD]), subject)
    attribute = Text(
        f"{subject.relative} {worn.subordinate},", f"{subject.english_relative} {worn.english_predicate()}"
    )
    return clause(draw, action, replace(subject, attribute=attribute)).main()


def watching(draw: Draw) -> Text:
    """ "Eine Frau schaut einem Kind zu, das einen Ball wirft."."""
    action = draw.one(draw.one([ACTIVITIES, OTHERS, MOVES]))
    subject = person(draw, PEOPLE)
    watched = person(draw, action.who, but=subject.noun)
    main = Clause(subject, WATCH, DATIVE.to(watched)).main()
    made = clause(draw, action, watched, place=0.3)
    return Text(
        f"{main.german}{watched.relative} {made.subordinate}",
        join(main.english, watched.english_relative, made.english_predicate()),
    )


def meanwhile(draw: Draw) -> Text:
    """ "Ein Mann kocht eine Suppe, während eine Frau eine Lampe aufhängt."."""
    action, other = draw.one([*ACTIVITIES, *OTHERS]), draw.one([*ACTIVITIES, *MOVES])
    first = clause(draw, action, person(draw, action.who), place=0.2)
    second = clause(draw, other, person(draw, other.who, but=first.subject.noun), place=0.2)
    main = first.main()
    return Text(
        f"{main.german}, während {second.subject.german('nom')} {second.subordinate}",
        f"{main.english} while {second.subject.english} {second.english_predicate()}",
    )


def circumstance(draw: Draw) -> Text:
    """ "Ein Kind spielt mit einem Ball, obwohl es regnet."."""
    action = draw.one([action for action in [*ACTIVITIES, *OTHERS, *MOVES] if set(action.places) & set(OUTSIDE)])
    main, why = clause(draw, action, person(draw, action.who), place=0.0).main(), draw.one(CIRCUMSTANCES)
    return Text(f"{main.german}, {why.german}", f"{main.english} {why.english}")


def seated(draw: Draw) -> Text:
    """ "Eine Frau sitzt auf einer Bank und liest ein Buch."."""
    action = draw.one(SEATED)
    subject = dressed(draw, person(draw, action.who))
    main = clause(draw, draw.one(POSTURES[:2]), subject).main()
    made = clause(draw, action, subject, place=0.0)
    return Text(
        join(main.german, "und", made.finite, made.middle),
        join(main.english, "and", made.verb.progressive, made.english_rest),
    )


def giving(draw: Draw) -> Text:
    """ "Eine Lehrerin zeigt einem Kind ein Bild.": the dative comes first, in English it comes last."""
    action = draw.one(GIVING)
    subject = person(draw, action.who)
    receiver, gift = person(draw, PEOPLE, but=subject.noun), thing(draw, action, subject)
    both = Text(join(receiver.german("dat"), gift.german("acc")), f"{gift.english} to {receiver.english}")
    return Clause(subject, action.verb, both).main(mood=draw.one([PRESENT, PRESENT, PERFECT, WANT]))


def there_is(draw: Draw) -> Text:
    """ "In der Küche steht ein alter Tisch."."""
    nouns, spots = draw.one(STANDING)
    plural = draw.chance(0.5)
    subject = phrase(draw, draw.one(nouns), draw.one(NUMBERS) if plural else A, plural, adjective=0.6)
    place = where(draw, draw.one(spots))
    finite, be = ("stehen", "are") if plural else ("steht", "is")
    return Text(join(place.german, finite, subject.german("nom")), join("there", be, subject.english, place.english))


def purpose(draw: Draw) -> Text:
    """ "Ein Mann geht in den Laden, um einen Hut zu kaufen."."""
    move, goal, actions = draw.one(PURPOSES)
    action = draw.one(actions)
    subject = person(draw, action.who)
    main = Clause(subject, move.verb, move.link.to(phrase(draw, goal, draw.one([A, THE])))).main()
    made = clause(draw, action, subject, place=0.0)
    return Text(
        f"{main.german}, um {made.infinitive}",
        join(main.english, "to", made.verb.base, made.english_rest),
    )


PATTERNS: list[Callable[[Draw], Text]] = [
    *[simple] * 8,
    group,
    object_first,
    *[modal] * 2,
    *[perfect] * 2,
    passive,
    trying,
    *[relative] * 2,
    watching,
    meanwhile,
    circumstance,
    *[seated] * 2,
    giving,
    there_is,
    purpose,
]
