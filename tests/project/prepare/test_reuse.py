"""Answers that are made again keep what they agree with; test_store.py tests that what differs is written."""

from collections.abc import Callable
from pathlib import Path

from harness.answers import Answers
from harness.answers import public_file as public_answers
from tests.project.prepare.copied import RNN, times


def test_all_makes_everything_and_rewrites_nothing(make: Callable[..., str], tmp_path: Path) -> None:
    """References within the tolerance of the new ones stay: another processor rounds in another way."""
    path = public_answers(RNN, tmp_path / "tests")
    stored = Answers.load(path)
    for outcome in stored.outcomes.values():
        for value in outcome.shown.values():
            if not isinstance(value, str) and value.dtype.kind == "f":
                value *= 1 + 1e-7
    stored.save(path)
    before = times(tmp_path / "tests")
    assert "3 misconceptions made again" in make("--all")
    assert times(tmp_path / "tests") == before
