"""What is stored, a repository that a test may change, and the command that makes its answers."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder import commands
from autograder.prepare import answers, kit, store
from autograder.prepare.answers import Mapper
from autograder.prepare.store import Stored
from harness.graded import GradedTest
from tests.project.conftest import ROOT
from tests.project.prepare.copied import RNN, RNN_MISTAKES, copy_into


@pytest.fixture(scope="module")
def stored(graded: list[GradedTest]) -> Stored:
    """The answers and hints of the public seed, as they are in `tests/reference`."""
    return store.load_public(ROOT, graded)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return copy_into(tmp_path)


@contextmanager
def here() -> Iterator[Mapper]:
    """In place of a pool of processes."""
    yield map


@pytest.fixture
def make(tmp_path: Path, graded: list[GradedTest], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A repository with the RNN's tests and three misconceptions, and the command that makes its answers."""
    repository = copy_into(tmp_path)
    entries = (repository / RNN_MISTAKES).read_text(encoding="utf-8").split("[[misconception]]")[:4]
    (repository / RNN_MISTAKES).write_text("[[misconception]]".join(entries), encoding="utf-8")
    tests = [test for test in graded if test.module == RNN]
    monkeypatch.setattr(commands, "REPOSITORY", repository)
    monkeypatch.setattr(answers, "graded_tests", lambda root: tests)
    monkeypatch.setattr(kit, "graded_by", lambda rubric, collected: collected)
    monkeypatch.setattr(store, "workers", here)

    def run(*options: str) -> str:
        done = CliRunner().invoke(commands.app, ["answers", "--secret", "any", *options])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return re.sub(r"\s+", " ", done.output)

    assert "again" in run()
    return run
