"""What takes too long on a student's computer is stopped and its line is named, and no debugger is disturbed."""

import io
import pdb
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from traceback import StackSummary

import pytest
import torch

from harness import limit
from harness.limit import Limit, OutOfTime
from tests.project.conftest import ROOT, environment, tree_with

SPINS = "while True:\n            pass"
CATCHES = (
    "while True:\n            try:\n                torch.zeros(1).item()\n            except:\n                pass"
)


IMPATIENT = """
import runpy, sys
from harness import limit
limit.SECONDS = limit.GRACE = 0.5
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"SECONDS": 0.2, "AT_MOST": 1.0, "GRACE": 0.2, "STUCK": 30.0, "LOOK": 0.02}.items():
        monkeypatch.setattr(limit, name, seconds)


def forbidden(stack: StackSummary) -> None:
    raise AssertionError("nothing had to be given up")


def call(function: Callable[[], object], give_up: Callable = forbidden) -> tuple[object, StackSummary | None]:
    watched = Limit(give_up, 2)
    return watched.call(function), watched.stack


def spin() -> None:
    while True:
        pass


def sleep() -> None:
    while True:
        time.sleep(0.01)


def catch_once() -> str:
    try:
        spin()
    except BaseException:
        return "a result all the same"
    return "never"


@pytest.mark.parametrize("function", [spin, sleep, catch_once])
def test_code_that_does_not_end_is_stopped_where_it_was(function):
    _, stack = call(function)
    assert stack
    assert any(frame.name in ("spin", "sleep") for frame in stack)


def test_waiting_does_not_count_as_computing():
    assert call(lambda: time.sleep(0.5) or "done") == ("done", None)


def test_an_error_is_raised_and_no_late_exception_follows():
    for _ in range(50):
        with pytest.raises(KeyError):
            call(lambda: {}["x"])
    time.sleep(0.3)


@pytest.mark.parametrize("function", [str, spin])
def test_no_thread_outlives_a_call(function):
    before = threading.active_count()
    call(function)
    assert threading.active_count() == before


def test_an_exception_that_comes_late_is_taken_back(monkeypatch):
    monkeypatch.setattr(limit, "SECONDS", 0.0)
    for wait in range(300):  # the end of the call and the exception meet at any place
        call(partial(sum, range(wait * 50)))
    assert sum(range(100_000)) == 4999950000


@pytest.mark.parametrize("stopped", [False, True])
def test_code_can_be_traced_after_a_call(monkeypatch, stopped):
    """Python 3.11 hangs in the first traced function where an exception was cancelled in C: no debugger could start."""
    monkeypatch.setattr(limit, "SECONDS", 0.0 if stopped else limit.SECONDS)
    assert bool(call(partial(time.sleep, 0.2))[1]) is stopped
    monkeypatch.undo()
    before, seen = sys.getprofile(), []
    sys.setprofile(lambda frame, event, _: seen.append(event))
    try:
        (lambda: None)()
    finally:
        sys.setprofile(before)
    assert "return" in seen


@pytest.mark.parametrize("loop", ["catches", "native"])
def test_what_cannot_be_stopped_is_given_up(loop):
    given_up: list[StackSummary] = []

    def catches() -> None:
        while not given_up:
            try:
                while not given_up:
                    time.sleep(0)
            except OutOfTime:
                pass

    def native() -> None:
        big = torch.ones(1500, 1500)
        while not given_up:
            torch.linalg.multi_dot([big] * 40)

    call({"catches": catches, "native": native}[loop], given_up.append)
    assert given_up[0][-1].name in (loop, "multi_dot")


def test_a_call_that_lets_no_thread_run_is_ended():
    script = (
        "import itertools; from harness import limit; limit.STUCK = 1\n"
        "limit.Limit(print, 2).call(lambda: sum(itertools.count()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Timeout (0:00:01)!")
    assert 'File "<string>", line 2 in <lambda>' in done.stderr


class Thinking(io.StringIO):
    """A user at the debugger, who takes longer than any limit."""

    def readline(self, *_: object) -> str:
        time.sleep(2 * limit.AT_MOST)
        return "continue\n"


def test_a_pause_in_the_debugger_is_not_ended():
    def function() -> str:
        pdb.Pdb(stdin=Thinking(), stdout=io.StringIO(), nosigint=True).set_trace()
        return "done"

    try:
        assert call(function) == ("done", None)
    finally:
        sys.settrace(None)


def test_code_is_not_ended_while_a_debugger_is_attached(monkeypatch):
    def function() -> str:
        until = time.process_time() + 0.5
        while time.process_time() < until:
            pass
        return "done"

    assert call(function)[1]
    monkeypatch.setitem(sys.modules, "pydevd", None)
    assert call(function) == ("done", None)


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("tests RNN", SPINS),
        ("tests RNN", CATCHES),
        ("pytest tests/models/naive/test_RNN.py", SPINS),
        ("pytest tests/models/naive/test_RNN.py", CATCHES),
        ("tests --stress RNN", SPINS),
    ],
)
def test_every_command_names_the_line(tmp_path, warm_python, command, lines):
    tree, line = tree_with(tmp_path, lines)
    done = subprocess.run(
        [warm_python, "-c", IMPATIENT, *command.split(), "--tree", tree], cwd=ROOT, env=environment(), check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200,
    )  # fmt: skip
    said = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert any(f"models/naive/RNN.py:{number}, in forward" in said for number in range(line, line + 5))
    assert "Your code ran out of time: is there a loop that does not end?" in said
    assert "Traceback" not in said
