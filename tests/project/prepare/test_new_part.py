"""`python -m autograder new-part`: what it writes keeps all rules, and is tested and graded at once."""

import json
import os
import re
import shutil
import subprocess

import pytest
from typer.testing import CliRunner

from autograder import __main__ as commands
from autograder.prepare import handout, new_part
from autograder.prepare.new_part import NewPartError
from autograder.rubric import Rubric
from tests.project.conftest import ROOT, SECRET

COPIED = ("autograder", "harness", "solution", "student", "tests", "workbench", "docs/ta-guide")
OPTIONS = ("--deliverable", "Ridge", "--deliverable", "Groove", "--workbench", "--notebook")


@pytest.fixture
def repository(tmp_path):
    """A copy of this repository with few of its own tests, and without the answers of hidden seeds."""
    for name in COPIED:
        left_out = shutil.ignore_patterns("__pycache__", *(("grade", "harness", "bench") if name == "tests" else ()))
        shutil.copytree(ROOT / name, tmp_path / name, ignore=left_out)
    for name in ("collect_submission.py", "conftest.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


# One process for nearly all of it, because each imports torch; the notebook's cells start another one for each check.
SCRIPT = """\
import os
from pathlib import Path
import pytest
from autograder.prepare import answers, kit, notebook, rules, store
from autograder.rubric import Rubric
from harness.command import main
root = Path.cwd()
tests = kit.graded_by(Rubric.load(root / "autograder/rubric.toml"), answers.graded_tests(root))
own = [test for test in tests if test.module.startswith("models/novel/")]
made = store.make_public(root, own, map)
store.keep_public(root, made)
print("failed", sorted(bool(failed) for _, failed in made.failed))
print("rules", rules.complaints(root, tests))
print("stress", main(["--stress", "Ridge", "--tree", "solution"]))
print("trained", int(pytest.main(["-q", "tests/project/workbench/novel/test_trained.py"])))
os.environ["ASSIGNMENT_TREE"] = "solution"
text = notebook.read(root / notebook.SOURCES / "Novel.py")[1]
exec(text.replace('notebook.check("Groove")', "").replace("notebook.check()", ""))
"""


def test_a_new_part_keeps_the_rules_and_passes(repository, monkeypatch, warm_python):
    monkeypatch.setattr(commands, "REPOSITORY", repository)
    printed = CliRunner().invoke(commands.app, ["new-part", "novel", *OPTIONS]).output.split()
    assert {"tests/models/novel/test_Ridge.py", "workbench/novel/part.py"} < set(printed)
    assert "student/Novel.ipynb" in [f"student/{name}" for name in handout.write(repository)]
    environment = {**os.environ, "PYTHONPATH": str(repository), "ASSIGNMENT_SECRET": SECRET, "COLUMNS": "200"}
    done = subprocess.run(
        [warm_python, "-c", SCRIPT], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    for line in (f"failed {[True] * 12}", "rules []", "stress 0", "trained 0"):
        assert f"{line}\n" in said, said
    rubric = Rubric.load(repository / handout.RUBRIC)
    assert [deliverable.id for deliverable in rubric.deliverables][-2:] == ["novel.Ridge", "novel.Groove"]
    number = rubric.deliverable("novel.Ridge").number
    assert f"{number} Ridge                       3/3    3/3 done" in re.sub(r"\x1b\[[0-9;]*m", "", said)
    assert "epoch 5/5" in said
    contract = json.loads((repository / "student/assignment.json").read_text(encoding="utf-8"))
    assert contract["files"][-2:] == ["models/novel/Ridge.py", "models/novel/Groove.py"]


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
