"""The real solutions and what they have in common, read once."""

import pytest

from autograder.course.similarity.fingerprints import Baseline
from tests.project.course.similarity import corpus


@pytest.fixture(scope="session")
def baseline() -> Baseline:
    return Baseline.of(corpus.handout(), corpus.solution())


@pytest.fixture(scope="session")
def rewrites() -> dict[str, dict[str, bytes]]:
    return corpus.independent()
