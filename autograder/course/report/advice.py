"""What to do next: what in a class's results needs somebody's attention, most urgent first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from autograder.course.record import FAILED, UNREADABLE, Submission
from autograder.course.report import statistics
from autograder.course.report.gradebook import Gradebook
from autograder.course.report.sections import ClusterLine, TestLine
from harness.words import abridged


@dataclass(frozen=True)
class Pair:
    """Two similar submissions.

    Attributes:
        a, b: the submissions' ids; an earlier term's begins with the name of its folder and a slash.
        score: how unusual the similarity is; None for works that are nearly the same.
        share: of the code of one of them that both have, from 0 to 1.
        link: the page that compares them, relative to the report.
    """

    a: str
    b: str
    score: float | None
    share: float
    link: str


@dataclass(frozen=True)
class Entry:
    """One thing to look at.

    Attributes:
        link: to what is behind it.
        part: the id of the part that it belongs to; "" for none.
    """

    link: str
    name: str
    detail: str
    part: str = ""


@dataclass(frozen=True)
class Task:
    """Things of a kind that need somebody's attention, and what to do about them."""

    id: str
    title: str
    what: str
    entries: Sequence[Entry]


def tasks(
    book: Gradebook, tests: Sequence[TestLine], clusters: Sequence[ClusterLine], pairs: Sequence[Pair]
) -> list[Task]:
    """All tasks that have something to look at.

    Args:
        pairs: what else has been found in this class.
    """
    found = [
        Task(
            "failed",
            "Submissions on which the grader failed",
            "They have no result. Mend the cause and grade the class again; only these are graded.",
            _submissions(entry for entry in book.submissions if entry.state == FAILED),
        ),
        Task(
            "unreadable",
            "Submissions that could not be read",
            "They have no points. Look at what was handed in, or ask for it again.",
            _submissions(entry for entry in book.submissions if entry.state == UNREADABLE),
        ),
        Task(
            "isolation",
            "Submissions that were not isolated",
            "Their code could reach what it should not. Grade them again as root on Linux before you trust the points.",
            [
                Entry(student(entry.id), str(entry), abridged(opened, 2))
                for entry in book.submissions
                if (opened := [line for line in entry.isolation if line.startswith("not isolated")])
            ],
        ),
        Task(
            "everyone",
            "Tests that everyone fails",
            "The test may be wrong, or nobody was taught what it asks for. Read a few answers; the rubric can excuse "
            "a faulty test.",
            [_test(test, f"all {test.tried:,} that tried") for test in _tried(tests) if test.failed == test.tried],
        ),
        Task(
            "negative",
            "Tests that strong students fail more often than weak ones",
            "Discrimination is negative. The test may punish a right way to write it, or its docstring may mislead.",
            [
                _test(test, f"discrimination −{-test.discrimination:.2f}")
                for test in sorted(tests, key=lambda test: test.discrimination or 0)
                if test.discrimination is not None and test.discrimination < 0
            ],
        ),
        Task(
            "clusters",
            "Equal mistakes without a hint",
            "Add them to the catalogue of misconceptions, so that the next class gets a hint.",
            [
                Entry(
                    f"#cluster-{line.cluster.number}",
                    line.title,
                    f"{line.count} submissions: {line.cluster.first}",
                    line.part,
                )
                for line in clusters
            ],
        ),
        Task(
            "pairs",
            "Similar submissions",
            "Similarity is no proof. Compare the two side by side before you talk to anybody.",
            [Entry(pair.link, _names(book, pair), f"{100 * pair.share:.0f} % of the code in common") for pair in pairs],
        ),
        Task(
            "nobody",
            "Tests that no one fails",
            "They tell nothing about this class. A lower weight leaves more points for the others.",
            [_test(test, f"{test.tried:,} tried") for test in _tried(tests) if not test.failed],
        ),
    ]
    return [task for task in found if task.entries]


def student(id: str) -> str:
    """The link to a submission's results in the report."""
    return f"#student={quote(id)}"


def group(key: str) -> str:
    """The link to the students of a group."""
    return f"#behind={quote(key)}"


def _submissions(submissions: Iterable[Submission]) -> list[Entry]:
    return [Entry(student(entry.id), str(entry), entry.why) for entry in submissions]


def _tried(tests: Sequence[TestLine]) -> Iterator[TestLine]:
    return (test for test in tests if test.tried >= statistics.LEAST_TRIED)


def _test(test: TestLine, detail: str) -> Entry:
    return Entry(group(test.key), f"{test.number} {test.deliverable}: {test.title}", detail, test.part)


def _names(book: Gradebook, pair: Pair) -> str:
    names = {submission.id: str(submission) for submission in book.submissions}
    return f"{names.get(pair.a, pair.a)} and {names.get(pair.b, pair.b)}"
