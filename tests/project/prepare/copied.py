"""A copy of what stored answers depend on, for tests that change it."""

import re
import shutil
from pathlib import Path

from autograder.prepare import provenance
from tests.project.conftest import ROOT

RNN = "models/naive/test_RNN.py"
LSTM = "models/naive/test_LSTM.py"
RNN_FILE = "solution/models/naive/RNN.py"
RNN_MISTAKES = "autograder/prepare/misconceptions/naive.RNN.toml"
FOLDERS = (
    "solution",
    "harness",
    "tests/models",
    "tests/reference",
    "autograder/prepare/misconceptions",
    "docs/ta-guide",
)


def copy_into(folder: Path) -> Path:
    """Copy what answers depend on, and the answers, of all parts into a folder."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("autograder/rubric.toml", provenance.QUALITY):
        shutil.copy(ROOT / name, folder / name)
    return folder


def edit(path: Path, pattern: str, to: str) -> None:
    text, replaced = re.subn(pattern, to, path.read_text(encoding="utf-8"), count=1)
    assert replaced, f"{path.name} has no {pattern!r}"
    path.write_text(text, encoding="utf-8")


def times(folder: Path) -> dict[Path, int]:
    """When each file of a folder was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
