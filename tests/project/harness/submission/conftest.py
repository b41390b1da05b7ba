"""Folders as students have them."""

import shutil

import pytest

from tests.project.harness.submission.made_up import SCRIPT, SOLVED, write


@pytest.fixture
def student(tmp_path):
    return write(tmp_path / "student", SOLVED)


@pytest.fixture
def handout(tmp_path):
    folder = tmp_path / "Übung 3"
    write(folder / "student", SOLVED)
    shutil.copy(SCRIPT, folder)
    shutil.copytree(SCRIPT.parent / "harness", folder / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    return folder
