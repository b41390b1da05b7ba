"""The grader's entry point: it writes complete results, or none and says why nothing was graded."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from autograder.grade import main
from autograder.prepare import rehearsal
from harness.contract import Assignment
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree
from tests.project.conftest import ROOT

ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
RNN = "models/naive/RNN.py"


def last_line(capsys) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_a_failing_grader_leaves_no_results_and_says_why(layout, tmp_path, monkeypatch, capsys):
    """So the platform says that the autograder failed; zero points would look like a grade."""
    (tmp_path / "source").symlink_to(layout / "source")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "results.json").write_text("of the submission before")
    monkeypatch.setattr(main, "Engine", lambda kit: 1 / 0)
    assert main.main(str(tmp_path)) == 1
    assert list((tmp_path / "results").iterdir()) == []
    printed = capsys.readouterr().out
    assert "Traceback (most recent call last)" in printed
    assert printed.splitlines()[-1] == (
        "Not graded: the autograder itself has failed, and no results were written; the lines above say where "
        "(ZeroDivisionError: division by zero)"
    )


def test_a_kit_that_is_damaged_leaves_no_results_either(layout, tmp_path, capsys):
    shutil.copytree(layout / "source", tmp_path / "source")
    (tmp_path / "source" / "kit.json").unlink()
    assert main.main(str(tmp_path)) == 1
    assert "kit.json" in last_line(capsys)
    assert not (tmp_path / "results").exists()


def test_a_module_that_the_image_lacks_is_named(layout, tmp_path, capsys):
    shutil.copytree(layout / "source", tmp_path / "source")
    contract = tmp_path / "source" / "student" / "assignment.json"
    contract.write_text(contract.read_text("utf-8").replace('"numpy",', '"numpy", "no_such_module",'), "utf-8")
    (tmp_path / "submission").mkdir()
    assert main.main(str(tmp_path), here=True) == 1
    words = "no_such_module of the rubric's allowed_imports cannot be imported"
    assert words in last_line(capsys)


OPEN_WAY = "not isolated: student code can open network connections"


@pytest.fixture
def probed(engine, layout, tmp_path, monkeypatch):
    """Grade nothing with an engine whose probe finds some ways open; the exit status and results.json, if any."""

    def grade(ways: list[str], isolation: str = "required", here: bool = False) -> tuple[int, dict | None]:
        grading = replace(engine.kit.rubric.grading, isolation=isolation)
        kit = replace(engine.kit, rubric=replace(engine.kit.rubric, grading=grading))
        stand_in = SimpleNamespace(kit=kit, probe=lambda *_: ways, warden=engine.warden, grade=engine.grade, close=int)
        monkeypatch.setattr(main.Kit, "load", lambda source: kit)
        monkeypatch.setattr(main, "Engine", lambda kit: stand_in)
        for name in ("submission", "results"):
            (tmp_path / name).mkdir(exist_ok=True)
        status, path = main.main(str(tmp_path), here=here), tmp_path / "results" / "results.json"
        return status, json.loads(path.read_text()) if path.exists() else None

    return grade


def test_where_isolation_is_required_and_missing_nothing_is_graded(probed, capsys):
    """No results at all: the platform then reports an autograder that failed, not zero points."""
    assert probed([OPEN_WAY, "note: something else"]) == (1, None)
    (sentence,) = capsys.readouterr().out.splitlines()
    assert sentence == (
        f'Not graded: the rubric has isolation = "required", and the probe says "{OPEN_WAY}"; fix that or set '
        'isolation = "wanted", build and upload the autograder again, and regrade.'
    )


@pytest.mark.parametrize(
    ("ways", "isolation", "here"),
    [([OPEN_WAY], "wanted", False), ([OPEN_WAY], "required", True), (["note: something else"], "required", False)],
    ids=["wanted", "one's own machine", "a note"],
)
def test_elsewhere_missing_isolation_is_reported_and_grading_goes_on(probed, capsys, ways, isolation, here):
    status, read = probed(ways, isolation, here)
    assert (status, read["extra_data"]["isolation"]) == (0, ways)
    assert ways[0] in capsys.readouterr().out.splitlines()


def test_the_judge_imports_neither_torch_nor_pytest():
    script = "import sys, autograder.grade.main; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "autograder" in done.stdout.split()
    assert not {"torch", "pytest", "_pytest", "models", "psutil"} & set(done.stdout.split())


def test_folders_are_closed_to_others(tmp_path):
    for name in ("source/answers", "submission", "results"):
        (tmp_path / name).mkdir(parents=True, mode=0o755)
    (tmp_path / "submission_metadata.json").touch(mode=0o644)
    main.close_folders(tmp_path)
    closed = [tmp_path / name for name in ("source", "source/answers", "submission", "results")]
    assert [os.stat(path).st_mode & 0o777 for path in closed] == [0o700] * 4
    assert os.stat(tmp_path / "submission_metadata.json").st_mode & 0o777 == 0o600


@pytest.mark.needs("root")
def test_root_that_cannot_become_another_user_grades_here_alone_and_says_so(kit_zip, tmp_path):
    """As in a container that has no other users: on one's own machine. The platform's run, without --here, refuses."""
    submission, root = tmp_path / "submission.zip", tmp_path / "root"
    rnn = {RNN: read_tree(ROOT / "solution", ASSIGNMENT)[RNN]}
    pack(rnn, ASSIGNMENT, ["student"], submission)
    root.mkdir()
    rehearsal.lay_out(root, kit_zip, submission)
    command = ["setpriv", "--bounding-set=-setuid,-setgid", str(root / "source" / "run_autograder"), str(root)]
    environment = {**os.environ, "AUTOGRADER_PYTHON": sys.executable}
    words = "not isolated: without root, student code runs as the user who grades"
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (refused.returncode, list((root / "results").iterdir())) == (1, [])
    assert refused.stdout.startswith(f'Not graded: the rubric has isolation = "required", and the probe says "{words}')
    subprocess.run([*command, "--here"], check=True, env=environment, capture_output=True)
    results = json.loads((root / "results" / "results.json").read_text())
    assert {row["number"][:3] for row in results["tests"] if row["status"] == "passed"} == {"1.1"}
    assert results["score"] == ASSIGNMENT.deliverable("naive.RNN").points
    assert results["extra_data"]["isolation"][0] == words
