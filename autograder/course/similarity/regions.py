"""The lines of two works that match."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from autograder.course.similarity.fingerprints import LENGTH, Baseline, Files, grams
from autograder.course.similarity.tokens import Unit

LEAST = LENGTH + 2  # tokens of a match that is shown
GAP = 2  # lines between two matches that are shown as one
MOST = 50  # places of one gram that are looked at, for works that repeat themselves without end


class Lines(NamedTuple):
    """Lines of a file, counted from 1, both ends included."""

    path: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.path}:{self.first}" + (f"-{self.last}" if self.last > self.first else "")


class Region(NamedTuple):
    """Lines of two works that match, and how many tokens that were compared are the same."""

    one: Lines
    other: Lines
    tokens: int


class _Function(NamedTuple):
    path: str
    unit: Unit
    grams: list[int]


def regions(one: Files, other: Files, baseline: Baseline, common: Collection[int] = frozenset()) -> list[Region]:
    """What matches in two works, in the order of the first work's files and lines.

    Args:
        common: fingerprints that many works have. They belong to a region, but none consists of them alone.
    """
    ours, theirs = _functions(one, baseline), _functions(other, baseline)
    places: dict[int, list[tuple[int, int]]] = {}
    for number, function in enumerate(theirs):
        for start, gram in enumerate(function.grams):
            places.setdefault(gram, []).append((number, start))
    usual = {*common, *baseline.known}
    taken: set[tuple[int, int]] = set()
    found: list[Region] = []
    for function in ours:
        start = 0
        while start < len(function.grams):
            length, number, there = _longest(function, start, theirs, places, taken)
            run = range(start, start + length)
            own = [place for place in run if function.grams[place] not in baseline.known]
            if own and own[-1] - own[0] + LENGTH >= LEAST and not usual.issuperset(function.grams[p] for p in own):
                start, there = own[0], there + own[0] - start  # what is handed out stays outside
                tokens = own[-1] - own[0] + LENGTH
                taken.update((number, place) for place in range(there, there + tokens))
                lines = _lines(function, start, tokens), _lines(theirs[number], there, tokens)
                found.append(Region(*lines, tokens))
                start += tokens
            else:
                start += 1
    return list(_merged(sorted(found)))


def _functions(files: Files, baseline: Baseline) -> list[_Function]:
    return [_Function(path, unit, grams(unit)) for path, found in baseline.units(files).items() for unit in found]


def _longest(
    function: _Function, start: int, theirs: list[_Function], places: dict[int, list[tuple[int, int]]],
    taken: set[tuple[int, int]],
) -> tuple[int, int, int]:  # fmt: skip
    """The longest run of the same grams from here: its length, and function and place in the other work."""
    best = (0, 0, 0)
    for number, there in places.get(function.grams[start], ())[:MOST]:
        length, others = 0, theirs[number].grams
        while (
            start + length < len(function.grams)
            and there + length < len(others)
            and function.grams[start + length] == others[there + length]
            and (number, there + length) not in taken
        ):
            length += 1
        best = max(best, (length, -number, -there))
    return best[0], -best[1], -best[2]


def _lines(function: _Function, start: int, count: int) -> Lines:
    lines = [token.line for token in function.unit[start : start + count]]
    return Lines(function.path, min(lines), max(lines))


def _merged(found: list[Region]) -> Iterator[Region]:
    """Join regions that follow each other in both works."""
    current: Region | None = None
    for region in found:
        if current and _follows(current.one, region.one) and _follows(current.other, region.other):
            ends = (_joined(current.one, region.one), _joined(current.other, region.other))
            current = Region(*ends, current.tokens + region.tokens)
        else:
            if current:
                yield current
            current = region
    if current:
        yield current


def _follows(one: Lines, next: Lines) -> bool:
    return one.path == next.path and one.first <= next.first <= one.last + GAP + 1


def _joined(one: Lines, next: Lines) -> Lines:
    return Lines(one.path, min(one.first, next.first), max(one.last, next.last))
