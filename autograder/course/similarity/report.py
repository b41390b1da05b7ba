"""What comparing a class found: the pairs to read, and the file in which other commands find them."""

import json
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograder.course.errors import CourseError
from autograder.course.similarity.comparison import COMMON, THRESHOLD, Comparison, Match, compare
from autograder.course.similarity.fingerprints import Baseline, Files
from autograder.course.similarity.regions import Lines, Region, regions
from autograder.course.similarity.works import Bar, Work, Works
from harness.files import refusal, replace

NAME = "similarity.json"
MARK = '"similarity_format"'  # in each of our files; no other file is replaced
FORMAT = 1
FEW = 50  # works: fewer are read faster than processes start


class SimilarityError(CourseError):
    """Works that cannot be compared or a report that cannot be read; the message says why, and what to do."""


@dataclass(frozen=True)
class Pair:
    """Two works that share more than independent works of this class do.

    Attributes:
        one, other: identifiers; one of an earlier term begins with the name of its folder and a slash.
        names: who handed them in, for people.
        earlier: whether the other work is of an earlier term.
        score: the weight of what they share.
        unusual: how rare the score is, as a power of ten; see `comparison`.
        shares: the score as a share of what each work would share with its twin, from 0 to 1.
        regions: the lines that match.
        page: the name of its page beside the report; "" where it has none.
    """

    one: str
    other: str
    names: tuple[str, str]
    earlier: bool
    score: float
    unusual: float
    shares: tuple[float, float]
    regions: tuple[Region, ...]
    page: str = ""

    @property
    def files(self) -> list[str]:
        """The files of either work that have a matching region."""
        return sorted({lines.path for region in self.regions for lines in (region.one, region.other)})


@dataclass(frozen=True)
class Found:
    """What was compared, how, and which pairs are to be read.

    Attributes:
        pairs: the most unusual first; `more` others are as unusual as asked for.
        works, earlier: how many works were compared, and `compared` pairs of them.
    """

    pairs: tuple[Pair, ...]
    more: int
    works: int
    earlier: int
    compared: int
    threshold: float
    common: float


def find(
    works: Works, earlier: Works, baseline: Baseline, bar: Bar, *,
    threshold: float = THRESHOLD, most: int = 100, common: float = COMMON,
) -> Found:  # fmt: skip
    """Compare a class, and find the lines that match in the most unusual pairs.

    Args:
        works, earlier: by identifier; no identifier is in both.
        bar: shows progress.
        threshold, common: see `comparison.compare`.
        most: pairs to look at closely.
    """
    comparison = _compare(works, earlier, baseline, bar, threshold, common)
    matches = comparison.matches[:most]
    everyone = {**works, **earlier}
    pairs = [
        _pair(match, everyone, match.other in earlier, baseline, comparison, f"pair-{number:03}.html")
        for number, match in enumerate(bar(matches, "matching lines", len(matches)), 1)
    ]
    more = len(comparison.matches) - len(pairs)
    counts = comparison.works, comparison.earlier, comparison.pairs
    return Found(tuple(pairs), more, *counts, threshold, common)


def find_one(works: Works, earlier: Works, baseline: Baseline, bar: Bar, ids: tuple[str, str], common: float) -> Found:
    """Compare a class, and look closely at one pair, however usual it is."""
    everyone = {**works, **earlier}
    for id in ids:
        if id not in everyone:
            raise SimilarityError(f"{id} is no work of this class or of an earlier term; take an id from the report")
    one, other = sorted(ids, key=lambda id: (id in earlier, id))
    if one in earlier or one == other:
        raise SimilarityError(f"{one} and {other}: expected two works, at least one of them of this class")
    comparison = _compare(works, earlier, baseline, bar, THRESHOLD, common, (one, other))
    match = next((match for match in comparison.matches if (match.one, match.other) == (one, other)), None)
    if match is None:
        raise SimilarityError(f"{one} and {other} share nothing that other works do not have, or are the same person's")
    pair = _pair(match, everyone, other in earlier, baseline, comparison, "")
    return Found((pair,), 0, comparison.works, comparison.earlier, comparison.pairs, THRESHOLD, common)


def _compare(
    works: Works, earlier: Works, baseline: Baseline, bar: Bar, threshold: float, common: float,
    asked: tuple[str, str] | None = None,
) -> Comparison:  # fmt: skip
    everyone = {**works, **earlier}
    of_person: dict[str, list[str]] = {}
    for id, work in everyone.items():
        for person in work.people:
            of_person.setdefault(person, []).append(id)
    found = fingerprints({id: work.files for id, work in everyone.items()}, baseline, bar)
    parts = ({id: found[id] for id in part} for part in (works, earlier))
    return compare(*parts, threshold=threshold, common=common, same=[*of_person.values()], asked=asked)


def fingerprints(works: Mapping[str, Files], baseline: Baseline, bar: Bar) -> dict[str, NDArray[np.uint64]]:
    """The fingerprints of each work; of many works by several processes."""
    if len(works) < FEW:
        return {id: baseline.fingerprints(works[id]) for id in bar(works, "reading code", len(works))}
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as pool:
        arrays = pool.map(baseline.fingerprints, works.values(), chunksize=8)
        return dict(zip(works, bar(arrays, "reading code", len(works)), strict=True))


def _pair(
    match: Match, works: Mapping[str, Work], earlier: bool, baseline: Baseline, comparison: Comparison, page: str
) -> Pair:
    one, other = works[match.one], works[match.other]
    matching = regions(one.files, other.files, baseline, comparison.common)
    shares = match.share, match.other_share
    names = one.name, other.name
    return Pair(match.one, match.other, names, earlier, match.score, match.unusual, shares, tuple(matching), page)


def save(found: Found, path: Path) -> None:
    """Write the report.

    Raises:
        SimilarityError: for a file that this command has not made.
    """
    if why := refusal(path, MARK):
        raise SimilarityError(f"{why}; move it away, or name another folder")
    replace(path, (json.dumps({"similarity_format": FORMAT, **asdict(found)}, indent=1) + "\n").encode())


def load(path: Path) -> list[Pair]:
    """The pairs of a report, the most unusual first.

    Raises:
        SimilarityError: for a file that is missing or no report.
    """
    try:
        content = json.loads(path.read_bytes())
        if content["similarity_format"] != FORMAT:
            raise SimilarityError(f"{path} was written by another version: run `python -m autograder similarity` again")
        return list(map(_read_pair, content["pairs"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SimilarityError(f"{path} cannot be read as a report on similarity: {error}") from None


def _read_pair(fields: dict[str, Any]) -> Pair:
    found = [Region(Lines(*one), Lines(*other), tokens) for one, other, tokens in fields["regions"]]
    names, shares = tuple(fields["names"]), tuple(fields["shares"])
    return Pair(**{**fields, "names": names, "shares": shares, "regions": tuple(found)})
