"""The generated corpus: its sizes, that it is always the same, and that its German and English are right."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from workbench.datasets.draw import Draw
from workbench.errors import DataError
from workbench.translation.data import Corpus, Pair, load
from workbench.translation.data.captions import PATTERNS
from workbench.translation.data.grammar import CAN, PERFECT, THE, A, Clause, Link, Phrase, Text
from workbench.translation.data.lexicon import ACTIVITIES, MOVES, OTHERS, PEOPLE, Noun, nouns, verb


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


ROOT = Path(__file__).parents[4]
# Of all pairs, one "source<tab>target" a line. A change of the corpus changes every number that was measured on it.
DIGEST = "eff84dc4db343e73babcf9bef6ac84e7cd877a806af7a3e2bc811a25a8d41e82"

# German as it is, written down without the grammar: determiner and adjective ending of each gender and case.
# "-" is no adjective ending, since these are checked with an adjective and without one.
DECLENSION = {
    "m": {
        "nom": "der+e ein+er sein+er ihr+er +er",
        "acc": "den+en einen+en seinen+en ihren+en +en",
        "dat": "dem+en einem+en seinem+en ihrem+en +em",
    },
    "f": {
        "nom": "die+e eine+e seine+e ihre+e +e",
        "acc": "die+e eine+e seine+e ihre+e +e",
        "dat": "der+en einer+en seiner+en ihrer+en +er",
    },
    "n": {
        "nom": "das+e ein+es sein+es ihr+es +es",
        "acc": "das+e ein+es sein+es ihr+es +es",
        "dat": "dem+en einem+en seinem+en ihrem+en +em",
    },
    "p": {
        "nom": "die+en ihre+en zwei+e drei+e vier+e einige+e mehrere+e +e",
        "acc": "die+en ihre+en zwei+e drei+e vier+e einige+e mehrere+e +e",
        "dat": "den+en ihren+en zwei+en drei+en vier+en einigen+en mehreren+en +en",
    },
}
SINGULAR = {
    "m": "Mann Arbeiter Koch Sportler Vater Hund Hut Mantel Schal Helm Ball Stock Reifen Luftballon Drachen Apfel "
    "Kuchen Keks Brief Roller Traktor Turm Zaun Stuhl Korb Koffer Eimer Tisch Teppich Wagen Schlitten Kinderwagen "
    "Regenschirm Fisch Schneemann Tunnel Park Wald See Fluss Baum Berg Felsen Bahnhof Markt Strand Laden Bus Zug "
    "Kaffee Tee Saft Garten Spielplatz Brunnen Hof Tag",
    "f": "Frau Lehrerin Verkäuferin Sängerin Künstlerin Mutter Schülerin Katze Möwe Ente Jacke Mütze Puppe Banane "
    "Pizza Brezel Birne Zeitung Karte Gitarre Geige Trommel Flöte Trompete Kirche Brücke Tür Kiste Wand Uhr Lampe "
    "Tasche Leiter Fahne Blume Kamera Kerze Tomate Kartoffel Zwiebel Suppe Münze Muschel Sandburg Straße Wiese Mauer "
    "Pfütze Bank Decke Treppe Küche Werkstatt Milch Bibliothek Schule Bühne Garage Gruppe Nacht Arbeit "
    "Haltestelle",
    "n": "Mädchen Kind Kaninchen Pferd Hemd Ei Wasser Buch Klavier Fahrrad Motorrad Auto Haus Fenster Dach Schild Bild "
    "Blatt Sofa Bett Zimmer Restaurant Café Museum Büro Theater Frühstück",
}
WEAK = {"Junge": "Jungen", "Polizist": "Polizisten", "Student": "Studenten", "Bauer": "Bauern", "Affe": "Affen"} | {
    "Tourist": "Touristen",
    "Nachbar": "Nachbarn",
}
PLURAL = set(
    words(
        """
        Männer Frauen Arbeiter Lehrerinnen Köche Polizisten Studenten Verkäuferinnen Bauern Sängerinnen
        Touristen Sportler Künstlerinnen Mütter Väter Nachbarn Jungen Mädchen Kinder Schülerinnen Hunde Katzen
        Kaninchen Pferde Affen Möwen Enten Jacken Hüte Hemden Mäntel Schals Mützen Helme Bälle Stöcke Reifen
        Puppen Luftballons Drachen Äpfel Bananen Kuchen Pizzen Brezeln Birnen Kekse Eier Bücher Zeitungen Briefe
        Karten Gitarren Geigen Trommeln Flöten Trompeten Fahrräder Roller Motorräder Autos Traktoren Häuser
        Kirchen Türme Brücken Türen Fenster Kisten Wände Zäune Dächer Uhren Lampen Stühle Körbe Koffer Taschen
        Leitern Eimer Tische Teppiche Wagen Schlitten Kinderwagen Fahnen Schilder Blumen Regenschirme Kameras
        Kerzen Bilder Tomaten Kartoffeln Zwiebeln Suppen Fische Münzen Blätter Muscheln Schneemänner Sandburgen
        Bäume Berge Felsen Zimmer
        """
    )
)
# In fixed phrases: am Morgen, bei Sonnenuntergang.
OTHER_NOUNS = set(words("Morgen Nachmittag Abend Regen Schnee Sommer Sonnenuntergang Sonne"))
# These alone stand without an article: trinkt Tee, spielt Geige.
BARE = set(words("Kaffee Tee Saft Wasser Milch Gitarre Geige Trommel Flöte Trompete Klavier"))
ADJECTIVES = set(
    words(
        """
        jung alt groß müd fröhlich stolz blond klein braun schwarz weiß nass rot blau grün gelb neu lecker
        frisch heiß kalt warm schön sonnig
        """
    )
)
DATIVE, ACCUSATIVE = words("mit von aus bei nach zu am im vom zum zur"), words("durch ins")


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load("captions")


def pairs(corpus: Corpus) -> list[Pair]:
    return [*corpus.train, *corpus.validation, *corpus.test]


def test_sizes(corpus: Corpus) -> None:
    assert [len(corpus.split(name)) for name in ("train", "validation", "test")] == [5000, 500, 500]
    assert corpus.name == "captions"


def test_the_corpus_is_the_same_everywhere(corpus: Corpus) -> None:
    def digest(pairs: list[Pair]) -> str:
        return hashlib.sha256("".join(f"{source}\t{target}\n" for source, target in pairs).encode()).hexdigest()

    assert digest(pairs(corpus)) == DIGEST
    code = "from workbench.translation.data import load; import hashlib; c = load('captions'); "
    code += "print(hashlib.sha256(''.join("
    code += "f'{s}\\t{t}\\n' for s, t in (*c.train, *c.validation, *c.test)).encode()).hexdigest())"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == DIGEST


def test_no_sentence_occurs_twice(corpus: Corpus) -> None:
    for side in ("source", "target"):
        assert len({getattr(pair, side) for pair in pairs(corpus)}) == 6000


def test_no_word_of_validation_and_test_is_unknown(corpus: Corpus) -> None:
    for side in ("source", "target"):
        counts = Counter(word for pair in corpus.train for word in words(getattr(pair, side).lower()))
        held_out = {word for pair in (*corpus.validation, *corpus.test) for word in words(getattr(pair, side).lower())}
        assert {word for word in held_out if counts[word] < 2} == set()
        assert 300 < len(counts) < 700


def test_a_german_sentence_has_one_translation() -> None:
    """Not only in the corpus: whatever the grammar could still write."""
    draw, seen = Draw(1), dict[str, str]()
    for _ in range(5000):
        text = draw.one(PATTERNS)(draw)
        assert seen.setdefault(text.german, text.english) == text.english


def test_every_pattern_is_used(corpus: Corpus) -> None:
    german = " ".join(pair.source for pair in pairs(corpus))
    for mark in (", der ", ", die ", ", das ", "während", "obwohl", "um ", " zu ", " wird ", " werden ", "versucht,"):
        assert german.count(mark) >= 20, mark


@pytest.mark.parametrize("side", ["source", "target"])
def test_spelling(corpus: Corpus, side: str) -> None:
    for pair in pairs(corpus):
        assert re.fullmatch(r"[A-ZÄÖÜ][A-Za-zÄÖÜäöüßé]*(,? [A-Za-zÄÖÜäöüßé]+)+\.", getattr(pair, side))


def test_english_articles(corpus: Corpus) -> None:
    """an old man, a big apple"""
    for pair in pairs(corpus):
        tokens = words(pair.target.lower())
        for article, word in pairwise(tokens):
            assert article not in ("a", "an") or (article == "an") == (word[0] in "aeiou"), pair.target


def test_english_subject_and_verb_agree(corpus: Corpus) -> None:
    plural = r"(?:two|three|four|some|several)(?: \w+){1,4}?"
    singular = r"an?(?: (?!of\b)\w+){1,4}?"
    for pair in pairs(corpus):
        target = pair.target.lower()
        assert not re.match(rf"{plural} (?:is|has|wants) ", target), target
        assert not re.match(rf"{singular} (?:are|have|want) ", target), target


def cases(determiner: str, adjective: str, noun: str) -> set[str]:
    """In which cases these words are a right noun phrase."""
    fitting = set()
    for column, table in DECLENSION.items():
        for case, forms in table.items():
            endings = dict(form.split("+") for form in forms.split())
            stem = adjective.removesuffix(endings.get(determiner, ""))
            fits = not adjective or (stem in ADJECTIVES and stem + endings[determiner] == adjective)
            if determiner in endings and fits and noun in noun_forms(column, case):
                fitting.add(case)
    return fitting


def noun_forms(column: str, case: str) -> set[str]:
    if column == "p":
        if case != "dat":
            return set(PLURAL)
        return {noun if noun.endswith(("n", "s")) else f"{noun}n" for noun in PLURAL}
    weak = set(WEAK if case == "nom" else WEAK.values()) if column == "m" else set()
    return set(SINGULAR[column].split()) | weak


DETERMINERS = {
    form.split("+")[0] for table in DECLENSION.values() for forms in table.values() for form in forms.split()
} - {""}
CONTRACTED = {"am": "dem", "im": "dem", "vom": "dem", "zum": "dem", "zur": "der", "ins": "das"}


def noun_phrases(sentence: str) -> list[tuple[str, str, str, str]]:
    """Preposition (or what else stands before), determiner, adjective and noun of every noun phrase."""
    tokens = re.findall(r"\w+|,", sentence[0].lower() + sentence[1:])
    phrases = []
    for place, noun in enumerate(tokens):
        if not noun[0].isupper() or noun in OTHER_NOUNS:
            continue
        start = place - 1 if any(tokens[place - 1].startswith(stem) for stem in ADJECTIVES) else place
        adjective = tokens[place - 1] if start < place else ""
        before = tokens[start - 1] if start else ""
        further = tokens[start - 2] if start > 1 else ""
        determiner = CONTRACTED.get(before, before if before in DETERMINERS else "")
        preposition = further if before == determiner else before
        phrases.append((preposition, determiner, adjective, noun))
    return phrases


def test_noun_phrases_agree(corpus: Corpus) -> None:
    """Article, adjective and noun agree in gender, number and case; the case is that of the preposition."""
    for pair in pairs(corpus):
        for preposition, determiner, adjective, noun in noun_phrases(pair.source):
            possible = cases(determiner, adjective, noun)
            if preposition == ",":  # then it may be a relative pronoun: "die rote Hüte tragen"
                possible |= cases("", adjective, noun)
            assert possible, (pair.source, determiner, adjective, noun)
            assert determiner or adjective or noun in noun_forms("p", "dat") | PLURAL | BARE, pair.source
            if preposition in DATIVE:
                assert "dat" in possible, pair.source
            if preposition in ACCUSATIVE:
                assert "acc" in possible, pair.source


@pytest.mark.parametrize(
    ("phrase", "right"),
    [
        ("der kleiner Junge", ""),
        ("der kleine Junge", "nom"),
        ("den kleinen Junge", ""),
        ("den kleinen Jungen", "acc dat"),  # dative in the plural
        ("ein rotes Ball", ""),
        ("ein roter Ball", "nom"),
        ("einen roten Ball", "acc"),
        ("drei roten Bälle", ""),
        ("drei rote Bälle", "nom acc"),
        ("drei roten Bällen", "dat"),
        ("die alten Frau", ""),
        ("die alten Frauen", "nom acc"),
        ("der alten Frau", "dat"),
        ("ihre neuen Jacken", "nom acc"),
        ("ihre neue Jacken", ""),
    ],
)
def test_cases_of_phrases_are_recognised(phrase: str, right: str) -> None:
    assert cases(*phrase.split()) == set(right.split())


def test_subject_and_finite_verb_agree(corpus: Corpus) -> None:
    """Of sentences that begin with their subject: in all of these verbs the plural alone ends in n."""
    checked = 0
    for pair in pairs(corpus):
        match = re.match(
            r"(Ein|Eine|Zwei|Drei|Vier|Einige|Mehrere)( [a-zäöüß]+)? [A-ZÄÖÜ]\w+ ([a-zäöü]+)\b", pair.source
        )
        if match and match[3] not in ("in", "von", "kann"):
            checked += 1
            assert match[3].endswith("n") == (match[1] not in ("Ein", "Eine")), pair.source
    assert checked > 1000


def test_verbs_stand_where_they_belong(corpus: Corpus) -> None:
    """Infinitives and participles are last in their clause, and so are the finite verbs of subordinate clauses."""
    prefixes = {entry.verb.prefix for entry in (*ACTIVITIES, *OTHERS, *MOVES)} - {""}
    assert prefixes == {"an", "aus", "auf", "hoch", "zu", "ein"}
    modals = ("kann", "können", "muss", "müssen", "möchte", "möchten")
    infinitives = {entry.verb.infinitive for entry in (*ACTIVITIES, *OTHERS, *MOVES)} | {
        "geben",
        "zeigen",
        "bringen",
        "vorlesen",
    }
    count = 0
    for pair in pairs(corpus):
        tokens = words(pair.source)
        if any(token in modals for token in tokens):
            count += 1
            assert tokens[-1] in infinitives, pair.source
        if re.search(r", (um|weil|während|obwohl) ", pair.source):
            assert re.search(r"(t|e[lr]?n)\.$", pair.source), pair.source
    assert count > 300


JUNGE, BALL, PARK = (
    nouns("child", "Junge>Jungen m Jungen boy boys")[0],
    nouns("thing", "Ball m Bälle ball balls")[0],
    nouns("place", "Park m Parks park parks")[0],
)
KLEIN, ROT = Text("klein", "little"), Text("rot", "red")


def test_sentences_of_one_clause() -> None:
    """One event, put in order in every way that the grammar knows."""
    ball = Link("", "acc", "").to(Phrase(BALL, A, ROT))
    clause = Clause(
        Phrase(JUNGE, THE, KLEIN),
        verb("hebt+auf heben aufgehoben", "pick_up picking_up picked_up"),
        ball,
        Link("in", "dat", "in").to(Phrase(PARK, THE)),
        Text("heute", "today"),
        place_before_object=True,
    )
    end = "picking up a red ball in the park"
    assert clause.main() == (
        "der kleine Junge hebt heute im Park einen roten Ball auf",
        f"the little boy is {end} today",
    )
    assert clause.main("place")[0] == "im Park hebt der kleine Junge heute einen roten Ball auf"
    assert clause.main("time") == (
        "heute hebt der kleine Junge im Park einen roten Ball auf",
        f"today, the little boy is {end}",
    )
    assert clause.main("object")[0] == "einen roten Ball hebt der kleine Junge heute im Park auf"
    assert clause.main(mood=CAN) == (
        "der kleine Junge kann heute im Park einen roten Ball aufheben",
        "the little boy can pick up a red ball in the park today",
    )
    assert clause.main("place", PERFECT) == (
        "im Park hat der kleine Junge heute einen roten Ball aufgehoben",
        "the little boy has picked up a red ball in the park today",
    )
    assert clause.subordinate == "heute im Park einen roten Ball aufhebt"
    assert clause.infinitive == "heute im Park einen roten Ball aufzuheben"


@pytest.mark.parametrize(
    ("preposition", "case", "noun", "right"),
    [
        ("in", "dat", "Park m", "im Park"),
        ("in", "acc", "Haus n", "ins Haus"),
        ("in", "acc", "Park m", "in den Park"),
        ("in", "dat", "Küche f", "in der Küche"),
        ("an", "dat", "See m", "am See"),
        ("von", "dat", "Kind n", "vom Kind"),
        ("zu", "dat", "Markt m", "zum Markt"),
        ("zu", "dat", "Schule f", "zur Schule"),
        ("auf", "dat", "Markt m", "auf dem Markt"),
        ("mit", "dat", "Affe>Affen m", "mit dem Affen"),
    ],
)
def test_prepositions_and_articles_contract(preposition: str, case: str, noun: str, right: str) -> None:
    (made,) = nouns("place", f"{noun} - - -")
    assert Link(preposition, case, "-").to(Phrase(made, THE)).german == right


def test_articles_are_contracted_everywhere(corpus: Corpus) -> None:
    for pair in pairs(corpus):
        assert not re.search(r"\b(in|an|von|zu) dem\b|\bzu der\b|\bin das\b", pair.source), pair.source
    for word in ("im", "am", "vom", "zum", "zur", "ins"):
        assert any(f" {word} " in pair.source for pair in corpus.train), word


def test_plural_and_reflexive() -> None:
    rest = verb("sich ruht+aus ruhen ausgeruht", "rest resting rested")
    clause = Clause(Phrase(JUNGE, Text("zwei", "two"), KLEIN, plural=True), rest)
    assert clause.main() == ("zwei kleine Jungen ruhen sich aus", "two little boys are resting")
    assert clause.main(mood=CAN)[0] == "zwei kleine Jungen können sich ausruhen"
    assert clause.subordinate == "sich ausruhen"
    assert clause.infinitive == "sich auszuruhen"


def test_possessives() -> None:
    owners = {noun.german: noun for noun in PEOPLE}

    def owner(noun: Noun, plural: bool = False) -> tuple[str, str]:
        return Phrase(noun, plural=plural).possessive

    assert owner(owners["Mann"]) == ("sein", "his")
    assert owner(owners["Frau"]) == ("ihr", "her")
    assert owner(owners["Mädchen"]) == ("sein", "her")
    assert owner(owners["Frau"], plural=True) == ("ihr", "their")
    assert owner(owners["Kind"]) == ("sein", "")  # English would have to guess


def test_unknown_names() -> None:
    with pytest.raises(DataError, match="expected captions or multi30k, got 'wmt'"):
        load("wmt")
    with pytest.raises(DataError, match=r"train, validation, test.*'valid'"):
        load("captions").split("valid")
