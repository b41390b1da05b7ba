"""`python -m tests --watch` as a student has it: in a terminal of 80x24, through pipes, and while files are saved."""

import io
import os
import re
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import psutil
import pytest
from rich.console import Console

from autograder.prepare import handout
from harness.contract import Assignment
from harness.graded import GradedTest
from harness.judge import Kind, Verdict
from harness.marks import Tolerance
from harness.progress.view import show
from harness.watch import keys
from harness.watch.board import Board
from harness.watch.keys import END, STOP, decode
from harness.watch.loop import Watch
from harness.watch.screen import Lines, draw
from harness.watch.seen_files import SeenFiles
from tests.project.conftest import ROOT

WAIT = 90.0  # seconds for anything to appear; a machine that tests itself is slow
RNN = "student/models/naive/RNN.py"
COMMAND = [sys.executable, "-m", "tests", "--watch"]
# `python -m tests --watch`, but with another program in place of sys.executable, which it starts to run tests.
WITH_PYTHON = """
import runpy, sys
sys.argv.pop(0)
sys.executable = sys.argv[0]
runpy.run_module("tests", run_name="__main__", alter_sys=True)
"""


def solution(name: str = RNN) -> str:
    return (ROOT / name.replace("student", "solution", 1)).read_text(encoding="utf-8")


NEW_STATE = solution().replace(
    "self.output_layer(combined)", "self.output_layer(torch.cat((input, new_hidden), dim=1))"
)
ENDLESS = solution().replace("        combined =", "        while True:\n            pass\n        combined =")
CRASH = solution().replace(
    "        combined =",
    "        import numpy\n"
    "        numpy.lib.stride_tricks.as_strided(numpy.zeros(1), (1 << 50,)).sum()\n"
    "        combined =",
)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The handout's."""
    return handout.handout_files(ROOT)


@pytest.fixture
def home(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """An unpacked handout of its own."""
    folder = tmp_path / "Übung 1"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def save(path: Path, text: str) -> None:
    """As careful editors do it: a file beside it, then a new name."""
    beside = path.with_name(path.name + "~")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


class Reader:
    """What comes out of a pipe, word for word."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.data = b""
        self._read = lambda: os.read(pipe.fileno(), 65536)
        self._seen = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while data := self._read():
            self.data += data

    def wait(self, words: str) -> None:
        """Wait until these words come after those of the last call."""
        wait_until(lambda: words.encode() in self.data[self._seen :])
        self._seen = self.data.index(words.encode(), self._seen)


def environment(**more: str) -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        variables.pop(name, None)
    return variables | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | more


class Terminal:
    """A terminal with the watch in it. `pyte` turns what the watch writes into what one sees."""

    def __init__(
        self, command: list[str], home: Path, *arguments: str, size: tuple[int, int] = (80, 24), **more: str
    ) -> None:
        import fcntl
        import pty
        import termios

        import pyte

        self._resize = lambda columns, lines: fcntl.ioctl(
            self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0)
        )
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.master, self.slave = pty.openpty()  # the other end stays open here, to be asked when the watch has ended
        self._resize(*size)
        self.before = termios.tcgetattr(self.slave)
        self.modes = lambda: termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [*command, *arguments], cwd=home, env=environment(**more), process_group=0,
            stdin=self.slave, stdout=self.slave, stderr=self.slave,
        )  # fmt: skip

    def resize(self, columns: int, lines: int) -> None:
        self.screen.resize(lines, columns)
        self._resize(columns, lines)

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read(self) -> None:
        while select.select([self.master], [], [], 0.02)[0]:
            data = os.read(self.master, 65536)
            self.raw += data
            self._stream.feed(data)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait(self, *words: str, without: str = "Running the tests") -> str:
        """Wait until all the words stand on the screen and those of `without` do not."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            self.read()
            if all(phrase in self.text for phrase in words) and not (without and without in self.text):
                return self.text
        raise AssertionError(f"{words} never appeared:\n{self.text}")

    def end(self, status: int) -> None:
        """Wait for the end; demand its status, and a terminal as it was before."""
        deadline = time.monotonic() + WAIT
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read()
        self.read()
        assert self.process.poll() == status, self.text
        assert self.modes() == self.before
        assert self.raw.count(b"\x1b[?1049h") == self.raw.count(b"\x1b[?1049l") > 0, "the normal screen is back"
        assert self.raw.rfind(b"\x1b[?25h") > self.raw.rfind(b"\x1b[?25l"), "the cursor is back"

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(WAIT)
        os.close(self.master)
        os.close(self.slave)


Start = Callable[..., Terminal]


@pytest.fixture(scope="session")
def command(warm_python: str) -> list[str]:
    """The watch in a process of its own, which runs tests by a Python that has imported torch."""
    return [sys.executable, "-c", WITH_PYTHON, warm_python, "--watch"]


@pytest.fixture
def start(home: Path, command: list[str]) -> Iterator[Start]:
    terminals: list[Terminal] = []

    def start(*arguments: str, **more: str) -> Terminal:
        terminals.append(Terminal(command, home, *arguments, **more))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def test_an_exercise_from_start_to_done(home, start):
    terminal = start("1")
    text = terminal.wait("1.1 RNN  not started  0/6 tests", f"{RNN}:28", "0/14 tests, 0 of 20 points")
    assert "q quit" in text.splitlines()[23]
    save(home / RNN, NEW_STATE)
    text = terminal.wait("wrong", "output at [0, 0]: expected -2.0476, got -1.3869; 100% of 12 values differ.")
    assert "In the case batch = several rows:" in text
    assert "test_rnn_takes_one_step" in text
    save(home / RNN, solution())
    text = terminal.wait("RNN 6/6 done. Well done!", "1.2 LSTM  not started  0/8 tests", "6/14 tests, 6 of 20 points")
    assert "\n[####" in text
    terminal.press("p")
    terminal.wait("1.1 RNN  done  6/6 tests")
    terminal.press("\x1b[B")  # the arrow down
    terminal.wait("1.2 LSTM  not started  0/8 tests")
    terminal.press("l")
    text = terminal.wait("> 1.2 LSTM", "l back")
    assert "  1.1 RNN                         6/6    6/6 done        naive/RNN.py:28" in text
    terminal.press("n\n")
    terminal.wait("1.1 RNN  done", "l list")
    terminal.press("q")
    terminal.end(1)
    assert "RNN 6/6 done, next: LSTM (student/models/naive/LSTM.py:32)" in terminal.text


def test_what_goes_wrong_is_said_and_the_watch_goes_on(home, start):
    limit = home / "harness" / "limit.py"
    patient = limit.read_text(encoding="utf-8")
    impatient = patient.replace("\nSECONDS = 5.0 ", "\nSECONDS = 1.0 ")
    assert impatient != patient
    limit.write_text(impatient, encoding="utf-8")
    terminal = start("RNN")
    terminal.wait("not started")
    save(home / RNN, ENDLESS)
    line = ENDLESS[: ENDLESS.index("while True")].count("\n") + 1
    text = terminal.wait("Your code ran out of time: is there a loop that does not end?")
    assert "Test: test_rnn_takes_one_step" in text
    assert f"{RNN}:{line}\n" in text or f"{RNN}:{line + 1}\n" in text, "the line that runs is named"
    save(home / RNN, CRASH)
    line = CRASH[: CRASH.index("numpy.lib")].count("\n") + 1
    assert f"\n{RNN}:{line}\n" in terminal.wait("Your code's process was killed by signal 11")
    save(home / RNN, solution().replace("        combined =", "        raise SystemExit\n        combined ="))
    terminal.wait("SystemExit")
    (home / RNN).write_text("def f(:\n", encoding="utf-8")
    terminal.wait("Python cannot read `def f(:`", f"\n{RNN}:1\n")
    (home / RNN).unlink()
    terminal.wait("this file is missing")
    (home / RNN).write_text(solution(), encoding="utf-8")
    terminal.wait("RNN 6/6 done. Well done!", "All of this is done.")
    terminal.press("q")
    terminal.end(0)


def test_a_run_of_old_code_is_given_up(home, start):
    terminal = start("RNN")
    terminal.wait("not started")
    save(home / RNN, ENDLESS)
    terminal.wait("Running the tests", without="")
    time.sleep(1)
    save(home / RNN, solution())
    terminal.wait("RNN 6/6 done. Well done!")
    assert b"ran out of time" not in terminal.raw


def test_a_saved_test_is_run(home, start):
    (home / RNN).write_text(solution(), encoding="utf-8")
    terminal = start("RNN")
    terminal.wait("RNN  done  6/6 tests")
    tests = home / "tests/models/naive/test_RNN.py"
    before = tests.read_text(encoding="utf-8")
    after = before.replace('show("hidden", hidden)', 'show("hidden", hidden * 2)')
    assert after != before
    tests.write_text(after, encoding="utf-8")
    terminal.wait("RNN  wrong")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_terminal_is_put_in_order_however_it_ends(start, number, status):
    terminal = start("RNN", NO_COLOR="1")
    terminal.wait("not started")
    assert terminal.modes() != terminal.before
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]m", terminal.raw), "no colour is asked for"
    children = psutil.Process(terminal.process.pid).children()
    terminal.process.send_signal(number)
    terminal.end(status)
    psutil.wait_procs(children, WAIT)
    assert not any(child.is_running() for child in children)


def test_control_z_stops_and_the_shell_continues(start):
    terminal = start("RNN")
    terminal.wait("not started")
    watch = psutil.Process(terminal.process.pid)
    terminal.press("\x1a")
    wait_until(lambda: watch.status() == psutil.STATUS_STOPPED)
    assert terminal.modes() == terminal.before
    terminal.screen.reset()
    watch.send_signal(signal.SIGCONT)
    terminal.wait("1.1 RNN  not started")
    terminal.press("q")
    terminal.end(1)


def test_the_window_may_change(start):
    terminal = start("1")
    terminal.wait("not started")
    terminal.resize(40, 12)
    assert "n   p   l   r   q" in terminal.wait("... all of it: python -m tests 1.1")
    terminal.resize(100, 30)
    assert "q quit" in terminal.wait("1.1 RNN", "q quit").splitlines()[29]


@pytest.mark.parametrize("terminal", ["pipe", "dumb"])
def test_plain_lines_without_a_terminal(home, command, terminal):
    """A line for what has changed; the end of the input ends the watch."""
    with subprocess.Popen(
        [*command, "1"], cwd=home, env=environment(TERM="dumb" if terminal == "dumb" else "xterm"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        reader = Reader(process.stdout)
        reader.wait("Running the tests ... Then: n, p, h, l, r, q and Enter.")
        reader.wait("1.2 LSTM                        0/8   0/14 not started naive/LSTM.py:32")
        reader.wait("Its first test")
        save(home / RNN, NEW_STATE)
        reader.wait("Running the tests ...")
        line = NEW_STATE[: NEW_STATE.index("def forward")].count("\n") + 1
        reader.wait(f"1.1 RNN                         1/6    1/6 wrong       naive/RNN.py:{line}")
        reader.wait("output at [0, 0]: expected -2.0476, got -1.3869")
        save(home / RNN, solution())
        reader.wait("RNN 6/6 done. Well done!")
        process.stdin.write(b"list\n")
        process.stdin.flush()
        reader.wait("> 1.2 LSTM")
        process.stdin.close()
        assert process.wait(WAIT) == 1
    assert b"\x1b" not in reader.data
    assert reader.data.count(b"1.2 LSTM                        0/8") == 2, "what did not run is said in the list alone"


def test_the_end_of_input_waits_for_the_first_run(home, command):
    (home / RNN).write_text(solution(), encoding="utf-8")
    result = subprocess.run(
        [*command, "RNN"], cwd=home, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert b"RNN                         6/6    6/6 done" in result.stdout
    assert (result.returncode, result.stderr) == (0, b"")


def test_a_python_without_torch_is_said(home, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('torch is broken here')")
    result = subprocess.run(
        COMMAND, cwd=home, env=environment(PYTHONPATH=str(tmp_path)), stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 1
    assert "torch is broken here" in result.stderr
    assert result.stderr.endswith("The tests cannot be started. What is missing: python check_setup.py\n")


def test_the_readme_shows_the_watch(home, start):
    """The capture of the handout's README is what a terminal of that height shows."""
    readme = (home / "README.md").read_text(encoding="utf-8")
    capture = next(block for block in readme.split("```") if "q quit" in block).strip("\n")
    terminal = start(size=(80, capture.count("\n") + 1))
    terminal.wait("not started")
    save(home / RNN, NEW_STATE)
    assert terminal.wait("-1.3869") == capture


# Without a process.


@pytest.fixture
def board() -> Board:
    """Nothing has run; every deliverable has two tests, the second an integration test where others are needed."""
    assignment = Assignment.load(ROOT / "student" / "assignment.json")
    board = Board(assignment, assignment.deliverables, ROOT / "student")
    plain = {"weight": 1.0, "tolerance": Tolerance(), "steered_by": (), "visibility": None, "tags": (), "cases": ()}
    board.set_tests(
        GradedTest(
            deliverable.tests, name, "What is checked.", "1",
            integration=name == "test_b" and bool(deliverable.needs), **plain,
        )
        for deliverable in assignment.deliverables
        for name in ("test_a", "test_b")
    )  # fmt: skip
    board.running = False
    return board


def give(board: Board, kind: Kind, message: str = "", hint: str = "", module: str = "models/naive/test_RNN.py") -> None:
    before = board.states
    board.record(module, {key: Verdict(kind, message, hint) for key in board.standings[module].tests})
    board.finish_run(before, [module])


def shown(board: Board, width: int = 80, height: int = 24) -> str:
    return "\n".join(line.plain for line in draw(board, width, height))


def view_of(board: Board) -> str:
    """What `python -m tests` prints."""
    console = Console(width=80, record=True, file=io.StringIO())
    show(board.view, console)
    return console.export_text()


def test_a_refused_file_is_told_without_a_test(board):
    """None has run."""
    give(board, Kind.REFUSED, "models/naive/RNN.py:5: sys may not be imported.")
    for text in (view_of(board), shown(board)):
        assert "sys may not be imported." in text
        assert "test_a" not in text
    assert "Wrong first: 1.1 RNN\n" in view_of(board)


def test_what_a_long_line_goes_on_with_stands_below_its_beginning(board):
    give(board, Kind.FAULT, "models/naive/RNN.py:5, in forward\n  ValueError: " + "word " * 20)
    for text in (view_of(board), shown(board)):
        assert "\n    ValueError: word" in text
        assert "\n    word" in text


def test_the_line_that_a_failing_check_names_is_the_one_everywhere(board):
    give(board, Kind.FAULT, "models/naive/RNN.py:5, in forward\nValueError: no")
    assert board.place.endswith("models/naive/RNN.py:5")
    assert board.view.line(board.current).plain.endswith("naive/RNN.py:5")
    assert board.view.next.endswith("models/naive/RNN.py:5)")


def test_all_that_is_wrong_is_told_the_most_telling_first(board):
    module = "models/naive/test_RNN.py"
    differs, shape = Verdict(Kind.VALUES, "a: expected 1, got 2."), Verdict(Kind.SHAPE, "In the case N = 1:\nb: shape.")
    board.record(module, {f"{module}::test_a": differs, f"{module}::test_b": shape})
    text = shown(board)
    assert text.index("b: shape.") < text.index("Also wrong:\n    1 a: expected 1, got 2.")
    assert "Not run" not in text
    printed = view_of(board)
    assert printed.index("b: shape.") < printed.index("Also wrong:\n    1 a: expected 1, got 2.")
    board.record(module, {f"{module}::test_b": shape})
    assert "  Not run: 1 more." in shown(board)


def test_the_hint_is_shown_when_asked_for(board):
    give(board, Kind.VALUES, "a: expected 1, got 2.", hint="Which hidden state do you read?")
    assert "Hint" not in shown(board)
    assert "h hint" in shown(board)
    board.press("h")
    assert "  Hint: Which hidden state do you read?" in shown(board)
    assert "h hide hint" in shown(board)
    give(board, Kind.VALUES, "a: expected 1, got 3.", hint="Which hidden state do you read?")
    assert "Hint" in shown(board), "it is the same one"
    give(board, Kind.VALUES, "a: expected 1, got 4.", hint="And the bias?")
    assert "Hint" not in shown(board), "nobody has asked for this one"
    board.press("n")
    assert "h hint" not in shown(board), "there is none for the next one"
    board.press("p")
    assert "Hint" not in shown(board)


@pytest.mark.parametrize("size", [(80, 24), (60, 16), (40, 10), (20, 7), (200, 60), (30, 3)])
@pytest.mark.parametrize("listing", [False, True])
def test_it_fits(board, size, listing):
    give(board, Kind.FAULT, "a very long sentence " * 60)
    board.listing = listing
    lines = shown(board, *size).splitlines()
    assert len(lines) <= size[1]
    if size[0] >= 80:
        assert max(map(len, lines)) <= size[0]
    if size[1] > 8:
        assert lines[-1].split()[-1] == ("quit" if size[0] >= 60 else "q")
        assert "> 1.1 RNN" in shown(board, *size) or not listing


def test_what_does_not_fit_is_said(board):
    give(board, Kind.FAULT, "a very long sentence " * 100)
    assert "... all of it: python -m tests 1.1" in shown(board)


@pytest.mark.parametrize(
    ("maker", "summary", "line"),
    [
        ("models/naive/LSTM.py:LSTM.forward", "One step.", "    def forward("),
        ("models/naive/LSTM.py:LSTM.__init__", "The constructor creates W_ik.", "    def __init__("),
        ("models/naive/LSTM.py:LSTM.__init__", "init_parameters draws weights.", "    def init_parameters("),
        ("models/naive/LSTM.py:LSTM.helper", "One step.", "        # TODO(naive.LSTM): create"),
        ("models/naive/RNN.py:VanillaRNN.forward", "One step.", "        # TODO(naive.LSTM): create"),
        ("", "One step.", "        # TODO(naive.LSTM): create"),
    ],
)
def test_wrong_values_are_where_the_function_is_that_made_them(board, maker, summary, line):
    module = "models/naive/test_LSTM.py"
    standing = board.standings[module]
    standing.tests = {key: replace(test, summary=summary) for key, test in standing.tests.items()}
    board.record(module, {key: Verdict(Kind.VALUES, "a differs.", maker=maker) for key in standing.tests})
    file, _, number = board.view.place(standing).partition(":")
    text = (ROOT / "student" / file).read_text(encoding="utf-8").splitlines()[int(number) - 1]
    assert text.startswith(line)


LEFT = "Not implemented yet: naive.RNN (models/naive/RNN.py:42, in forward)."


def left(board: Board, number: int, todo: str, message: str = LEFT, name: str = "test_b") -> None:
    """A `raise NotImplementedError` has stopped one test of a deliverable; the other one passes."""
    module = board.chosen[number].tests
    verdicts = dict.fromkeys(board.standings[module].tests, Verdict(Kind.PASSED))
    board.record(module, verdicts | {f"{module}::{name}": Verdict(Kind.NOT_STARTED, message, todo=todo)})


@pytest.mark.parametrize("todo", ["naive.RNN", "models/naive/RNN.py:42, in forward"])
def test_a_raise_that_is_left_is_where_one_begins(board, todo):
    """Neither the constructor's line nor the next exercise; a passing test does not make it wait for another."""
    left(board, 0, todo)
    assert board.standings["models/naive/test_RNN.py"].state == "unfinished"
    assert board.current.deliverable.title == "RNN"
    assert board.place.endswith("models/naive/RNN.py:42")
    assert board.view.next.startswith("Next: finish RNN (")
    assert "models/naive/RNN.py:42 still raises NotImplementedError: 1 test stops there." in shown(board)
    assert "Costs 3 points." in shown(board)


def test_what_a_raise_costs_others_counts_too(board):
    """Seq2Seq's second test stops in the encoder: it waits, and the encoder's line has both prices."""
    message = "Not implemented yet: seq2seq.Encoder (models/seq2seq/Encoder.py:58, in forward)."
    left(board, 2, "seq2seq.Encoder", message)
    left(board, 5, "seq2seq.Encoder", message)
    encoder, seq2seq = (board.standings[board.chosen[number].tests] for number in (2, 5))
    assert (encoder.state, seq2seq.state) == ("unfinished", "waits")
    assert board.view.left(encoder) == [
        "models/seq2seq/Encoder.py:58 still raises NotImplementedError: 2 tests stop there. Costs 9 points."
    ]
    assert board.view.left(seq2seq) == []


def test_a_path_is_whole_in_the_list_or_its_folder_stands_above_it(board):
    lines = [board.view.line(standing).plain for standing in board.view.standings]
    assert all(len("> " + line) <= 80 for line in lines)
    for standing, line in zip(board.view.standings, lines, strict=True):
        folder = board.view.heading(standing).removeprefix(board.view.part(standing)).strip()
        assert f"models/{folder}{line.split()[-1]}" == board.view.place(standing)
    headings = [board.view.heading(standing).split() for standing in board.view.standings]
    assert ["Language", "models", "language_model/"] in headings


def test_the_list_says_how_many_lines_do_not_fit(board):
    board.listing = True
    hidden = len(board.chosen) + len(board.assignment.parts) - 16
    assert f"\n  ... {hidden} more below: n and p move there\n" in shown(board)
    board.focus = board.chosen[8].tests
    assert f"\n  ... 3 more above and {hidden - 3} more below: n and p move there\n" in shown(board)
    board.focus = board.chosen[-1].tests
    assert f"\n  ... {hidden} more above: n and p move there\n" in shown(board)
    assert " more " not in shown(board, height=60)


def test_only_what_a_file_touches_is_run(board):
    assert board.affected_by({"models/naive/RNN.py"}) == ["models/naive/test_RNN.py"]
    assert board.affected_by({"models/seq2seq/Encoder.py"}) == [
        "models/seq2seq/test_Encoder.py", "models/seq2seq/test_Seq2Seq.py::test_b"
    ]  # fmt: skip
    board.focus = "models/seq2seq/test_Decoder.py"
    assert board.affected_by({"models/seq2seq/Decoder.py"})[0] == board.focus, "what is looked at comes first"


def test_a_test_of_several_pieces_names_the_one_that_fails_and_forgets_it_again(board):
    encoder, seq2seq = "models/seq2seq/test_Encoder.py", "models/seq2seq/test_Seq2Seq.py"
    give(board, Kind.VALUES, "a differs.", module=encoder)
    test_a, test_b = f"{seq2seq}::test_a", f"{seq2seq}::test_b"
    board.record(seq2seq, {test_a: Verdict(Kind.PASSED), test_b: Verdict(Kind.VALUES, "b differs.")})
    assert board.standings[seq2seq].verdicts[test_b].message.startswith("This test uses your Encoder (2.1)")
    board.record(test_b, {test_b: Verdict(Kind.VALUES, "c differs.")})
    assert board.standings[seq2seq].verdicts[test_b].message.count("This test uses") == 1
    assert board.standings[seq2seq].verdicts[test_a].passed, "it has not run again"
    give(board, Kind.PASSED, module=encoder)
    assert board.standings[seq2seq].verdicts[test_b].message == "c differs."


def test_a_test_that_was_not_reached_has_no_old_verdict(board):
    give(board, Kind.PASSED)
    module = "models/naive/test_RNN.py"
    board.record(module, {f"{module}::test_a": Verdict(Kind.FAULT, "stopped")})
    assert board.standings[module].state == "wrong"
    assert len(board.standings[module].verdicts) == 1


def test_saving_a_file_turns_to_it(board):
    give(board, Kind.NOT_STARTED)
    assert board.current.deliverable.title == "RNN"
    board.focus_on({"models/Transformer.py"})
    assert board.current.deliverable.number == "3.1"
    board.press("n")
    board.focus_on({"models/Transformer.py"})
    assert board.current.deliverable.number == "3.2", "it is one of the file's already"


def test_what_a_save_has_broken_is_shown(board):
    modules = [deliverable.tests for deliverable in board.assignment.by_file("models/Transformer.py")]
    for module in modules:
        give(board, Kind.PASSED, module=module)
    board.focus = modules[0]
    before = board.states
    for module in modules[2:4]:
        board.record(module, {f"{module}::test_a": Verdict(Kind.VALUES, "a differs.")})
    board.finish_run(before, modules)
    assert board.current.deliverable.number == "3.3"


def test_nothing_is_praised_when_it_was_done_before(board):
    give(board, Kind.PASSED)
    give(board, Kind.PASSED)
    assert board.finished == ""


class Script:
    """Stands in for the process that runs tests: it says what the test has it say."""

    def __init__(self, *arguments: object) -> None:
        plain = {"weight": 1.0, "tolerance": Tolerance(), "steered_by": (), "visibility": None, "tags": (), "cases": ()}
        test = GradedTest("models/naive/test_RNN.py", "test_a", "What is checked.", "1", integration=False, **plain)
        self.messages: list[dict[str, object]] = [{"tests": [test.to_json()], "damaged": []}]

    def receive(self, seconds: float) -> dict[str, object] | None:
        return self.messages.pop(0) if self.messages else None

    def run(self, chosen: object) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_run_that_reads_a_save_before_it_is_noticed_loses_no_praise(home, monkeypatch):
    monkeypatch.setattr("harness.watch.loop.Spare", Script)
    assignment = Assignment.load(home / "student" / "assignment.json")
    board = Board(assignment, assignment.deliverables[:1], home / "student")
    watch = Watch(board, Lines(Console(quiet=True)), keys.Lines())
    watch.display.open()

    def steps_until(condition: Callable[[], bool]) -> None:
        wait_until(lambda: watch.step() or condition())

    def run_ends(kind: Kind) -> None:
        steps_until(lambda: bool(watch.run_now))
        verdict = {"kind": kind.value, "message": ""}
        watch.spare.messages = [{"end": True, "verdicts": {"models/naive/test_RNN.py::test_a": verdict}}]

    run_ends(Kind.NOT_STARTED)
    steps_until(lambda: not watch.busy)
    save(home / RNN, ENDLESS)
    run_ends(Kind.PASSED)
    save(home / RNN, solution())  # this is what the run has read
    watch.step()
    run_ends(Kind.PASSED)
    steps_until(lambda: not watch.busy)
    assert board.finished == "RNN 1/1 done. Well done!"


def test_arrows_that_arrive_in_pieces():
    assert decode("\x1b[Bn\x1bOA") == (["n", "n", "p"], "")
    assert decode("q\x1b") == (["q"], "\x1b")
    assert decode("\x1b[") == ([], "\x1b[")
    assert decode("\x1bL\x04\x1a") == (["l", END, STOP], "")


def test_a_save_in_several_steps_is_one(tmp_path, monkeypatch):
    """Emptied, half written, whole; renamed; removed for a moment."""
    clock = [0.0]
    monkeypatch.setattr("harness.watch.seen_files.time.monotonic", lambda: clock[0])
    path = tmp_path / "RNN.py"
    path.write_text("old")
    seen_files = SeenFiles([path])

    def polls(seconds: float) -> int:
        changes = 0
        for _ in range(round(seconds / 0.05)):
            clock[0] += 0.05
            changes += len(seen_files.poll())
        return changes

    assert polls(1) == 0
    path.write_text("")
    assert polls(0.5) == 0, "an empty file is on its way"
    path.write_text("half")
    assert polls(0.05) == 0
    path.write_text("half and whole")
    assert polls(1) == 1
    beside = tmp_path / "beside"
    beside.write_text("another")
    path.unlink()
    assert polls(0.5) == 0, "a file that is gone comes back"
    beside.replace(path)
    assert polls(1) == 1
    path.unlink()
    assert polls(2) == 1, "it stays away"
