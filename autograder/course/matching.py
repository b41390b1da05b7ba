"""Finds students by what people write of them: a submission's identifier, an e-mail address, a number or a name."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from autograder.course.handins import Student, identifier
from harness.words import abridged, shown

T = TypeVar("T")


class Group(Protocol):
    """A hand-in or a graded submission: who has handed in, and the identifier."""

    @property
    def id(self) -> str: ...

    @property
    def students(self) -> tuple[Student, ...]: ...


class Index(Generic[T]):
    """Finds owners by words, in whatever case and Unicode form; by names in whatever order ("Doe, Jane")."""

    def __init__(self) -> None:
        self._exact: dict[str, list[T]] = {}
        self._names: dict[str, list[T]] = {}

    def add(self, owner: T, words: Iterable[str], names: Iterable[str] = ()) -> None:
        """Let an owner be found by some words, and by names."""
        names = tuple(names)
        for index, keys in ((self._exact, map(folded, (*words, *names))), (self._names, map(in_order, names))):
            for key in {*keys} - {""}:
                index.setdefault(key, []).append(owner)

    def find(self, word: str) -> list[T]:
        """All owners of a word as it is written; if there are none, of a name with these words in another order."""
        return self._exact.get(folded(word)) or self._names.get(in_order(word)) or []


class NobodyFound(LookupError):
    """A word that stands for no submission."""


class Members:
    """Finds the submissions of a class, and their members."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._index: Index[tuple[str, int | None]] = Index()
        for group in groups:
            self._index.add((group.id, None), [group.id], [words_of(group.id)])
            for position, student in enumerate(group.students):
                self._index.add((group.id, position), [student.email, student.number], [student.name])

    def find(self, word: str) -> tuple[str, int | None]:
        """The identifier of a submission, and the position of the member; None for the whole group.

        An identifier is also found by the name that it was made of.

        Raises:
            NobodyFound: with words for a message if there is none.
            LookupError: the same, if there are several.
        """
        found = self._index.find(word) or self._index.find(identifier(word))
        ids = sorted({id for id, _ in found})
        if not ids:
            raise NobodyFound(f"no submission has a student {shown(word)} (an id, e-mail address, number or name)")
        if len(ids) > 1:
            raise LookupError(f"{shown(word)} stands for several submissions ({abridged(ids)}): write the id of one")
        positions = {position for _, position in found}
        return ids[0], positions.pop() if len(positions) == 1 else None


def folded(text: str) -> str:
    """A text for comparing: without case, Unicode form and double spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def in_order(name: str) -> str:
    """The words of a name in one order, whichever it is written in."""
    return " ".join(sorted(re.findall(r"[^\s,]+", folded(name))))


def words_of(id: str) -> str:
    """An identifier with the spaces that a name has."""
    return id.replace("_", " ")
