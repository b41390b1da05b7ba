"""`make container-test`: setup.sh builds the image on a bare Debian, which grades in half a processor and 768 MB."""

import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from autograder.bench import malicious
from autograder.prepare import container
from autograder.prepare.rehearsal import Rehearsal
from harness.contract import Assignment
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree
from harness.submission.preflight import inspect
from harness.verdicts import preflight
from tests.project.conftest import POINTS, ROOT
from tests.project.grade.test_attacks import nastiest
from tests.project.grade.test_engine import LSTM, RNN, at_import, in_forward
from tests.project.grade.test_results import SCHEMA

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
SOLUTION = read_tree(ROOT / "solution", ASSIGNMENT)
SKELETON = read_tree(ROOT / "student", ASSIGNMENT)
GENERATION = "models/language_model/generation.py"
# Starts all the processes and takes all the memory that it can get, then never ends.
HOSTILE = """
import torch as _torch
_os = _torch.os
try:
    for _ in range(200):
        _os.fork()
except OSError:
    pass
_junk = []
try:
    while True:
        _junk.append(bytes(1 << 20))
except MemoryError:
    pass
while True:
    pass
"""

pytestmark = [pytest.mark.needs("container"), pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def image(kit_zip: Path) -> str:
    """The built image; what building it has printed."""
    return container.build(kit_zip)


@pytest.fixture
def grade(image: str, tmp_path: Path) -> Callable[[dict[str, bytes]], Rehearsal]:
    """Grade a submission in a container, isolated, with valid results."""

    def grade(files: dict[str, bytes]) -> Rehearsal:
        archive = tmp_path / "submission.zip"
        archive.write_bytes(malicious.zipped(files))
        rehearsed = container.grade(archive)
        print(f"{rehearsed.seconds:.1f} s, at most {rehearsed.peak_mib:.0f} MiB")
        assert rehearsed.status == 0, rehearsed.log
        jsonschema.Draft202012Validator(SCHEMA).validate(rehearsed.results)
        problems = rehearsed.results["extra_data"]["isolation"]
        assert not any(problem.startswith("not isolated") for problem in problems), problems
        return rehearsed

    return grade


def test_setup_sh_installs_a_python_and_torch_of_its_own(image):
    assert re.search(r"setup\.sh: Python 3\.1\d\.\d+ with torch 2\.13\.0\S* in /opt/sequence-models", image)


def test_the_solution_gets_full_marks(grade):
    rehearsed = grade(SOLUTION)
    assert [row["name"] for row in rehearsed.results["tests"] if row["status"] == "failed"] == []
    assert rehearsed.results["score"] == POINTS
    assert 0 < rehearsed.peak_mib < 768


def test_the_skeleton_gets_nothing(grade):
    rehearsed = grade(SKELETON)
    assert rehearsed.results["score"] == 0
    assert all("Not started" in row["output"] for row in rehearsed.results["tests"])


def test_the_nastiest_submission_forges_nothing(grade):
    rehearsed = grade(nastiest())
    assert "FORGED" not in str(rehearsed.results)
    assert len(rehearsed.results["tests"]) >= 70
    assert rehearsed.seconds < 600


def test_hostile_files_cost_only_themselves(grade):
    """One forges results and ends its process, one takes all memory in a call, one does what HOSTILE does."""
    attacks = {str(attack): attack.text for attack in malicious.load()}
    memory = "\n\n" + attacks["row08_memory-forward"]
    hostile = {
        RNN: at_import(attacks["row01_results_then_exit-import"] + "\n\nattack()", RNN)[RNN],
        LSTM: in_forward("attack()\nraise MemoryError('taken')")[LSTM] + memory.encode(),
        GENERATION: at_import(HOSTILE, GENERATION)[GENERATION],
    }
    files = SOLUTION | hostile
    assert preflight(files, inspect(files, ASSIGNMENT), ASSIGNMENT) == {}, "an attack that is refused does not run"
    rehearsed = grade(files)
    attacked = {deliverable.number for deliverable in ASSIGNMENT.deliverables if deliverable.file in hostile}
    lost = {row["number"]: row["output"] for row in rehearsed.results["tests"] if row["score"] < row["max_score"]}
    assert {number.rpartition(".")[0] for number in lost} == attacked
    assert {row["score"] for row in rehearsed.results["tests"] if row["number"].startswith(("1.1.", "4.6."))} == {0}
    assert "MemoryError: taken" in lost["1.2.3"]


def test_a_container_without_other_users_refuses_to_grade(image, tmp_path, monkeypatch):
    """Without the right to change its user, root cannot isolate: no results, one sentence, exit status 1."""
    archive = pack(SOLUTION, ASSIGNMENT, ["x"], tmp_path / "x.zip")
    monkeypatch.setattr(container, "LIMITS", (*container.LIMITS, "--cap-drop=setuid,setgid"))
    with pytest.raises(container.ContainerError, match=r"exit 1\)") as error:
        container.grade(archive)
    assert 'Not graded: the rubric has isolation = "required"' in str(error.value)
