"""The pages that show pairs of works side by side. A page of a pair is also what an office for integrity is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course import pages
from autograder.course.similarity.groups import SAME
from autograder.course.similarity.regions import Lines
from autograder.course.similarity.report import SHOWN, Found, Pair
from autograder.course.similarity.works import Works
from harness.contract import Assignment
from harness.submission.encoding import read_source
from harness.words import printable, shown

FOLDER = Path(__file__).parent
MARK = "similarity of submissions"  # in each of our pages; no other file is replaced
TONES = 6  # colours of regions
TAB = 4


@dataclass(frozen=True)
class Line:
    """A line of code, the colour of the region that it is in, and the number of one that begins here, or 0."""

    text: str
    tone: int | None
    begins: int


@dataclass(frozen=True)
class File:
    """A file of both works; no lines where a work does not have it."""

    path: str
    one: Sequence[Line]
    other: Sequence[Line]
    matches: bool


def index(found: Found, assignment: Assignment) -> str:
    """The page that lists groups and pairs."""
    return _render("index.html.jinja", found=found, assignment=assignment, shown_of_group=SHOWN)


def of_pair(pair: Pair, found: Found, works: Works, assignment: Assignment, answers: str) -> str:
    """The page of a pair.

    Args:
        works: of the class and of earlier terms.
        answers: identifies the kit that has graded the class; "" where none has.
    """
    files = _files(pair, works[pair.one].files, works[pair.other].files)
    return _render("pair.html.jinja", pair=pair, found=found, files=files, assignment=assignment, answers=answers)


def _render(template: str, **content: object) -> str:
    style = (FOLDER / "similarity.css").read_text(encoding="utf-8")
    return pages.render(FOLDER / template, style, "", mark=MARK, percent=_percent, shown=shown, same=SAME, **content)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _files(pair: Pair, one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[File]:
    """All files of both works, first those with matching regions."""
    ours = [region.one for region in pair.regions]
    theirs = [region.other for region in pair.regions]
    files = [
        File(path, _lines(one, path, ours), _lines(other, path, theirs), path in pair.files)
        for path in sorted({*one, *other})
    ]
    return sorted(files, key=lambda file: not file.matches)


def _lines(files: Mapping[str, bytes], path: str, regions: Sequence[Lines]) -> list[Line]:
    if path not in files:
        return []
    texts = [printable(line.expandtabs(TAB)) for line in read_source(files[path]).split("\n")]
    tones: list[int | None] = [None] * len(texts)
    begins = [0] * len(texts)
    for number, lines in enumerate(regions, 1):
        if lines.path == path:
            start = next(place for place in range(lines.first - 1, len(texts)) if not begins[place])
            begins[start] = number
            tones[start : lines.last] = [number % TONES] * (lines.last - start)
    return list(map(Line, texts, tones, begins))
