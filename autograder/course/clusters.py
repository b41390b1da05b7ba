"""Wrong answers that no hint explains, clustered by what they show: the same outcome is mostly the same mistake.

Outcomes of a test are equal if their values are, up to rounding, or if the same exception has stopped them. A mistake
mostly shows in several tests of a deliverable, so groups of equal outcomes that consist of mostly the same submissions
make one cluster. Values that come out at random equal those of nobody else and are in no cluster.
"""

import re
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course import drafts
from autograder.course.differences import Differences, Solved, StudentLine
from autograder.course.drafts import Draft
from autograder.course.record import Item, Record
from harness.contract import Assignment, Deliverable
from harness.graded import GradedTest
from harness.hints import ATOL, NUMBERS, RTOL, Portrait, portray
from harness.judge import Kind
from harness.outcome import decode
from harness.words import abridged, shorten

LEAST = 3  # submissions of a cluster: two may have worked together
PLACE = re.compile(r"\S+:\d+, in \S+")  # as harness/run.py writes it
SAMPLE = 20  # submissions of a cluster, and of classmates with right code, whose code is compared


@dataclass(frozen=True)
class Cluster:
    """Submissions with equal wrong outcomes in a deliverable.

    Attributes:
        number: names the cluster; 1 is the largest.
        deliverable: its id.
        tests: numbers of the tests in which the outcomes are equal, in the rubric's order. A submission with a second
            mistake may have another outcome in a few of them.
        submissions: ids, sorted.
        message: what most of their students read below the first of the tests.
        difference: what most of their code has in common: "+ " with a line that neither the solution nor most right
            code has, "- " with one of the solution's that it lacks. Local names are those of the solution.
        lines: those of up to three of the submissions in which the difference is.
        draft: an entry for the catalogue of misconceptions.
    """

    number: int
    deliverable: str
    tests: tuple[str, ...]
    submissions: tuple[str, ...]
    message: str
    difference: tuple[str, ...]
    lines: tuple[StudentLine, ...]
    draft: Draft

    @property
    def first(self) -> str:
        """The first line of the message that says what is wrong."""
        return first_line(self.message)


def clusters(record: Record, root: Path) -> list[Cluster]:
    """The clusters of a class, largest first, then in the order of their tests.

    Args:
        root: the repository, whose solution their code is compared with.

    Raises:
        RecordError: for a record without a run.
    """
    assignment, tests = record.assignment(), record.tests()
    found = [
        (deliverable, *group)
        for deliverable in assignment.deliverables
        for group in _groups(_shared(record, tests, assignment, deliverable))
    ]
    places = {test.number: place for place, test in enumerate(tests)}
    found.sort(key=lambda group: (-len(group[2]), [places[test] for test in group[1]], group[2]))
    compared = {deliverable.id: Differences(record, Solved(root, assignment, deliverable)) for deliverable, *_ in found}
    return [
        _cluster(number, record, compared[deliverable.id], numbers, submissions)
        for number, (deliverable, numbers, submissions) in enumerate(found, start=1)
    ]


def _cluster(
    number: int, record: Record, differences: Differences, tests: Sequence[str], submissions: Sequence[str]
) -> Cluster:
    rows = [{item.submission: item for item in record.items(test=test)} for test in tests]
    messages = Counter(rows[0][id].message for id in submissions if id in rows[0])
    message = messages.most_common(1)[0][0] if messages else ""
    sample, classmates = submissions[:SAMPLE], _passed(rows)[:SAMPLE]
    difference = differences.common(sample, classmates)
    return Cluster(
        number,
        differences.solved.deliverable.id,
        tuple(tests),
        tuple(submissions),
        message,
        tuple(difference),
        tuple(differences.shown(sample, classmates, difference)),
        drafts.draft(differences, sample, difference, _facts(tests, submissions, message)),
    )


def _facts(tests: Sequence[str], submissions: Sequence[str], message: str) -> tuple[str, ...]:
    """What a comment in the catalogue says of a cluster. It names nobody, because the catalogue is published."""
    said = f"{len(submissions)} submissions of a class have the same outcome in {abridged(tests)}:"
    return said, shorten(first_line(message))


def first_line(message: str) -> str:
    """The first line of a message that says what is wrong: no heading, and no place in a file."""
    lines = (line.strip() for line in message.splitlines())
    return next((line for line in lines if line and not line.endswith(":") and not PLACE.fullmatch(line)), "")


def _passed(rows: Sequence[dict[str, Item]]) -> list[str]:
    """The submissions that pass all of some tests."""
    return [id for id in rows[0] if all(id in items and items[id].kind == Kind.PASSED for items in rows)]


def _shared(
    record: Record, tests: Sequence[GradedTest], assignment: Assignment, deliverable: Deliverable
) -> Iterator[tuple[str, set[str]]]:
    """The groups of submissions with equal outcomes in a test of a deliverable, each with the test's number.

    A test of several deliverables tells nothing new of submissions that fail one of the others.
    """
    present = {submission.id for submission in record.submissions()}
    needed = {assignment.deliverable(id).tests for id in deliverable.needs}
    items = (item for test in tests if test.module in needed for item in record.items(test=test.number))
    failing = {item.submission for item in items if item.kind != Kind.PASSED}
    for test in tests:
        if test.module == deliverable.tests:
            counted = present - failing if test.integration else present
            rows = (row for row in record.unexplained(test.number) if row[0] in counted)
            yield from ((test.number, submissions) for submissions in equal(rows))


def _groups(shared: Iterable[tuple[str, set[str]]]) -> Iterator[tuple[list[str], list[str]]]:
    """Join groups of equal outcomes, and yield tests and submissions.

    The largest group begins a cluster. Groups that consist of mostly the same submissions belong to it, and so do the
    submissions that are in more than half of its groups. What is left of all groups forms the next clusters.
    """
    rest = list(shared)
    while rest := [(test, ids) for test, ids in rest if len(ids) >= LEAST]:
        members = set(max(rest, key=lambda group: len(group[1]))[1])
        together: list[tuple[str, set[str]]] = []
        for _ in range(2):  # again without those who have nothing but the first outcome in common with the others
            together = [group for group in rest if 2 * len(group[1] & members) > len(group[1] | members)] or together
            counts = Counter(id for _, ids in together for id in ids)
            members = {id for id, count in counts.items() if 2 * count > len(together)}
        if len(members) >= LEAST:
            yield [test for test, _ in together], sorted(members)
        for _, ids in together:
            ids -= members


def equal(outcomes: Iterable[tuple[str, str, bytes]]) -> list[set[str]]:
    """Group submissions by the outcome of a test.

    Args:
        outcomes: as `Record.unexplained` yields them.
    """
    forms: dict[Hashable, _Alike] = {}
    for submission, identifier, content in outcomes:
        portrait = portray(decode(content)[0][identifier])
        forms.setdefault((identifier, _form(portrait)), _Alike()).add(submission, portrait)
    return [submissions for alike in forms.values() for submissions in alike.groups]


def _form(portrait: Portrait) -> Hashable:
    """What must be the same in equal outcomes, but for numbers: of an exception its kind and message alone."""
    if portrait.fault:
        return portrait.fault
    return tuple((name, sketch.form, sketch.odd) for name, sketch in portrait.shown.items() if sketch)


class _Alike:
    """Outcomes of one form, grouped by their numbers.

    An outcome is compared only with first outcomes of groups whose sum of all numbers is near to its own, so that a
    thousand random outcomes take no million comparisons.
    """

    def __init__(self) -> None:
        self.groups: list[set[str]] = []
        self._firsts: list[tuple[float, int, Portrait]] = []  # sum, place of the group, outcome; sorted

    def add(self, submission: str, portrait: Portrait) -> None:
        if portrait.fault:
            portrait = Portrait()
        total, rounding = _sum(portrait)
        place = bisect_left(self._firsts, total - rounding, key=lambda first: first[0])
        while place < len(self._firsts) and self._firsts[place][0] <= total + rounding:
            _, group, first = self._firsts[place]
            if _fits(first, portrait):
                self.groups[group].add(submission)
                return
            place += 1
        insort(self._firsts, (total, len(self.groups), portrait), key=lambda first: first[:2])
        self.groups.append({submission})


def _sum(portrait: Portrait) -> tuple[float, float]:
    """The sum of an outcome's numbers, and by how much that of an equal outcome may differ."""
    sketches = [sketch.numbers for sketch in portrait.shown.values() if sketch and sketch.numbers]
    largest = [max(map(abs, numbers)) for numbers in sketches]
    rounding = sum(
        NUMBERS * (ATOL + 1.01 * RTOL * scale) for scale in largest
    )  # the other's may be larger, by rounding
    return sum(map(sum, sketches)), rounding


def _fits(one: Portrait, other: Portrait) -> bool:
    return all(sketch is None or sketch.fits(other.shown[name]) for name, sketch in one.shown.items())
