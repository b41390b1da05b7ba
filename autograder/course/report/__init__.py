"""The dashboard of a graded class: one HTML file that is opened from disk and needs nothing else.

Sections come from the record by pure functions (`statistics`, `gradebook`, `sections`, `advice`), and what students
read from `results`. The template writes all tables; `report.js` sorts, searches and filters them, and shows a student's
results. Without JavaScript everything but the students' results can be read.
"""

from collections.abc import Sequence
from pathlib import Path

from autograder.course import pages
from autograder.course.clusters import Cluster
from autograder.course.record import Record
from autograder.course.report import advice, sections, statistics
from autograder.course.report.advice import Pair
from autograder.course.report.gradebook import Gradebook
from autograder.course.report.results import Results
from autograder.grade.policy import points
from harness.words import abridged

FOLDER = Path(__file__).parent
NAME = "report.html"
MARK = "python -m autograder report"  # in each report; a file without it is not ours

__all__ = ["NAME", "Cluster", "Pair", "write"]


def write(record: Record, path: Path, clusters: Sequence[Cluster] = (), pairs: Sequence[Pair] = ()) -> None:
    """Write the dashboard of the record's class.

    Args:
        clusters: groups of equal wrong outcomes that no hint explains.
        pairs: similar submissions that somebody should look at; their links are relative to `path`.

    Raises:
        PageError: for a file that is no report.
        RecordError: for a record without a run.
    """
    pages.write(path, page(record, clusters, pairs), MARK)


def page(record: Record, clusters: Sequence[Cluster] = (), pairs: Sequence[Pair] = ()) -> str:
    """The dashboard as HTML; see `write`."""
    book, groups = Gradebook.read(record), sections.Groups()
    sections.states(book, groups)
    tests = sections.tests(book, groups)
    alike = sections.clusters(book, clusters, groups)
    content = {
        "mark": MARK,
        "source": record.source(),
        "answers": record.answers(),
        "book": book,
        "figures": statistics.mean_and_median(book.scores),
        "tests": tests,
        "tasks": advice.tasks(book, tests, alike, pairs),
        "histograms": sections.histograms(book, groups),
        "misconceptions": sections.misconceptions(book, groups),
        "clusters": alike,
        "inputs": sections.inputs(book, groups),
        "lateness": sections.lateness(book, groups),
        "measures": sections.measures(book, groups),
        "students": sections.students(book),
        "pairs": pairs,
        "names": {submission.id: str(submission) for submission in book.submissions},
        "words": {"points": points, "abridged": abridged, "group": advice.group, "student": advice.student},
        "groups": groups.members,
        "results": _results(record, book),
    }
    style = (FOLDER / "report.css").read_text(encoding="utf-8")
    script = (FOLDER / "report.js").read_text(encoding="utf-8")
    return pages.render(FOLDER / "report.html.jinja", style, script, **content)


def _results(record: Record, book: Gradebook) -> str:
    results = Results(book)
    for submission, rows in zip(book.submissions, book.rows, strict=True):
        results.add(submission, record.results(submission.id), rows)
    return results.packed()
