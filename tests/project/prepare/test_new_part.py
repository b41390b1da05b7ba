"""`python -m autograder new-part`: what it writes keeps all rules, and is tested and graded at once."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.prepare import handout, new_part
from autograder.prepare.new_part import NewPartError
from autograder.rubric import Rubric
from tests.project.conftest import ROOT, SECRET

COPIED = ("autograder", "harness", "solution", "student", "tests", "workbench", "docs/ta-guide")


@pytest.fixture
def repository(tmp_path):
    """A copy of this repository without its own tests, and without the answers of hidden seeds."""
    for name in COPIED:
        left_out = shutil.ignore_patterns("__pycache__", *(("grade", "harness", "bench") if name == "tests" else ()))
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    for name in ("collect_submission.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def run(repository: Path, *command: str) -> str:
    """What a command prints; it has to succeed."""
    environment = {**os.environ, "PYTHONPATH": str(repository), "ASSIGNMENT_SECRET": SECRET, "COLUMNS": "200"}
    line = [sys.executable, "-m", *command]
    done = subprocess.run(line, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


SCRIPT = """\
from pathlib import Path
from autograder.prepare import answers, kit, rules, store
from autograder.rubric import Rubric
root = Path.cwd()
tests = kit.graded_by(Rubric.load(root / "autograder/rubric.toml"), answers.graded_tests(root))
own = [test for test in tests if test.module.startswith("models/novel/")]
made = store.make_public(root, own, map)
store.keep_public(root, made)
print("failed", sorted(bool(failed) for _, failed in made.failed))
print("rules", rules.complaints(root, tests))
"""


def test_a_new_part_keeps_the_rules_and_passes(repository):
    printed = run(repository, "autograder", "new-part", "novel", "--deliverable", "Gate", "--deliverable", "Stack")
    assert "tests/models/novel/test_Gate.py" in printed.split()
    assert "files written" in run(repository, "autograder", "handout")
    (repository / "script.py").write_text(SCRIPT, encoding="utf-8")
    made = run(repository, "script").splitlines()
    assert made[-2:] == [f"failed {[True] * 12}", "rules []"]
    shown = run(repository, "tests", "novel", "--tree", "solution")
    assert "5.1 Gate                        3/3    3/3 done" in shown
    assert "FAILS" not in run(repository, "tests", "--stress", "Gate", "--tree", "solution")
    rubric = Rubric.load(repository / handout.RUBRIC)
    assert [each.id for each in rubric.deliverables][-2:] == ["novel.Gate", "novel.Stack"]
    contract = json.loads((repository / "student/assignment.json").read_text(encoding="utf-8"))
    assert contract["files"][-2:] == ["models/novel/Gate.py", "models/novel/Stack.py"]


@pytest.mark.parametrize(
    ("part", "names", "complaint"),
    [
        ("Novel", ["Gate"], "Novel: expected small letters"),
        ("novel", ["a.b"], "a.b: expected a name of its own"),
        ("novel", ["Gate", "Gate"], "Gate: expected a name of its own"),
        ("naive", ["Gate"], "solution/models/naive/__init__.py is there already"),
    ],
)
def test_a_part_that_cannot_be_made_is_refused_before_anything_is_written(part, names, complaint, tmp_path):
    for name in ("autograder/rubric.toml", "solution/models/naive/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(NewPartError) as error:
        new_part.write(tmp_path, part, names)
    assert str(error.value).startswith(complaint)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
