"""What the workbench's tests share."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.tree import Tree
from tests.project.workbench import trees
from workbench.training.trees import open_tree
from workbench.translation import data
from workbench.translation.data import Corpus, captions


@pytest.fixture(autouse=True, scope="session")
def cache_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Also for the processes that they start: nothing is left in anybody's home, and nothing read from there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
        yield


@pytest.fixture
def tree() -> Iterator[Tree]:
    """The solution's."""
    with trees.forgotten():
        yield open_tree(trees.SOLUTION)


@pytest.fixture
def trees_forgotten() -> Iterator[None]:
    """For tests that open trees of their own."""
    with trees.forgotten():
        yield


whole_corpus = functools.cache(captions.load)  # takes half a second


@pytest.fixture
def few_sentences(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Corpus:
    """All that there is of the captions corpus, and no tokens of the whole one in the cache."""
    whole = whole_corpus()
    corpus = Corpus("captions", whole.train[:40], whole.validation[:12], whole.test[:12])
    monkeypatch.setattr(data, "load", lambda name, data_root=None: corpus)
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    return corpus
