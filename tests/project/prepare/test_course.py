"""What every command checks of a rubric before it begins, and the overlay that a course chooses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import __main__ as entrance
from autograder.prepare import course, kit
from autograder.rubric import Rubric, RubricError
from tests.project.conftest import ROOT, RUBRIC


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with the rubric, the files that it names, and what the image installs."""
    for name in (course.RUBRIC, course.IMAGE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in ("solution", "tests/models"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def edit(root: Path, before: str, after: str, name: str = course.RUBRIC) -> None:
    text = (root / name).read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    (root / name).write_text(text.replace(before, after), encoding="utf-8")


def complaint(root: Path) -> str:
    with pytest.raises(RubricError) as error:
        course.check(root)
    return str(error.value)


def test_the_shipped_rubric_and_each_example_are_right(root, monkeypatch):
    course.check(root)
    for example in (ROOT / "autograder" / "examples").iterdir():
        monkeypatch.setenv(course.VARIABLE, str(example))
        course.check(root)


@pytest.mark.parametrize("name", ["tests/models/naive/test_LSTM.py", "solution/models/naive/LSTM.py"])
def test_a_missing_file_is_named(root, name):
    (root / name).unlink()
    where = "autograder/rubric.toml: part[naive].deliverable[naive.LSTM]"
    assert complaint(root) == f"{where}: expected {name}, found no such file"


def test_a_module_that_the_image_does_not_have_is_named(root):
    edit(root, '"models", "torch", "numpy",', '"models", "torch", "numpy", "pandas",')
    assert complaint(root).endswith(
        "assignment.allowed_imports: expected modules of Python or of a package in "
        "autograder/prepare/image/requirements.txt, found 'pandas'; add its package there and to requirements.txt"
    )
    edit(root, "numpy==", "pandas==3.0\nnumpy==", course.IMAGE)
    course.check(root)
    edit(root, '"pandas",', '"no_such_module",')
    edit(root, "pandas==3.0", "no-such.Module==3.0", course.IMAGE)
    course.check(root)
    with pytest.raises(RubricError, match=r"allowed_imports: 'no_such_module' cannot be imported here \(No module"):
        course.check_refused(course.load(root))


def test_a_module_whose_package_has_another_name_is_known(root):
    assert {"torch", "numpy", "gradescope_utils", "_pytest"} <= course.image_modules(root)


def test_a_solution_that_is_no_python_is_named(root):
    path = root / "solution/models/naive/LSTM.py"
    path.write_text("<<<<<<< HEAD\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert "rubric.toml: expected Python in solution/models/naive/LSTM.py, found: invalid syntax" in complaint(root)
    path.write_bytes(b"\0")
    assert "expected Python in solution/models/naive/LSTM.py" in complaint(root)


def test_modules_are_allowed_whole(root):
    edit(root, '"models", "torch", "numpy",', '"models", "torch", "numpy", "numpy.linalg",')
    words = "expected modules without dots, which allow all that is in them, found 'numpy.linalg'"
    assert complaint(root).endswith(words)


def test_what_the_solution_imports_must_be_allowed(root):
    edit(root, '"models", "torch", "numpy",', '"models", "numpy",')
    message = complaint(root)
    assert "assignment.allowed_imports: expected 'torch' too, which solution/models/naive/RNN.py:" in message


def test_refused_names_must_exist():
    course.check_refused(RUBRIC)
    text = (ROOT / course.RUBRIC).read_text(encoding="utf-8")
    for right in ("sorted", "str.join", "torch.Tensor.cumsum", "torch.nn.utils.rnn.pack*", "numpy.linalg.*"):
        course.check_refused(Rubric.parse(text.replace('"torch.*LSTM*"', f'"{right}"')))
    for wrong in ("torch.*LTSM*", "torch.nn.GRUs", "trch.*", "sortd", "torch.Tensor.cumsums"):
        rubric = Rubric.parse(text.replace('"torch.*LSTM*"', f'"{wrong}"'))
        with pytest.raises(RubricError) as error:
            course.check_refused(rubric)
        assert str(error.value).endswith(f"deliverable[naive.RNN].refused: expected names that exist, found '{wrong}'")


def test_a_refused_name_that_does_not_exist_stops_the_build(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text('[[part]]\nid = "naive"\nrefused = ["torch.*LTSM*"]', encoding="utf-8")
    monkeypatch.setenv(course.VARIABLE, str(tmp_path / "mine.toml"))
    with pytest.raises(RubricError, match=r"refused: expected names that exist, found 'torch\.\*LTSM\*'"):
        kit.build(ROOT, tmp_path / "kit.zip", "a secret")
    assert not (tmp_path / "kit.zip").exists()


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        ("[grading.limits]\nmemory_mib = 1", "grading.limits.memory_mib: expected at least 64, found 1"),
        ("[grading.limits]\ntest_seconds = 300.0", "overall_seconds: expected at least 900"),
        (
            '[grading]\nhidden_seeds = 0\nhidden_feedback = { count = 5, per = "1 day" }',
            "hidden_seeds: expected at least 1, or no hidden_feedback",
        ),
        ('[assignment]\nallowed_imports = ["torch", "pandas"]', "found 'pandas'"),
    ],
)
@pytest.mark.parametrize("command", [["build"], ["grade", "x.zip"], ["handout"], ["answers"], ["bench"], ["credit"]])
def test_a_mistake_in_the_rubric_stops_every_command_at_once(tmp_path, monkeypatch, command, overlay, words):
    """Before anything heavy is imported: the commands are not even there yet."""
    (tmp_path / "mine.toml").write_text(overlay, encoding="utf-8")
    monkeypatch.setenv(course.VARIABLE, "")
    monkeypatch.setattr(sys, "argv", ["autograder", *command, "--rubric", str(tmp_path / "mine.toml")])
    monkeypatch.delitem(sys.modules, "autograder.commands", raising=False)
    with pytest.raises(SystemExit) as stopped:
        entrance.main()
    assert str(stopped.value).startswith(f"RubricError: {tmp_path / 'mine.toml'}")
    assert words in str(stopped.value)
    assert "autograder.commands" not in sys.modules


def test_the_check_imports_nothing_that_takes_time():
    script = "import sys; from autograder import __main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "numpy", "pytest", "typer", "rich", "jupytext"} & set(done.stdout.split())


def test_the_option_may_stand_anywhere_and_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv(course.VARIABLE, "elsewhere.toml")
    assert course.overlay() == Path("elsewhere.toml")
    for arguments in (["--rubric", "a.toml", "grade", "x"], ["grade", "x", "--rubric=a.toml"]):
        assert entrance.choose_rubric(arguments) == ["grade", "x"]
        assert os.environ[course.VARIABLE] == str(Path("a.toml").resolve())
    monkeypatch.setenv(course.VARIABLE, "")
    assert course.overlay() is None
    assert entrance.choose_rubric(["handout", "--check"]) == ["handout", "--check"]
    assert course.overlay() is None
