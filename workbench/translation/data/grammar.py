"""Enough German and English grammar for image captions: noun phrases, verbs, clauses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# Endings for masculine, feminine, neuter and plural.
ENDINGS = {
    "ein": {"nom": ("", "e", "", "e"), "acc": ("en", "e", "", "e"), "dat": ("em", "er", "em", "en")},
    "weak": {"nom": ("e", "e", "e", "en"), "acc": ("en", "e", "e", "en"), "dat": ("en", "en", "en", "en")},
    "mixed": {"nom": ("er", "e", "es", "en"), "acc": ("en", "e", "es", "en"), "dat": ("en", "en", "en", "en")},
    "strong": {"nom": ("er", "e", "es", "e"), "acc": ("en", "e", "es", "e"), "dat": ("em", "er", "em", "en")},
}
DEFINITE = {
    "nom": ("der", "die", "das", "die"),
    "acc": ("den", "die", "das", "die"),
    "dat": ("dem", "der", "dem", "den"),
}
CONTRACTED = {
    "in dem": "im",
    "in das": "ins",
    "an dem": "am",
    "von dem": "vom",
    "zu dem": "zum",
    "zu der": "zur",
}


def join(*texts: str) -> str:
    """One text, without the empty parts."""
    return " ".join(text for text in texts if text)


class Text(NamedTuple):
    """The same thing in both languages."""

    german: str
    english: str


A, THE, BARE = Text("ein", "a"), Text("der", "the"), Text("", "")


class Noun(NamedTuple):
    """A noun. `oblique` is its accusative and dative singular, which differs for weak nouns alone ("den Jungen")."""

    kind: str
    german: str
    oblique: str
    gender: str  # m, f or n
    plural: str
    english: str
    english_plural: str
    possessive: str  # his, her or its; empty where English would have to guess


@dataclass(frozen=True)
class Phrase:
    """A noun phrase: article (or number, or possessive), adjective, noun, and perhaps an attribute behind it."""

    noun: Noun
    article: Text = A
    adjective: Text | None = None
    plural: bool = False
    attribute: Text = BARE

    @property
    def column(self) -> int:
        """The column of the phrase's endings in the tables above."""
        return 3 if self.plural else "mfn".index(self.noun.gender)

    def german(self, case: str) -> str:
        """The phrase in a case: "nom", "acc" or "dat"."""
        article = self.article.german
        if article == "der":
            article, declension = DEFINITE[case][self.column], "weak"
        elif article in ("ein", "sein", "ihr"):
            article, declension = article + ENDINGS["ein"][case][self.column], "mixed"
        else:  # a number, or none
            article, declension = article + "n" * (case == "dat" and article.endswith("e")), "strong"
        adjective = self.adjective.german + ENDINGS[declension][case][self.column] if self.adjective else ""
        return join(article, adjective, self._noun(case), self.attribute.german)

    def _noun(self, case: str) -> str:
        if not self.plural:
            return self.noun.german if case == "nom" else self.noun.oblique
        return self.noun.plural + "n" * (case == "dat" and self.noun.plural[-1] not in "ns")

    @property
    def english(self) -> str:
        noun = self.noun.english_plural if self.plural else self.noun.english
        rest = join(self.adjective.english if self.adjective else "", noun)
        article = "an" if self.article.english == "a" and rest[0] in "aeiou" else self.article.english
        return join(article, rest, self.attribute.english)

    @property
    def possessive(self) -> Text:
        """The possessive for a thing that belongs to this noun: sein or ihr, and his, her, its or their."""
        if self.plural:
            return Text("ihr", "their")
        return Text("ihr" if self.noun.gender == "f" else "sein", self.noun.possessive)

    @property
    def relative(self) -> str:
        """The relative pronoun in the nominative, after a comma."""
        return f", {DEFINITE['nom'][self.column]}"

    @property
    def english_relative(self) -> str:
        return "that" if self.noun.kind == "animal" else "who"


class Link(NamedTuple):
    """The link between a noun phrase and its verb: preposition, case, English preposition."""

    german: str
    case: str
    english: str

    def to(self, phrase: Phrase) -> Text:
        """ "in", dative, and the park: Text("im Park", "in the park")."""
        german = join(self.german, phrase.german(self.case))
        start = " ".join(german.split()[:2])
        return Text(german.replace(start, CONTRACTED.get(start, start), 1), join(self.english, phrase.english))


ACCUSATIVE, DATIVE = Link("", "acc", ""), Link("", "dat", "")


class Verb(NamedTuple):
    """A verb's forms: "macht", "machen", "auf", "aufgemacht", "open", "opening", "opened"."""

    singular: str
    stem: str  # the infinitive without prefix, which is also the plural
    prefix: str  # empty where nothing is split off
    participle: str
    base: str
    progressive: str
    done: str
    reflexive: bool = False

    @property
    def infinitive(self) -> str:
        return self.prefix + self.stem

    @property
    def infinitive_with_zu(self) -> str:
        return f"{self.prefix}zu{self.stem}" if self.prefix else f"zu {self.stem}"


class Mood(NamedTuple):
    """An auxiliary verb, singular and plural in both languages, and the form of the verb that goes with it."""

    german: tuple[str, str]
    english: tuple[str, str]
    form: str  # "infinitive" or "participle"; empty for the present tense, without a German auxiliary


PRESENT = Mood(("", ""), ("is", "are"), "")
PERFECT = Mood(("hat", "haben"), ("has", "have"), "participle")
WANT = Mood(("möchte", "möchten"), ("wants to", "want to"), "infinitive")
CAN = Mood(("kann", "können"), ("can", "can"), "infinitive")
MUST = Mood(("muss", "müssen"), ("has to", "have to"), "infinitive")


@dataclass(frozen=True)
class Clause:
    """Who does what, where and when, before its words are put in order."""

    subject: Phrase
    verb: Verb
    object: Text | None = None
    place: Text | None = None
    time: Text | None = None
    place_before_object: bool = False  # in German: "liest im Park ein Buch", not "liest ein Buch im Park"

    @property
    def fields(self) -> dict[str, str]:
        """The German clause without its verb, in order."""
        behind = ("place", "object") if self.place_before_object else ("object", "place")
        parts = {name: getattr(self, name) for name in ("time", *behind)}
        return {"subject": self.subject.german("nom")} | {name: part.german for name, part in parts.items() if part}

    def main(self, front: str = "subject", mood: Mood = PRESENT) -> Text:
        """A main clause: in German the finite verb is second, and a prefix, infinitive or participle is last.

        Args:
            front: which of the clause's fields comes first in German. English follows for "time" alone.
        """
        fields = self.fields
        first = fields.pop(front)
        finite, last = self._verb(mood)
        german = join(first, finite, self._sich, *fields.values(), last)
        english = join(self.subject.english, self.english_predicate(mood))
        if self.time:
            english = f"{self.time.english}, {english}" if front == "time" else f"{english} {self.time.english}"
        return Text(german, english)

    def _verb(self, mood: Mood) -> tuple[str, str]:
        """The finite verb and what stands at the end."""
        if mood is PRESENT:
            return self.finite, self.verb.prefix
        return mood.german[self.subject.plural], getattr(self.verb, mood.form)

    @property
    def finite(self) -> str:
        return self.verb.stem if self.subject.plural else self.verb.singular

    @property
    def _sich(self) -> str:
        return "sich" if self.verb.reflexive else ""

    @property
    def middle(self) -> str:
        """What stands between a German clause's subject and its end."""
        return join(self._sich, *[text for name, text in self.fields.items() if name != "subject"])

    @property
    def subordinate(self) -> str:
        """The German predicate after a conjunction or relative pronoun: the finite verb is last and in one word."""
        return join(self.middle, self.verb.prefix + self.finite)

    @property
    def infinitive(self) -> str:
        """The German clause with "zu": "seine Jacke anzuziehen"."""
        return join(self.middle, self.verb.infinitive_with_zu)

    def english_predicate(self, mood: Mood = PRESENT) -> str:
        """The English clause without its subject and its time."""
        form = {"": self.verb.progressive, "infinitive": self.verb.base, "participle": self.verb.done}[mood.form]
        return join(mood.english[self.subject.plural], form, self.english_rest)

    @property
    def english_rest(self) -> str:
        """What follows the English verb."""
        return join(self.object.english if self.object else "", self.place.english if self.place else "")
