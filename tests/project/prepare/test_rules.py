"""Every rule that a part breaks is a sentence that says what to write, and where."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.prepare import catalogue, rules
from tests.project.conftest import ROOT

LSTM = f"{catalogue.FOLDER}/naive.LSTM.toml"
ENTRY = "[[misconception]]\n"


@pytest.fixture
def root(tmp_path):
    """What the rules read of a repository."""
    for name in ("autograder/rubric.toml", catalogue.FOLDER, "solution", "tests/models", rules.MUTANTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    return tmp_path


def entries(path: Path) -> list[str]:
    """The misconceptions of a file that have no wrong names."""
    return [entry for entry in path.read_text(encoding="utf-8").split(ENTRY)[1:] if "renamed" not in entry]


def test_misconceptions_may_be_fewer_where_the_file_says_why(root, graded):
    left = ENTRY.join(["", *[entry for entry in entries(root / LSTM) if "each = " not in entry][:4]])
    (root / LSTM).write_text(left, encoding="utf-8")
    said = rules.complaints(root, graded)
    assert said[0].startswith(f"{LSTM}: expected 5 misconceptions, found 4; write more, or why")
    (root / LSTM).write_text(f'fewer = "a test"\n\n{left}', encoding="utf-8")
    assert rules.complaints(root, graded) == said[1:]


def test_a_part_without_a_renamed_parameter_is_named(root, graded):
    assert rules.complaints(root, graded) == []
    for path in (root / catalogue.FOLDER).glob("naive.*.toml"):
        path.write_text(ENTRY.join(["", *entries(path)]), encoding="utf-8")
    (said,) = rules.complaints(root, graded)
    assert said.startswith(f"{catalogue.FOLDER}/naive.*.toml: expected a misconception of the part with a wrong name")
    assert "write one with renamed = {" in said


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("tests/models/naive/warm.py", "def warm_up", "def warm", "tests/models/naive/warm.py: expected a function"),
        (
            "tests/project/graded/stress_mutants/naive.toml",
            "lstm_takes_any_size",
            "other",
            'write a [[mutant]] with property = "lstm_takes_any_size"',
        ),
        (
            "autograder/rubric.toml",
            "points = 14",
            "points = 13",
            "tests/models/naive/test_LSTM.py: the weights add up to 14, and autograder/rubric.toml gives naive.LSTM 13",
        ),
    ],
)
def test_what_is_missing_is_named_with_its_file(file, old, new, sentence, root, graded):
    path = root / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    (said,) = rules.complaints(root, graded)
    assert sentence in said


def test_the_number_and_the_needs_of_tests_are_checked(root, graded):
    lstm = [test for test in graded if test.module == "models/naive/test_LSTM.py"]
    others = [test for test in graded if test not in lstm]
    some = [replace(test, integration=True, only={"RNN": "naive.RNN"}) for test in lstm]
    said = rules.complaints(root, others + some)
    assert sum("add naive.RNN to `needs`" in sentence for sentence in said) == len(some)
    assert any("expected at most 2 tests with @integration" in sentence for sentence in said)
    said = rules.complaints(root, [*others, lstm[0]])
    assert said[0].startswith("tests/models/naive/test_LSTM.py: expected 3 graded tests of naive.LSTM, found 1;")
