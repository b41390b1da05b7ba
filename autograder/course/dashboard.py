"""Writes the report of a graded class with all that is known of it: clusters of wrong answers, and similar pairs."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from autograder import REPOSITORY
from autograder.course import clusters, report
from autograder.course.clusters import Cluster
from autograder.course.record import Record
from autograder.course.report import Pair
from autograder.course.similarity import report as similarity
from autograder.course.similarity.report import SimilarityError

SIMILARITY = "similarity"  # the folder of its pages, beside the report


def write(record: Record, out: Path) -> list[Cluster]:
    """Write the report, and return the clusters that it shows.

    Args:
        out: the folder of the graded class.
    """
    alike = clusters.clusters(record, REPOSITORY)
    report.write(record, out / report.NAME, alike, list(_pairs(out / SIMILARITY / similarity.NAME)))
    return alike


def is_old(record: Record, out: Path) -> bool:
    """Whether the report is missing, or something has changed since it was written. Writing it takes seconds."""
    path, pairs = out / report.NAME, out / SIMILARITY / similarity.NAME
    if not path.exists():
        return True
    written = path.stat().st_mtime
    return record.changed_after(written) or (pairs.exists() and pairs.stat().st_mtime > written)


def _pairs(path: Path) -> Iterator[Pair]:
    """The pairs that `similarity` has found; of the pairs of a group, who are nearly the same, the score is None."""
    if not path.exists():
        return
    with contextlib.suppress(SimilarityError):  # of an older version: `similarity` writes it again
        for pair in similarity.load(path).all_pairs:
            yield Pair(pair.one, pair.other, pair.unusual, max(pair.shares), f"{SIMILARITY}/{pair.page}")
