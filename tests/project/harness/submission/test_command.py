"""The command: what it writes, and what a student reads at 23:58."""

import re
import subprocess
import sys
import zipfile

import pytest

from tests.project.harness.submission.made_up import (
    LSTM,
    RNN,
    SCRIPT,
    SKELETON,
    SOLVED,
    TRANSFORMER,
    in_lstm,
    run,
    write,
)


def test_a_finished_tree_is_packed(capsys, tmp_path, student):
    code, text = run(capsys, "--tree", student, "--out", tmp_path, "--id", "ab123")
    assert code == 0
    archive = tmp_path / "sequence-models_ab123.zip"
    assert zipfile.is_zipfile(archive)
    assert text.count("nothing unfinished seen, no fault seen") == 3
    assert text.endswith("\nThe tests were not run: python -m tests\n")
    for words in (
        "No faults found",
        archive.name,
        str(tmp_path.resolve()),
        "KiB",
        'Gradescope, assignment "Sequence models"',
    ):
        assert words in text


def test_at_two_minutes_to_midnight_a_broken_file_is_packed_all_the_same(capsys, tmp_path, student):
    write(student, {LSTM: in_lstm("h = (x"), RNN: SKELETON[RNN]})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--id", "ab123")
    assert code == 0
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.read(LSTM).decode() == in_lstm("h = (x")
    assert f"FAULT: {LSTM}:" in text
    assert "fault, see above" in text
    assert f"warning: {RNN}:" in text
    assert "not started" in text


def test_a_skeleton_is_packed_with_big_words(capsys, tmp_path, student):
    write(student, SKELETON)
    code, text = run(capsys, "--tree", student, "--out", tmp_path)
    assert code == 0
    assert "NOTHING IS STARTED" in text
    assert (tmp_path / "sequence-models.zip").exists()


def test_a_half_done_file_says_how_much_is_left(capsys, tmp_path, student):
    half = SKELETON[TRANSFORMER].replace('raise NotImplementedError("small.embed")', "return x + 1")
    write(student, {TRANSFORMER: half})
    text = run(capsys, "--tree", student, "--out", tmp_path)[1]
    assert re.search(rf"{TRANSFORMER} +2 of 3 not started, see above", text)


def test_strict_refuses_faults_and_only_faults(capsys, tmp_path, student):
    write(student, {RNN: SKELETON[RNN]})
    assert run(capsys, "--tree", student, "--out", tmp_path / "ok.zip", "--strict")[0] == 0
    write(student, {LSTM: "import os\n" + SOLVED[LSTM]})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--strict")
    assert code == 1
    assert "Nothing was written" in text
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.parametrize(("more", "code"), [([], 0), (["--strict"], 1), (["--id", "?"], 1)])
def test_check_writes_nothing(capsys, tmp_path, student, more, code):
    write(student, {LSTM: "import os\n" + SOLVED[LSTM]})
    status, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--check", *more)
    assert status == code
    assert "othing was written" in text
    assert [path.name for path in tmp_path.iterdir()] == ["student"]


def test_nothing_gradable_is_refused(capsys, tmp_path):
    tree = write(tmp_path / "student", {"LSTM.py": SOLVED[LSTM]})
    code, text = run(capsys, "--tree", tree, "--out", tmp_path / "x.zip")
    assert code == 1
    assert "--tree" in text
    assert "UNUSABLE" in text
    assert not (tmp_path / "x.zip").exists()


@pytest.mark.needs("file /dev/full")
def test_an_output_that_is_full_is_one_sentence(student):
    with open("/dev/full", "w") as full:
        line = [sys.executable, SCRIPT, "--tree", student, "--check"]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "Stopped: nothing more can be printed (No space left on device).\n"


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_without_its_contract_it_says_what_to_do(capsys, tmp_path, monkeypatch, text):
    monkeypatch.setattr("harness.submission.command.STUDENT", tmp_path / "student")
    tree = write(tmp_path / "tree", SOLVED, None)
    if text is not None:
        (tree / "assignment.json").write_text(text)
    code, out = run(capsys, "--tree", tree, "--out", tmp_path / "x.zip")
    assert code == 1
    assert "assignment.json" in out
    assert "--tree" in out
