"""Grading on an instructor's machine: what is hidden, what is left alone, and what is said when it cannot begin."""

import fcntl
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from autograder.prepare import rehearsal
from autograder.prepare.rehearsal import RehearsalError, lay_out, rehearse, secret_folders


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    """A kit whose entry point writes a result and leaves a process behind that holds its output open."""
    return a_kit(tmp_path, "sleep 60 &\necho $!\necho '{}' > $1/results/results.json\necho graded")


def a_kit(folder: Path, script: str) -> Path:
    path = folder / "kit.zip"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("run_autograder")
        member.external_attr = 0o100755 << 16
        archive.writestr(member, f"#!/bin/sh\n{script}\n")
    return path


def git(folder: Path, *command: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", "-C", str(folder), *who, *command], check=True, capture_output=True)


def test_every_worktrees_secrets_are_found(tmp_path):
    """The solution lies in the main checkout too, and git's history only there."""
    main, other = tmp_path / "main", tmp_path / "other"
    for name in ("solution", "student"):
        (main / name).mkdir(parents=True)
        (main / name / "model.py").write_text("x = 1\n")
    git(main, "init")
    git(main, "add", ".")
    git(main, "commit", "-m", "one")
    git(main, "worktree", "add", str(other))
    (other / "build").mkdir()
    assert secret_folders(other) == [main / ".git", main / "solution", other / "build", other / "solution"]
    assert secret_folders(main) == secret_folders(other)
    assert secret_folders(tmp_path / "nowhere") == []


def test_the_grader_finds_the_metadata_that_it_is_given(tmp_path):
    kit = a_kit(tmp_path, "cp $1/submission_metadata.json $1/results/results.json")
    (tmp_path / "mine.json").write_text('{"id": 7}')
    (tmp_path / "submission").mkdir()
    assert rehearse(kit, tmp_path / "submission", tmp_path, metadata=tmp_path / "mine.json").results == {"id": 7}
    with pytest.raises(RehearsalError, match="wrote no results"):
        rehearse(kit, tmp_path / "submission", tmp_path)


def test_a_process_that_holds_the_output_open_does_not_delay_grading(kit, tmp_path):
    submission = tmp_path / "submission"
    submission.mkdir()
    rehearsed = rehearse(kit, submission, tmp_path)
    assert rehearsed.log.endswith("graded\n")
    assert rehearsed.seconds < 30
    assert rehearsed.results == {}
    os.kill(int(rehearsed.log.split()[0]), 9)


@pytest.mark.needs("root")
def test_the_mount_point_is_removed_by_the_process_that_made_it(tmp_path, monkeypatch):
    root = tmp_path / "mount"
    monkeypatch.setattr(rehearsal, "ROOT", root)
    monkeypatch.setattr(rehearsal, "LOCK", tmp_path / "locks" / "rehearsal")
    with rehearsal.mount_point():
        with rehearsal.mount_point():
            assert root.is_dir()
        assert root.is_dir(), "the first is not done"
    assert not root.exists()
    root.mkdir()
    with rehearsal.mount_point():
        pass
    assert root.is_dir(), "it was there before"


def refused(kit: Path, submission: Path, tmp_path: Path) -> str:
    layout = tmp_path / "layout"
    layout.mkdir(parents=True)
    with pytest.raises(RehearsalError) as caught:
        lay_out(layout, kit, submission)
    return str(caught.value)


def test_a_pipe_is_no_submission(kit, tmp_path):
    """Reading it would wait for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    words = f"{pipe} is neither a file nor a folder: expected a zip as a student hands it in"
    assert refused(kit, pipe, tmp_path) == words


def test_a_pipe_inside_a_submission_is_passed_over(kit, tmp_path):
    submission, layout = tmp_path / "submission", tmp_path / "layout"
    submission.mkdir()
    layout.mkdir()
    os.mkfifo(submission / "pipe")
    (submission / "LSTM.py").write_text("x = 1\n")
    (submission / "link").symlink_to("nowhere")
    lay_out(layout, kit, submission)
    assert sorted(path.name for path in (layout / "submission").iterdir()) == ["LSTM.py", "link"]


def test_a_file_that_is_no_kit_is_named(tmp_path):
    broken, other = tmp_path / "broken.zip", tmp_path / "other.zip"
    broken.write_bytes(b"PK no zip")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("models/naive/LSTM.py", "x = 1\n")
    assert (
        refused(broken, tmp_path, tmp_path / "a")
        == f"{broken} cannot be unpacked (File is not a zip file): build it again"
    )
    words = f"{other} is no autograder, for it has no run_autograder: is it a submission?"
    assert refused(other, tmp_path, tmp_path / "b") == words
    assert refused(tmp_path / "none.zip", tmp_path, tmp_path / "c").startswith(
        f"{tmp_path}/none.zip cannot be unpacked"
    )


def test_results_that_are_no_json_are_reported(tmp_path):
    kit = a_kit(tmp_path, "echo why; echo '{' > $1/results/results.json")
    (tmp_path / "submission").mkdir()
    with pytest.raises(RehearsalError, match=r"results that are no JSON(.|\n)*why"):
        rehearse(kit, tmp_path / "submission", tmp_path)


def test_folders_of_killed_graders_are_removed_and_no_others(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsal, "TEMPORARY", str(tmp_path))
    for name in ("autograder-killed", "autograder-running", "autograder-of-somebody", "mine"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "answers").write_text("1")
    for name in ("autograder-killed", "autograder-running", "mine"):
        (tmp_path / name / rehearsal.IN_USE).touch()
    (tmp_path / "autograder-link").symlink_to(tmp_path / "mine")
    with (tmp_path / "autograder-running" / rehearsal.IN_USE).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with rehearsal.private_folder() as folder:
            others = {path.name for path in tmp_path.iterdir()} - {folder.name}
    assert others == {"autograder-running", "autograder-of-somebody", "mine", "autograder-link"}
    assert (tmp_path / "mine" / "answers").exists()
    assert not folder.exists()
