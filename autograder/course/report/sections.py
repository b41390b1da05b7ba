"""What the sections of the report say, one function each: lines for the template, and the submissions behind each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from autograder.course.clusters import Cluster
from autograder.course.record import FAILED, GRADED, UNREADABLE, Submission
from autograder.course.report import statistics
from autograder.course.report.gradebook import Gradebook
from autograder.grade.policy import percent, points, span
from harness.judge import Kind

STATES = {GRADED: "graded", UNREADABLE: "not readable", FAILED: "grader failed"}
SECONDS, MIB = 5.0, 64.0  # a difference from the median that is no outlier in any class
TOTAL = "total"  # instead of a part's id


class Groups:
    """The submissions behind each bar and row of the report: key -> a label for people, and positions."""

    def __init__(self) -> None:
        self.members: dict[str, tuple[str, list[int]]] = {}

    def add(self, key: str, label: str, places: Iterable[int]) -> str:
        """Add a group, and return its key."""
        self.members[key] = label, sorted(set(places))
        return key


@dataclass(frozen=True)
class Bar:
    """One bin of a histogram; `height` is its share of the highest bar."""

    key: str
    label: str
    low: str
    count: int
    height: float


@dataclass(frozen=True)
class Histogram:
    part: str
    title: str
    full: float
    mean: float | None
    median: float | None
    bars: Sequence[Bar]


def histograms(book: Gradebook, groups: Groups) -> list[Histogram]:
    """The distribution of scores after deductions, and of the points of each part before them."""
    scores = {place: book.submissions[place].score or 0.0 for place in book.graded}
    found = [_histogram(TOTAL, "Score, after deductions", book.full, scores, groups)]
    of_parts = {place: book.part_points(place) for place in book.graded}
    for part in book.assignment.parts:
        title, values = f"{part.number} {part.title}", {place: of[part.id] for place, of in of_parts.items()}
        found.append(_histogram(part.id, title, book.full_points(part.id), values, groups))
    return found


def _histogram(id: str, title: str, full: float, values: dict[int, float], groups: Groups) -> Histogram:
    borders = statistics.edges(full)
    places: list[list[int]] = [[] for _ in borders[1:]]
    for place, value in values.items():
        places[statistics.bin_of(value, borders)].append(place)
    highest = max(map(len, places)) or 1
    bars: list[Bar] = []
    for index, members in enumerate(places):
        low, high = points(borders[index]), points(min(borders[index + 1], full))
        label = f"{low} to {high} points"
        key = groups.add(f"points:{id}:{index}", f"{title}: {label}", members)
        bars.append(Bar(key, label, low, len(members), len(members) / highest))
    of_part = "" if id == TOTAL else id
    return Histogram(of_part, title, full, **statistics.mean_and_median([*values.values()]), bars=bars)


@dataclass(frozen=True)
class TestLine:
    """A test in this class. `rate` and `discrimination` are over the submissions that tried it.

    Attributes:
        key: of the submissions that fail it.
        idle: submissions in which its deliverable is not started.
        hidden, hidden_key: those that fail with hidden inputs alone.
    """

    number: str
    title: str
    summary: str
    deliverable: str
    part: str
    points: float
    tried: int
    failed: int
    key: str
    idle: int
    hidden: int
    hidden_key: str
    rate: float | None
    discrimination: float | None


def tests(book: Gradebook, groups: Groups) -> list[TestLine]:
    lines: list[TestLine] = []
    for test in book.tests:
        number, deliverable = test.number, book.deliverables[test.number]
        tried = book.tried(number)
        failed = [place for place, item in tried if item.kind != Kind.PASSED]
        hidden = [place for place, item in tried if item.inputs == "hidden"]
        name = f"{number} {test.title}"
        lines.append(
            TestLine(
                number=number,
                title=test.title,
                summary=test.summary,
                deliverable=deliverable.title,
                part=deliverable.part,
                points=book.points[number],
                tried=len(tried),
                failed=len(failed),
                key=groups.add(f"failed:{number}", f"Fail {name}", failed),
                idle=len(book.of_test(number)) - len(tried),
                hidden=len(hidden),
                hidden_key=groups.add(f"hidden:{number}", f"Fail {name} with hidden inputs alone", hidden),
                rate=len(failed) / len(tried) if tried else None,
                discrimination=book.discrimination(number),
            )
        )
    return lines


@dataclass(frozen=True)
class MisconceptionLine:
    """A known mistake in this class: how many submissions make it, in which tests, and what most of them read."""

    key: str
    title: str
    deliverable: str
    part: str
    count: int
    tests: Sequence[str]
    message: str


def misconceptions(book: Gradebook, groups: Groups) -> list[MisconceptionLine]:
    """Most frequent first."""
    places: dict[str, set[int]] = {}
    numbers: dict[str, Counter[str]] = {}
    messages: dict[str, Counter[str]] = {}
    for place in book.graded:
        for item in book.rows[place]:
            if item.misconception:
                places.setdefault(item.misconception, set()).add(place)
                numbers.setdefault(item.misconception, Counter())[item.test] += 1
                messages.setdefault(item.misconception, Counter())[item.message] += 1
    titles = {deliverable.id: deliverable for deliverable in book.assignment.deliverables}
    lines: list[MisconceptionLine] = []
    for mistake, members in sorted(places.items(), key=lambda entry: (-len(entry[1]), entry[0])):
        deliverable = titles.get(mistake.partition("/")[0])
        name, title = misconception_title(mistake), deliverable.title if deliverable else mistake.partition("/")[0]
        key = groups.add(f"misconception:{mistake}", f"{title}: {name}", members)
        [(message, _)] = messages[mistake].most_common(1)
        in_order = [test.number for test in book.tests if test.number in numbers[mistake]]
        part = deliverable.part if deliverable else ""
        lines.append(MisconceptionLine(key, name, title, part, len(members), in_order, message))
    return lines


def misconception_title(mistake: str) -> str:
    """ "naive.LSTM/forget_and_input_gate_swapped" for people."""
    words = mistake.partition("/")[2].replace("_", " ")
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class ClusterLine:
    """A mistake of several students that no hint explains.

    Attributes:
        key: of its submissions in the report.
    """

    cluster: Cluster
    key: str
    title: str
    part: str
    count: int


def clusters(book: Gradebook, found: Iterable[Cluster], groups: Groups) -> list[ClusterLine]:
    places = {submission.id: place for place, submission in enumerate(book.submissions)}
    lines: list[ClusterLine] = []
    for cluster in found:
        title = f"Cluster {cluster.number}, in {book.deliverables[cluster.tests[0]].title}"
        members = [places[id] for id in cluster.submissions if id in places]
        key = groups.add(f"cluster:{cluster.number}", title, members)
        lines.append(ClusterLine(cluster, key, title, book.part(cluster.tests[0]), len(members)))
    return lines


@dataclass(frozen=True)
class DeliverableLine:
    """Failed rows of a deliverable by the inputs with which they first fail, and how many submissions have some."""

    number: str
    title: str
    part: str
    public: int
    hidden: int
    public_key: str
    hidden_key: str
    public_submissions: int
    hidden_submissions: int

    @property
    def share(self) -> float | None:
        """The share of failures that only hidden inputs show."""
        failures = self.public + self.hidden
        return self.hidden / failures if failures else None


def inputs(book: Gradebook, groups: Groups) -> list[DeliverableLine]:
    """Failures with public inputs, and with hidden inputs alone, by deliverable."""
    lines: list[DeliverableLine] = []
    for deliverable in book.assignment.deliverables:
        places: dict[str, list[int]] = {"public": [], "hidden": []}
        for test in book.tests:
            if test.module == deliverable.tests:
                for place, item in book.tried(test.number):
                    if item.inputs in places:
                        places[item.inputs].append(place)
        title = f"{deliverable.number} {deliverable.title}"
        public, hidden = places["public"], places["hidden"]
        public_key = groups.add(f"public:{deliverable.id}", f"Fail in {title} with public inputs", public)
        hidden_key = groups.add(f"hidden:{deliverable.id}", f"Fail in {title} with hidden inputs alone", hidden)
        counts = len(public), len(hidden), public_key, hidden_key, len(set(public)), len(set(hidden))
        lines.append(DeliverableLine(deliverable.number, deliverable.title, deliverable.part, *counts))
    return lines


@dataclass(frozen=True)
class LateLine:
    """Submissions from which lateness deducts the same share.

    Attributes:
        own: how many of them have a due date of their own.
        longest: the longest delay in words; "" where nobody is late.
        lost: points that they lose together.
    """

    key: str
    label: str
    count: int
    own: int
    longest: str
    lost: float


def lateness(book: Gradebook, groups: Groups) -> list[LateLine]:
    """On time first, then by what is deducted."""
    tiers: dict[tuple[int, float], list[int]] = {}
    for place in book.graded:
        tiers.setdefault(_tier(book.submissions[place]), []).append(place)
    lines: list[LateLine] = []
    for index, (tier, places) in enumerate(sorted(tiers.items())):
        label = lateness_in_words(book.submissions[places[0]])
        members = [book.submissions[place] for place in places]
        late = [member.late for member in members if member.late]
        longest = max((entry["seconds"] for entry in late), default=0)
        lost = sum(entry["before"] - (member.score or 0) for member in members if (entry := member.late) and tier[1])
        key = groups.add(f"late:{index}", label, places)
        own, delay = sum(bool(entry["own"]) for entry in late), span(timedelta(seconds=longest)) if longest else ""
        lines.append(LateLine(key, label, len(places), own, delay, lost))
    return lines


def _tier(submission: Submission) -> tuple[int, float]:
    """0, 1 or 2 for on time, late and unknown, and the share that is deducted."""
    if submission.late is None:
        return 2, 0.0
    late = submission.late["seconds"] > 0
    return int(late), float(submission.late.get("deduct", 0.0))


def lateness_in_words(submission: Submission) -> str:
    state, share = _tier(submission)
    if state != 1:
        return ("On time", "", "No date is known")[state]
    return f"Late, {percent(share) if share else 'nothing'} deducted"


@dataclass(frozen=True)
class Measure:
    """Time or memory of a class, and the submissions with an unusual value, largest first."""

    key: str
    title: str
    unit: str
    median: float | None
    limit: float
    outliers: Sequence[tuple[Submission, float]]


def measures(book: Gradebook, groups: Groups) -> list[Measure]:
    graded = [book.submissions[place] for place in book.graded]
    return [
        _measure("seconds", "Time", "s", SECONDS, [entry.seconds for entry in graded], book, groups),
        _measure("memory", "Memory", "MiB", MIB, [entry.memory for entry in graded], book, groups),
    ]


def _measure(
    id: str, title: str, unit: str, margin: float, values: Sequence[float], book: Gradebook, groups: Groups
) -> Measure:
    limit = statistics.unusual_above(values, margin)
    above = [(place, value) for place, value in zip(book.graded, values, strict=True) if value > limit]
    key = groups.add(f"unusual:{id}", f"Unusual {title.lower()}", (place for place, _ in above))
    outliers = [(book.submissions[place], value) for place, value in sorted(above, key=lambda entry: -entry[1])]
    return Measure(key, title, unit, statistics.mean_and_median(values)["median"], limit, outliers)


def states(book: Gradebook, groups: Groups) -> None:
    """Make a group of each state of a submission."""
    for state, words in STATES.items():
        members = (place for place, submission in enumerate(book.submissions) if submission.state == state)
        groups.add(f"state:{state}", words.capitalize(), members)


@dataclass(frozen=True)
class StudentLine:
    """A submission in the table of students.

    Attributes:
        late, delay: how late it is, in words and in seconds.
        points: part -> points before deductions; empty where it was not graded, as `failed` is None.
    """

    submission: Submission
    state: str
    late: str
    delay: int
    points: Mapping[str, float]
    failed: int | None

    @property
    def search(self) -> str:
        """What a search looks through beside what the table shows."""
        return " ".join(f"{student.email} {student.number}" for student in self.submission.students)


def students(book: Gradebook) -> list[StudentLine]:
    """All submissions, sorted by name."""
    return [_student(book, place, submission) for place, submission in enumerate(book.submissions)]


def _student(book: Gradebook, place: int, submission: Submission) -> StudentLine:
    is_graded, delay = submission.state == GRADED, (submission.late or {"seconds": -1})["seconds"]
    late = span(timedelta(seconds=delay)) if delay > 0 else "on time" if delay == 0 else "–"
    failed = sum(item.kind != Kind.PASSED for item in book.rows[place])
    of_parts = book.part_points(place) if is_graded else {}
    return StudentLine(submission, STATES[submission.state], late, delay, of_parts, failed if is_graded else None)
