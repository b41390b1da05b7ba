"""`python -m tests --watch` as a student has it: in a terminal of 80x24, through pipes, and while files are saved."""

import importlib.util
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.build import handout
from tests.autograder.conftest import ROOT

WAIT = 90.0  # seconds for anything to appear; a machine that tests itself is slow
RNN = "student/models/naive/RNN.py"
COMMAND = [sys.executable, "-m", "tests", "--watch"]


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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An unpacked handout of its own."""
    folder = tmp_path / "Übung 1"
    for name, content in handout.handout_files(ROOT).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def save(path: Path, text: str) -> None:
    """As careful editors do it: a file beside it, then a new name."""
    beside = path.with_name(path.name + "~")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        kept.pop(name, None)
    return kept | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | more


class Terminal:
    """A terminal with the watch in it. `pyte` turns what the watch writes into what one sees."""

    def __init__(self, home: Path, *arguments: str, size: tuple[int, int] = (80, 24), **more: str) -> None:
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
            [*COMMAND, *arguments], cwd=home, env=environment(**more), start_new_session=True,
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
            if all(each in self.text for each in words) and not (without and without in self.text):
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


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    if importlib.util.find_spec("termios") is None:
        pytest.skip("no terminals to pretend on this system")
    terminals: list[Terminal] = []

    def start(*arguments: str, **more: str) -> Terminal:
        terminals.append(Terminal(home, *arguments, **more))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.close()


def test_an_exercise_from_start_to_done(home, start):
    terminal = start("1")
    text = terminal.wait("1.1 RNN  not started  0/6 tests", f"{RNN}:28", "0/14 tests, 0 of 20 points")
    assert "q quit" in text.splitlines()[23]
    save(home / RNN, NEW_STATE)
    text = terminal.wait("wrong", "output at [0, 0]: expected -1.5954, got -2.3401; 100% of 32 values differ.")
    assert "In the case batch = several rows:" in text
    assert "test_rnn_takes_one_step" in text
    save(home / RNN, solution())
    text = terminal.wait("RNN 6/6 done. Well done!", "1.2 LSTM  not started  0/8 tests", "6/14 tests, 6 of 20 points")
    assert "\n[####" in text
    terminal.press("p")
    terminal.wait("1.1 RNN  done  6/6 tests")
    terminal.press("q")
    terminal.end(1)
