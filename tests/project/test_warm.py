"""The warm Python does what a usual one does."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = {
    "streams": "import sys; print(sys.argv, input()); print('ö', file=sys.stderr)",
    "exit status": "import sys; sys.exit(3)",
    "negative exit status": "import sys; sys.exit(-1)",
    "exit with a sentence": "import sys; sys.exit('Stopped: no data')",
    "exit with an object": "import sys; sys.exit([1, 2])",
    "exception": "def f():\n    raise KeyError('x')\nf()",
    "signal": "import os; print('before', flush=True); os.kill(os.getpid(), 11)",
    "what is registered for the end": "import atexit; atexit.register(print, 'at the end')",
    "a thread that is still running": "import threading, time; threading.Timer(0.2, print, ['late']).start()",
    "a pickled function": "import pickle\ndef f(): pass\nprint(pickle.loads(pickle.dumps(f)) is f)",
    "environment and folder": "import os; print(os.environ['ANY'], os.getcwd(), os.environ.get('PYTEST_CURRENT_TEST'))",
}


def done(python: str, program: str, folder: Path) -> tuple[int, str, str]:
    ran = subprocess.run(
        [python, "-c", program, "one", "two words"], cwd=folder, env={"ANY": "thing", "LANG": "C.UTF-8"}, check=False,
        input="typed\n", capture_output=True, encoding="utf-8", timeout=100,
    )  # fmt: skip
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same(name: str, warm_python: str, tmp_path: Path) -> None:
    program = PROGRAMS[name]
    assert done(warm_python, program, tmp_path) == done(sys.executable, program, tmp_path)


def test_a_module_and_a_file_run(warm_python: str, tmp_path: Path) -> None:
    (tmp_path / "here.py").write_text("import sys; print(__name__, sys.argv[1:])", encoding="utf-8")
    for program in (["-m", "here"], [str(tmp_path / "here.py")]):
        said = subprocess.run([warm_python, *program, "x"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert said.stdout == "__main__ ['x']\n"


def test_the_program_ends_with_whoever_has_started_it(warm_python: str) -> None:
    """By a signal that it can take, and by one that it cannot."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        program = "import os, time; print(os.getpid(), flush=True); time.sleep(100)"
        with subprocess.Popen([warm_python, "-c", program], stdout=subprocess.PIPE, text=True) as started:
            assert started.stdout
            pid = int(started.stdout.readline())
            started.send_signal(number)
            assert started.stdout.read() == ""  # the program held the other end
            assert started.wait(100) == -number
        assert not Path(f"/proc/{pid}/exe").exists()


def test_torch_is_there_already(warm_python: str, tmp_path: Path) -> None:
    assert done(warm_python, "import sys; print('torch' in sys.modules, 'harness' in sys.modules)", tmp_path)[1] == (
        "True False\n"
    )
