"""What a test needs of the machine: said by a marker, skipped with the reason where it is missing (conftest.py)."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.conftest import ROOT

TESTS = """
import pytest

@pytest.mark.needs("data nothing")
def test_of_data():
    raise AssertionError

@pytest.mark.needs("python {version}")
@pytest.mark.parametrize("version", ["0.1", "3"])
def test_of_python(version):
    assert version == "3"

def test_of_nothing():
    pass
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with our conftest and a few tests."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    (tmp_path / "test_few.py").write_text(TESTS)
    return tmp_path


def run(project: Path, *options: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # it is quicker without
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_what_is_missing_is_skipped_and_said(project):
    said = run(project)
    assert "2 passed, 2 skipped" in said
    assert f"needs data nothing: the real data are not in {project.parent}/shared/data/nothing" in said
    assert "needs python 0.1: it is not installed" in said


def test_tests_are_selected_by_what_they_need(project):
    assert "1 passed, 1 skipped, 2 deselected" in run(project, "-m", "needs_python")
    assert "2 passed, 1 skipped, 1 deselected" in run(project, "-m", "not needs_data")


def test_a_need_that_nobody_knows_is_named(project):
    (project / "test_few.py").write_text(TESTS.replace("data nothing", "luck"))
    assert "test_of_data needs 'luck', and conftest.py knows only: root, ordinary_user, mount," in run(project)


def test_no_test_says_in_another_way_what_it_needs():
    ways = re.compile(r"skipif|pytest\.skip|importorskip")
    files = [path for path in (ROOT / "tests" / "project").rglob("*.py") if path != Path(__file__)]
    assert [str(path) for path in files if ways.search(path.read_text(encoding="utf-8"))] == []
