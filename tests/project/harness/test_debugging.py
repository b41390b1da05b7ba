"""Debuggers stop in the student's code wherever somebody can type, and say so where nobody can."""

import subprocess
from collections.abc import Callable

import pytest

from harness import verdicts
from tests.project.conftest import ROOT, environment, tree_with

ONE_TEST = "tests/models/naive/test_RNN.py::test_rnn_takes_one_step"
RAISES = "input @ hidden"


@pytest.fixture
def python(warm_python: str) -> Callable[..., str]:
    """What a student sees who types `python -m` and these arguments."""

    def python(*arguments: object, types: str = "", **more: str) -> str:
        return subprocess.run(
            [warm_python, "-m", *map(str, arguments)], cwd=ROOT, env=environment() | more, input=types, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", timeout=200,
        ).stdout  # fmt: skip

    return python


@pytest.mark.parametrize("command", [("tests", "RNN"), ("pytest", ONE_TEST), ("pytest", "-s", ONE_TEST)])
def test_a_breakpoint_stops_in_the_students_line(tmp_path, python, command):
    tree, line = tree_with(tmp_path, "breakpoint()")
    said = python(*command, "--tree", tree, types="p 40 + len(input)\ncontinue\nquit\n")
    assert f"naive/RNN.py({line + 1})forward()" in said
    assert "(Pdb) 43" in said
    assert said.count("set_trace") == 2, "after `continue` the next call stops again, and `quit` ends all"
    assert "Error" not in said


@pytest.mark.parametrize(
    ("command", "ends"), [("tests RNN", "Stopped in"), (f"pytest {ONE_TEST}", "Quitting debugger")]
)
def test_the_end_of_input_ends_all_tests(tmp_path, python, command, ends):
    """As `quit` does: Ctrl-D leaves a debugger, too."""
    tree, _ = tree_with(tmp_path, "breakpoint()")
    said = python(*command.split(), "--tree", tree)
    assert said.count("set_trace") == 1
    assert ends in said
    assert "BdbQuit" not in said


def test_a_breakpoint_stops_once_in_a_test_that_fails(tmp_path, python):
    tree, _ = tree_with(tmp_path, "breakpoint(); hidden = hidden + 1")
    said = python("pytest", f"{ONE_TEST}[one row]", "--tree", tree, types="continue\n" * 9)
    assert "hidden at [0, 0]" in said
    assert said.count("set_trace") == 2, "one for each call of the model"


def test_a_post_mortem_stops_in_the_students_line(tmp_path, python):
    tree, line = tree_with(tmp_path, RAISES)
    said = python("pytest", ONE_TEST, "--pdb", "--tree", tree, types="p 40 + len(input)\nquit\n")
    assert f"> {tree}/models/naive/RNN.py({line})forward()\n-> {RAISES}\n(Pdb) 43" in said


def test_a_post_mortem_of_a_wrong_value_stops_in_the_test_that_shows_it(tmp_path, python):
    tree, _ = tree_with(tmp_path, "hidden = hidden + 1")
    said = python("pytest", ONE_TEST, "--pdb", "--tree", tree, types="p 40 + len(output)\nquit\n")
    assert "test_rnn_takes_one_step()\n-> show(" in said
    assert "(Pdb) 43" in said


def test_a_traceback_that_is_asked_for_shows_the_students_code(tmp_path, python):
    tree, line = tree_with(tmp_path, RAISES)
    for style in ("short", "long"):
        said = python("pytest", ONE_TEST, f"--tb={style}", "--tree", tree)
        assert "output, hidden = rnn(x, h)" in said
        assert f"naive/RNN.py:{line}: " in said
        assert "harness/" not in said
        assert "plugin.py" not in said
    assert "harness/" not in python("pytest", ONE_TEST, "--tree", tree)


@pytest.mark.parametrize("command", ["watch", "notebook"])
def test_a_breakpoint_where_nobody_can_type_says_so(tmp_path, python, command):
    tree, line = tree_with(tmp_path, "breakpoint()")
    said = {
        "watch": lambda: python("tests", "--watch", "RNN", "--tree", tree),
        "notebook": lambda: python("tests", "RNN", "--tree", tree, PYTHONBREAKPOINT=verdicts.NOBODY),
    }[command]()
    assert f"models/naive/RNN.py:{line}, in forward" in said
    assert "A breakpoint needs a terminal where you can type: run `python -m tests NAME`" in " ".join(said.split())
