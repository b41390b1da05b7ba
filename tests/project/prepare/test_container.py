"""Grading inside an emulated default container: half a processor, 768 MB, Docker's capabilities, no namespaces."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.bench import malicious
from autograder.prepare import container
from autograder.prepare.container import Container
from autograder.prepare.rehearsal import Rehearsal, rehearse
from harness.contract import Assignment
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree
from harness.submission.preflight import inspect
from harness.verdicts import preflight
from tests.project.conftest import ROOT
from tests.project.grade.test_engine import LSTM, RNN, at_import, in_forward

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
SOLUTION = read_tree(ROOT / "solution", ASSIGNMENT)
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

pytestmark = pytest.mark.needs("root", "container")


@pytest.fixture
def inside() -> Iterator[Container]:
    with Container() as opened:
        yield opened


def grade(files: dict[str, bytes], kit_zip: Path, folder: Path, inside: Container) -> Rehearsal:
    archive = folder / "submission.zip"
    pack(files, ASSIGNMENT, ["student"], archive)
    return rehearse(kit_zip, archive, ROOT, inside)


def test_what_a_container_takes_away_is_taken(inside):
    assert subprocess.run(inside.command(["unshare", "--mount", "true"]), capture_output=True).returncode != 0
    assert subprocess.run(inside.command(["chown", "1:1", "/dev/null"]), capture_output=True).returncode == 0
    subprocess.run(["chown", "0:0", "/dev/null"], check=True)


def test_its_limits_hold_and_are_measured():
    with Container(megabytes=100) as small:
        greedy = subprocess.run(small.command([sys.executable, "-c", "bytearray(200_000_000)"]), capture_output=True)
        assert greedy.returncode == -9
    assert small.killed == 1
    assert 80 < small.peak_mib <= 96
    started = time.monotonic()
    with Container(processors=0.05) as slow:  # less than a busy machine leaves to one process
        spin = "import time\nwhile time.process_time() < 0.2: pass"
        subprocess.run(slow.command([sys.executable, "-c", spin]), check=True)
    assert slow.cpu_seconds >= 0.2
    assert time.monotonic() - started > 0.8 * 0.2 / 0.05
    assert slow.throttled_seconds > 0


def test_a_container_and_its_processes_are_removed():
    with Container() as opened:
        sleeper = subprocess.Popen(opened.command(["sleep", "600"]))
        while Path(f"/proc/{sleeper.pid}/comm").read_text() != "sleep\n":
            pass
    assert sleeper.wait(timeout=5) == -9
    assert not any(folder.exists() for folder in opened._groups)


def test_the_solution_gets_full_marks_in_it(kit_zip, tmp_path, inside):
    rehearsed = grade(SOLUTION, kit_zip, tmp_path, inside)
    assert [row["name"] for row in rehearsed.results["tests"] if row["status"] == "failed"] == []
    assert rehearsed.status == 0
    assert not any(problem.startswith("not isolated") for problem in rehearsed.results["extra_data"]["isolation"])
    assert rehearsed.seconds < 60
    inside.measure()
    assert inside.killed == 0


def test_hostile_files_cost_only_themselves_in_it(impatient_kit_zip, tmp_path, inside):
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
    rehearsed = grade(files, impatient_kit_zip, tmp_path, inside)
    assert rehearsed.status == 0, rehearsed.log
    attacked = {deliverable.number for deliverable in ASSIGNMENT.deliverables if deliverable.file in hostile}
    lost = {row["number"]: row["output"] for row in rehearsed.results["tests"] if row["score"] < row["max_score"]}
    assert {number.rpartition(".")[0] for number in lost} == attacked
    assert {row["score"] for row in rehearsed.results["tests"] if row["number"].startswith(("1.1.", "4.6."))} == {0}
    assert "MemoryError: taken" in lost["1.2.3"]


def test_any_command_runs_inside(capfd):
    assert container.main(["sh", "-c", "exit 3"]) == 3
    assert "0 killed for want of memory" in capfd.readouterr().out
