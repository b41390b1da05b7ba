"""The handout as on a student's computer: no POSIX-only module, an odd folder name, no default encoding relied on."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autograder.prepare import handout
from tests.project.conftest import POINTS, ROOT
from tests.project.warm import Warm

FOLDER = "[2026] Abgabe für Übung 1, 50 % #2" + ("" if sys.platform == "win32" else " a::b[1]")
FOREIGN = ("matplotlib", "spacy", "torchtext", "transformers")

# Python runs this first. What it hides is not there on Windows; what it forbids depends on the computer's language.
SITECUSTOMIZE = """
import os, sys, warnings

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name in ("resource", "termios", "fcntl", "pwd", "grp"):
            raise ModuleNotFoundError(f"No module named {name!r} on Windows", name=name)

sys.meta_path.insert(0, Hidden())
for name in ("resource", "termios", "fcntl", "pwd", "grp"):
    sys.modules.pop(name, None)
for name in ("fork", "forkpty", "getuid", "geteuid", "setsid", "killpg", "mkfifo", "getpgid", "wait3", "waitid"):
    delattr(os, name)
warnings.filterwarnings("ignore", category=EncodingWarning)  # other people's packages
ours = r"__main__$|harness\\b|tests\\b|collect_submission|check_setup"
warnings.filterwarnings("error", category=EncodingWarning, module=ours)
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home") / FOLDER
    for name, content in handout.handout_files(ROOT).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """As nearly that of Windows as this machine can."""
    folder = tmp_path_factory.mktemp("startup")
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    return variables | {
        "PYTHONPATH": str(folder),
        "PYTHONWARNDEFAULTENCODING": "1",
        "PYTHONIOENCODING": "cp1252",  # what a Windows console in Germany takes
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def runs(program: str, folder: Path, environment: dict[str, str]) -> Run:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [program, *arguments],
            cwd=folder, env=environment, encoding="cp1252", check=False,
            stdin=subprocess.DEVNULL, capture_output=True,
        )  # fmt: skip

    return run


@pytest.fixture(scope="module")
def cold_python(unpacked: Path, environment: dict[str, str]) -> Run:
    """Run Python in the unpacked handout."""
    return runs(sys.executable, unpacked, environment)


@pytest.fixture(scope="module")
def python(unpacked: Path, environment: dict[str, str]) -> Iterator[Run]:
    """The same by a Python that imported torch before anything was hidden."""
    warm = Warm({name: value for name, value in environment.items() if name != "PYTHONPATH"}, SITECUSTOMIZE)
    yield runs(warm.command, unpacked, environment)
    warm.close()


@pytest.fixture(scope="module")
def view(cold_python: Run) -> "subprocess.CompletedProcess[str]":
    """`python -m tests` of all that was handed out."""
    return cold_python("-m", "tests")


@pytest.mark.parametrize("kind", ["cold_python", "python"])
def test_hiding_works(kind, request):
    python = request.getfixturevalue(kind)
    assert python("-c", "import os, fcntl").returncode == 1
    assert python("-c", "import os; os.fork").returncode == 1
    assert "EncodingWarning" in python("-c", "open('README.md').close()").stderr


def test_the_view_runs(view):
    assert view.returncode == 1, view.stderr
    assert view.stderr == ""
    assert f"0 of {POINTS} points with the published inputs" in view.stdout
    assert "Next: RNN (student/models/naive/RNN.py:" in view.stdout
    assert all(len(line) <= 80 for line in view.stdout.splitlines())


def test_pytest_runs(python):
    # platformdirs comes with Jupyter and brings a plugin; it takes this machine for what it is, and misses os.getuid.
    result = python("-m", "pytest", "tests/models", "-q", "-p", "no:cacheprovider", "-p", "no:platformdirs")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "Not started: RNN (models/naive/RNN.py:" in result.stdout
    assert " passed" not in result.stdout.splitlines()[-1]
    assert "Traceback" not in result.stdout
    assert "INTERNALERROR" not in result.stdout


def test_a_test_file_that_is_missing_is_said_and_the_others_run(unpacked, python):
    tests = unpacked / "tests" / "models" / "naive" / "test_RNN.py"
    moved_tests = tests.rename(tests.with_name("away"))
    try:
        shown, watched = python("-m", "tests", "RNN", "LSTM"), python("-m", "tests", "--watch", "RNN")
    finally:
        moved_tests.rename(tests)
    assert "1.2 LSTM                        0/8" in shown.stdout
    assert shown.stderr == "tests/models/naive/test_RNN.py is missing. Take it from the handout again.\n"
    assert "tests/models/naive/test_RNN.py is missing." in watched.stdout


def test_the_packager_runs(python, tmp_path):
    result = python("collect_submission.py", "--check")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "NOTHING IS STARTED" in result.stdout
    result = python("collect_submission.py", "--id", "ab12", "--out", str(tmp_path / FOLDER))
    assert result.returncode == 0, result.stdout + result.stderr
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["sequence-models_ab12.zip"]


def test_the_check_of_the_setup_runs(python):
    result = python("check_setup.py")
    assert "Traceback" not in result.stderr, result.stderr
    assert "Python" in result.stdout


def test_a_solved_deliverable_is_seen(unpacked, python):
    """Solve the LSTM with Windows line ends, as an editor there saves it."""
    target = unpacked / "student" / "models" / "naive" / "LSTM.py"
    skeleton = target.read_bytes()
    target.write_bytes((ROOT / "solution" / "models" / "naive" / "LSTM.py").read_bytes().replace(b"\n", b"\r\n"))
    try:
        result = python("-m", "tests", "RNN", "LSTM")
    finally:
        target.write_bytes(skeleton)
    assert result.returncode == 1, result.stderr
    assert "done" in next(line for line in result.stdout.splitlines() if line.startswith("1.2 LSTM"))
    assert "14 of 20 points" in result.stdout


CONSTRUCTOR = """
        for gate in "ifgo":
            setattr(self, f"W_i{gate}", nn.Parameter(torch.empty(input_size, hidden_size)))
            setattr(self, f"b_i{gate}", nn.Parameter(torch.empty(hidden_size)))
            setattr(self, f"W_h{gate}", nn.Parameter(torch.empty(hidden_size, hidden_size)))
            setattr(self, f"b_h{gate}", nn.Parameter(torch.empty(hidden_size)))
        self.init_parameters()
"""


def test_what_is_left_to_write_is_said_by_everything_with_its_line_and_its_price(unpacked, python):
    """An LSTM with a constructor alone: its two other functions still raise, as handed out."""
    target = unpacked / "student" / "models" / "naive" / "LSTM.py"
    skeleton = target.read_bytes()
    text = skeleton.decode().replace("        self.init_parameters()\n", CONSTRUCTOR, 1)
    target.write_text(text, encoding="utf-8")
    first, second = (n for n, line in enumerate(text.splitlines(), 1) if "raise NotImplementedError" in line)
    try:
        viewed, watched = python("-m", "tests", "1"), python("-m", "tests", "--watch", "1")
        packed = python("collect_submission.py", "--check")
    finally:
        target.write_bytes(skeleton)
    price = f"models/naive/LSTM.py:{first} still raises NotImplementedError: 8 tests stop there. Costs 14 points."
    for output in (viewed.stdout, watched.stdout):
        assert f"1.2 LSTM                        0/8   0/14 unfinished  naive/LSTM.py:{first}\n" in output
        assert price in " ".join(output.split())
        assert f"Next: finish LSTM (student/models/naive/LSTM.py:{first})" in output, (
            "and not the RNN, which comes before"
        )
    assert (
        "1.2 LSTM is unfinished: NotImplementedError is still raised in "
        f"LSTM.init_parameters (line {first}), LSTM.forward (line {second}). Costs up to 14 points (1.2 LSTM)."
    ) in " ".join(packed.stdout.split())


def test_a_file_that_cannot_be_taken_costs_its_tests_here_as_in_grading_and_says_what_to_do(unpacked, python):
    target = unpacked / "student" / "models" / "naive" / "RNN.py"
    skeleton = target.read_bytes()
    target.write_text((ROOT / "solution" / "models" / "naive" / "RNN.py").read_text("utf-8"), encoding="utf-16")
    renamed = target.with_name("LSTM.py").rename(target.with_name("LSTM (1).py"))
    try:
        packed, rnn, lstm = (
            python("collect_submission.py", "--check"),
            *(python("-m", "tests", title) for title in ("RNN", "LSTM")),
        )
    finally:
        target.write_bytes(skeleton)
        renamed.rename(target.with_name("LSTM.py"))
    packed, rnn, lstm = (" ".join(result.stdout.split()) for result in (packed, rnn, lstm))
    for words in (packed, rnn):
        assert "models/naive/RNN.py:1: saved as UTF-16, which Python cannot read. Save it as UTF-8" in words
        assert "Costs 6 points (1.1 RNN)." in words
    for words in (packed, lstm):
        assert "models/naive/LSTM.py: missing, but LSTM (1).py is there: rename it to LSTM.py. Costs 14 points" in words


def test_the_harness_imports_nothing_heavy_beside_torch(cold_python):
    paths = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "harness").rglob("[a-z]*.py")]
    imports = "".join(f"import {'.'.join(path.parts)}; " for path in paths)
    result = cold_python("-c", f"{imports}import sys; print(*{{name.split('.')[0] for name in sys.modules}})")
    assert result.returncode == 0, result.stderr
    packages = set(result.stdout.split())
    assert {"torch", "numpy", "pytest"} <= packages
    assert not packages & {*FOREIGN, "psutil", "typer", "hypothesis", "autograder"}


def test_the_contract_and_the_judge_do_not_even_need_torch(cold_python):
    script = "import harness, harness.judge, harness.graded, harness.outcome, harness.submission.command"
    result = cold_python("-c", f"{script}, sys; print('torch' in sys.modules, 'pytest' in sys.modules)")
    assert result.stdout.split() == ["False", "False"], result.stderr


def test_the_readme_shows_what_one_sees(unpacked, view):
    """The view at the start; test_watch.py looks at what the README shows of the watch."""
    untouched = (unpacked / "README.md").read_text(encoding="utf-8").split("```")[5].strip("\n").splitlines()
    shown = view.stdout.splitlines()
    assert [line for line in untouched if line not in shown] == ["..."]


def test_the_watch_runs_where_no_terminal_can_be_read(python):
    result = python("-m", "tests", "--watch", "RNN")
    assert result.returncode == 1, result.stderr
    assert result.stderr == ""
    assert "1.1 RNN                         0/6    0/6 not started naive/RNN.py:28" in result.stdout
    assert "Not started: RNN (models/naive/RNN.py:28)." in result.stdout
