"""The command as a student starts it: a folder with a space and an umlaut, an interpreter that sees nothing else."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.submission.archive import pack
from tests.project.harness.submission.made_up import ASSIGNMENT, LSTM, SCRIPT, SKELETON, SOLVED, in_lstm, write


def start(
    folder: Path, *arguments: str, encoding: str = "utf-8", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-I",
        "-X",
        f"utf8={int(encoding == 'utf-8')}",
        "-W",
        "error",
        str(folder / "collect_submission.py"),
    ]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LC_", "LANG"))}
    return subprocess.run(
        [*command, *arguments],
        cwd=folder.parent,
        env={**clean, **environment},
        capture_output=True,
        encoding=encoding,
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_from_another_folder_with_no_option_it_packs_student_beside_it(handout):
    done = start(handout, "--id", "ab123")
    assert (done.returncode, done.stderr) == (0, "")
    assert (handout.parent / "sequence-models_ab123.zip").exists()


def test_on_a_console_that_knows_only_ascii(handout):
    write(handout / "student", {LSTM: in_lstm("größe = nn.LSTM(€")})
    done = start(handout, "--out", str(handout), encoding="ascii", LC_ALL="C", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0, done.stderr
    assert "gr\\xf6\\xdfe = nn.LSTM(\\u20ac" in done.stdout


def test_another_tree_uses_the_contract_of_student(handout):
    commented = {
        path: text.replace("        return", "        # BEGIN SOLUTION\n        return")
        for path, text in SOLVED.items()
    }
    write(handout / "solution", commented, None)
    one, two = handout / "one.zip", handout / "two.zip"
    for out in (one, two):
        done = start(handout, "--tree", str(handout / "solution"), "--out", str(out), "--strict")
        assert done.returncode == 0, done.stdout
    assert one.read_bytes() == two.read_bytes()


def test_help_names_every_option(handout):
    done = start(handout, "--help")
    for option in ("--tree", "--out", "--id", "--group-size", "--strict", "--check"):
        assert option in done.stdout


def test_standard_library_only(handout):
    probe = "import sys, collect_submission; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", probe],
        cwd=handout,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported = {name for name in done.stdout.split() if not name.startswith("_")}
    assert imported - {"collect_submission", "harness"} <= sys.stdlib_module_names
    assert not imported & {"fcntl", "resource", "termios", "pwd"}, "not every system has these"


def test_without_the_harness_it_is_one_sentence(handout):
    shutil.rmtree(handout / "harness")
    done = start(handout)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"collect_submission\.py needs the folder harness/ .* unpack the handout again\.\n", done.stderr
    )


def test_the_first_file_is_readable_for_an_old_python():
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.needs("python {version}")
@pytest.mark.parametrize("version", ["3.9", "3.12", "3.13", "3.14"])
def test_on_other_pythons_where_there_are_some(handout, version):
    python = f"python{version}"
    write(handout / "student", SKELETON)
    script = str(handout / "collect_submission.py")
    done = subprocess.run([python, script, "--out", str(handout)], capture_output=True, encoding="utf-8", check=False)
    if version == "3.9":
        assert done.returncode == 1
        assert "needs Python 3.11" in done.stderr
        return
    assert "NOTHING IS STARTED" in done.stdout, done.stdout + done.stderr
    ours = pack({path: text.encode() for path, text in SKELETON.items()}, ASSIGNMENT, [], handout / "ours.zip")
    assert (handout / "sequence-models.zip").read_bytes() == ours.read_bytes()
