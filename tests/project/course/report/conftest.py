"""One written report for all tests."""

from pathlib import Path

import pytest

from autograder.course import report
from autograder.course.record import Record
from tests.project.course import synthetic

STUDENTS = 60  # more than the table shows at first


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    return synthetic.fill(tmp_path_factory.mktemp("class") / "class.sqlite", STUDENTS)


@pytest.fixture(scope="session")
def path(record: Record) -> Path:
    path = record.path.with_name(report.NAME)
    report.write(record, path, synthetic.clusters(record), synthetic.pairs(record))
    return path
