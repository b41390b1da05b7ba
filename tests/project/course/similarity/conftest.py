"""The real solutions and what they have in common, read once."""

import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from autograder.course.similarity import works
from autograder.course.similarity.fingerprints import Baseline
from tests.project.course.similarity import corpus

Works = dict[str, dict[str, bytes]]
Prints = dict[str, NDArray[np.uint64]]
Disguised = Callable[[str, str], NDArray[np.uint64]]
PART = ("models/Transformer.py", "models/language_model/generation.py")  # half of a work's fingerprints


@pytest.fixture(scope="session")
def baseline() -> Baseline:
    return works.baseline()


@pytest.fixture(scope="session")
def rewrites() -> Works:
    return corpus.independent()


@pytest.fixture(scope="session")
def parts(rewrites: Works) -> Works:
    """Two files of each rewrite, for tests that need no more."""
    return {name: {path: files[path] for path in PART} for name, files in rewrites.items()}


@pytest.fixture(scope="session")
def prints(baseline: Baseline, rewrites: Works) -> Prints:
    return {name: baseline.fingerprints(files) for name, files in rewrites.items()}


@pytest.fixture(scope="session")
def prints_of_parts(baseline: Baseline, parts: Works) -> Prints:
    return {name: baseline.fingerprints(files) for name, files in parts.items()}


@pytest.fixture(scope="session")
def disguised(baseline: Baseline, parts: Works) -> Disguised:
    """The fingerprints of the part of a rewrite in a disguise, each of which is made once."""

    @cache
    def fingerprints(name: str, disguise: str) -> NDArray[np.uint64]:
        return baseline.fingerprints(corpus.DISGUISES[disguise](parts[name], random.Random(1)))

    return fingerprints
