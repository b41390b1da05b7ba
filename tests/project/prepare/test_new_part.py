"""`python -m autograder new-part`: what it writes keeps all rules, and is tested and graded at once."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from autograder import commands
from autograder.prepare import course, handout, new_part
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


# One process for nearly all of it, because each imports torch; the notebook's test starts others.
SCRIPT = """\
from pathlib import Path
import pytest
from autograder.prepare import answers, handout, kit, rules, store
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
handout.write(root)
print("own tests", int(pytest.main(["-q", "tests/project/workbench/novel"])))
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
    for line in (f"failed {[True] * 12}", "rules []", "stress 0", "own tests 0"):
        assert f"{line}\n" in said, said
    rubric = Rubric.load(repository / course.RUBRIC)
    assert [deliverable.id for deliverable in rubric.deliverables][-2:] == ["novel.Ridge", "novel.Groove"]
    contract = json.loads((repository / "student/assignment.json").read_text(encoding="utf-8"))
    assert contract["files"][-2:] == ["models/novel/Ridge.py", "models/novel/Groove.py"]


@pytest.mark.parametrize("workbench", [False, True])
@pytest.mark.parametrize("notebook", [False, True])
def test_what_it_writes_is_clean_for_short_and_long_names(workbench, notebook, repository):
    written = []
    for part, names in (("p", ["q"]), ("convolutional_sequence_networks", ["DilatedCausalConvolution", "GatedUnit"])):
        paths = new_part.write(repository, part, names, workbench, notebook)
        written += [str(path) for path in paths if path.suffix == ".py"]
    for name in written:
        compile((repository / name).read_text(encoding="utf-8"), name, "exec")
    for command in (["check"], ["format", "--check", "--diff"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", *written]
        done = subprocess.run(ruff, cwd=repository, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("part", "names", "complaint"),
    [
        ("Novel", ["Gate"], "Novel: expected small letters"),
        ("novel", ["a.b"], "a.b: expected letters"),
        ("novel", ["Gate", "Gate"], "Gate: two deliverables have this name"),
        ("novel", ["Norm", "norm"], "Norm: two deliverables have this name"),
        ("lambda", ["Gate"], "lambda: this is a keyword"),
        ("novel", ["Gate", "class"], "class: this is a keyword"),
        ("novel", ["none"], "None: this is a keyword"),
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
