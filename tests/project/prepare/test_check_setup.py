"""check_setup.py: what a student's computer has, what it lacks, and what to type."""

import ast
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "autograder" / "prepare" / "handout_root" / "check_setup.py"
WANTED = """# What students install
torch==2.13.0
numpy == 2.4.6  # arrays

-r more.txt
tqdm[x]>=4,<5; os_name != "x"
rich
"""
INSTALLED = {"torch": "2.13.0+cpu", "numpy": "2.4.6", "tqdm": "4.70", "rich": "15.0.0"}
TORCH = """
__version__ = "2.13.0+cpu"
class cuda:
    is_available = staticmethod(lambda: {cuda})
    get_device_name = staticmethod(lambda index: "A Card")
class backends:
    class mps:
        is_available = staticmethod(lambda: {mps})
class ones:
    def __init__(self, size): pass
    def sum(self): return 3.0
"""


@pytest.fixture
def handout(tmp_path):
    """The folder as a student may have unpacked it."""
    folder = tmp_path / "Übung 3"
    folder.mkdir()
    shutil.copy(SCRIPT, folder)
    (folder / "requirements.txt").write_text(WANTED, encoding="utf-8")
    return folder


def install(folder: Path, source: str = TORCH.format(cuda="False", mps="False"), **versions: str | None) -> Path:
    """A folder that looks to Python as if these packages were installed, torch with a given source."""
    for name, version in {**INSTALLED, **versions}.items():
        if version is not None:
            about = folder / f"{name}-{version}.dist-info"
            about.mkdir(parents=True)
            (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (folder / "torch.py").write_text(source)
    return folder


def start(handout: Path, packages: Path, **environment: str) -> tuple[int, str]:
    """Exit status and output of check_setup.py with these packages, started from elsewhere."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CONDA", "COLAB"))}
    done = subprocess.run(
        [sys.executable, "-S", "-W", "error", str(handout / "check_setup.py")],
        cwd=packages,
        env={**clean, "PYTHONPATH": str(packages), "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr == ""
    assert all(len(line) < 80 for line in done.stdout.split("\n") if "/" not in line and "\\" not in line)
    return done.returncode, done.stdout


def line(text: str, name: str) -> str:
    return next(line for line in text.split("\n") if line.startswith(name))


# A whole run


def test_when_all_is_there_it_says_so_and_what_comes_next(handout, tmp_path):
    code, text = start(handout, install(tmp_path / "packages"))
    assert code == 0
    assert platform.python_version() in text
    assert platform.system() in text
    for name, version in INSTALLED.items():
        assert line(text, name).endswith(version)
    assert "CPU" in line(text, "import torch")
    assert line(text, "All is well").endswith(f"{shlex.quote(sys.executable)} -m tests")
    assert "PROBLEM" not in text


@pytest.mark.parametrize(("cuda", "mps", "words"), [(True, False, "CUDA, A Card"), (False, True, "MPS")])
def test_the_accelerator_is_named(handout, tmp_path, cuda, mps, words):
    code, text = start(handout, install(tmp_path / "packages", TORCH.format(cuda=cuda, mps=mps)))
    assert code == 0
    assert words in line(text, "import torch")


def test_missing_packages_come_with_one_command(handout, tmp_path):
    code, text = start(handout, install(tmp_path / "packages", numpy=None, rich=None))
    assert code == 1
    assert "MISSING" in line(text, "rich")
    assert line(text, "tqdm").endswith("4.70")
    assert line(text, "PROBLEM").endswith("numpy, rich")
    remedy = shlex.split(line(text, "   do"))
    assert sys.executable in remedy
    assert remedy[-2:] == ["numpy==2.4.6", "rich"]


def test_what_only_training_needs_is_no_problem(handout, tmp_path):
    (handout / "requirements.txt").write_text(f"{WANTED}\n# Training: what the workbench needs\nspacy==3.8\n")
    code, text = start(handout, install(tmp_path / "packages"))
    assert code == 0
    assert "MISSING" in line(text, "spacy")
    assert shlex.split(line(text, "   do"))[-2:] == ["install", "spacy==3.8"]
    assert "PROBLEM" not in text
    assert "All is well" in text
    code, text = start(handout, install(tmp_path / "without", rich=None))
    assert code == 1
    assert line(text, "PROBLEM").endswith("too old: rich")
    assert shlex.split(line(text, "   do"))[-2:] == ["rich", "spacy==3.8"]


def test_another_version_is_a_remark_and_no_problem(handout, tmp_path):
    """Were it one, its remedy would replace Colab's numpy below everything that is built on it."""
    code, text = start(handout, install(tmp_path / "packages", numpy="2.0.2", tqdm="5.1"))
    assert code == 0
    assert line(text, "numpy").endswith("2.0.2, fine, the tests allow for it (made with 2.4.6)")
    assert "5.1, fine" in line(text, "tqdm")
    assert "PROBLEM" not in text
    assert "install" not in text
    code, text = start(handout, install(tmp_path / "without", numpy="2.0.2", rich=None))
    assert code == 1
    assert shlex.split(line(text, "   do"))[-2:] == ["install", "rich"]


def test_colab_keeps_its_torch(handout, tmp_path):
    """With the whole requirements.txt as the remedy, one missing package would replace Colab's CUDA build."""
    colab = install(tmp_path / "packages", torch="2.6.0+cu124", rich=None)
    code, text = start(handout, colab, COLAB_RELEASE_TAG="release")
    assert code == 1
    assert "2.6.0+cu124, fine" in line(text, "torch")
    assert "torch" not in line(text, "PROBLEM")
    assert "requirements.txt" not in text
    assert "Google Colab" in text
    assert start(handout, install(tmp_path / "complete", torch="2.6.0+cu124"))[0] == 0


def test_a_torch_that_is_missing_or_too_old_is_installed_with_the_rest(handout, tmp_path):
    for number, version in enumerate((None, "2.3.1")):
        code, text = start(handout, install(tmp_path / str(number), torch=version))
        assert code == 1
        assert ("2.3.1, TOO OLD: at least 2.4" if version else "MISSING") in line(text, "torch")
        assert "torch" in line(text, "PROBLEM")
        assert shlex.split(line(text, "   do"))[-1] == str(handout.resolve() / "requirements.txt")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("raise ImportError('libtorch is missing')", "ImportError: libtorch is missing"),
        ("import os; os._exit(7)", "exit status 7"),
        ("import sys; sys.exit('no way')", "no way"),
    ],
)
def test_a_torch_that_is_installed_but_does_not_work(handout, tmp_path, source, words):
    code, text = start(handout, install(tmp_path / "packages", source))
    assert code == 1
    assert words in line(text, "PROBLEM")
    assert "--force-reinstall torch" in line(text, "   do")


def test_a_students_own_file_that_hides_torch_is_named(handout, tmp_path):
    (handout / "torch.py").write_text("print('mine')\n")
    code, text = start(handout, install(tmp_path / "packages"))
    assert code == 1
    assert line(text, "   do").endswith("rename your torch.py")


def test_without_requirements_it_says_where_to_start_it(handout, tmp_path):
    (handout / "requirements.txt").unlink()
    code, text = start(handout, install(tmp_path / "packages"))
    assert code == 1
    assert "requirements.txt is not beside check_setup.py" in text


def test_an_ascii_console_does_not_stop_it(handout, tmp_path):
    (handout / "requirements.txt").write_text("torch==99\n", encoding="utf-8")
    code, text = start(handout, install(tmp_path / "packages", torch=None), PYTHONIOENCODING="ascii")
    assert code == 1
    assert r"\xdcbung 3" in text


# Its parts, on computers that are not here


@pytest.fixture
def script(handout, monkeypatch):
    spec = importlib.util.spec_from_file_location("check_setup", handout / "check_setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return module


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
def test_pythons_that_will_do(script, monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    assert script.check_python() == []


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10), (3, 15), (4, 0)])
def test_pythons_that_will_not_do(script, monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", (*version, 0, "final", 0))
    assert script.main() == 1
    text = capsys.readouterr().out
    assert f"this is Python {version[0]}.{version[1]}, but the assignment needs 3.11 to 3.14" in text
    assert "python.org" in line(text, "   do")
    assert "MISSING" not in text


@pytest.mark.parametrize(("system", "machine", "good"), [("Darwin", "arm64", True), ("Darwin", "x86_64", False)])
def test_macs(script, monkeypatch, system, machine, good):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    problems = script.check_python()
    assert (problems == []) is good
    assert good or "torch 2.13 has no wheels" in problems[0][0]


def test_a_python_of_32_bits(script, monkeypatch):
    monkeypatch.setattr(script.struct, "calcsize", lambda _: 4)
    assert "32 bits" in script.check_python()[0][0]


@pytest.mark.parametrize(
    ("prefix", "environment", "words"),
    [
        ("/venv", {}, "/venv"),
        ("/usr", {}, "-m venv"),
        ("/usr", {"CONDA_DEFAULT_ENV": "base"}, "-m venv"),
        ("/usr", {"CONDA_DEFAULT_ENV": "models"}, "conda, models"),
        ("/usr", {"COLAB_RELEASE_TAG": "x"}, "Google Colab"),
    ],
)
def test_environments(script, monkeypatch, capsys, prefix, environment, words):
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(script.os, "environ", environment)
    script.check_environment()
    assert words in capsys.readouterr().out


def test_an_interpreters_path_is_quoted_as_its_shell_wants_it(script, monkeypatch):
    assert script.typed("/home/a b/python") == "'/home/a b/python'"
    monkeypatch.setattr(script.os, "name", "nt")
    assert script.typed(r"C:\venv-1\python.exe") == r"C:\venv-1\python.exe"
    assert script.typed(r"C:\Program Files\python.exe") == r'& "C:\Program Files\python.exe"'


def test_requirements_are_read(script):
    assert script.requirements(WANTED) == [
        ("torch", "==2.13.0"),
        ("numpy", "==2.4.6"),
        ("tqdm", ">=4,<5"),
        ("rich", ""),
    ]


@pytest.mark.parametrize(
    ("version", "specifier", "good"),
    [
        ("2.13.0", "==2.13.0", True),
        ("2.13.0+cpu", "==2.13.0", True),
        ("2.13", "==2.13.0", True),
        ("2.13.1", "==2.13.0", False),
        ("2.13.1", "==2.13.*", True),
        ("2.14.1", "==2.13.*", False),
        ("2.10.0", ">=2.4", True),
        ("2.4", ">=2.4.0", True),
        ("2.3.9", ">=2.4", False),
        ("10.0", ">9,<11", True),
        ("11.0", ">9,<11", False),
        ("9.0", ">9", False),
        ("1.5", "~=1.4", True),
        ("1.3", "~=1.4", False),
        ("2.0", "~=1.4", False),
        ("2.0", "!=2.0.0", False),
        ("anything", "", True),
    ],
)
def test_versions_are_compared_as_numbers(script, version, specifier, good):
    assert script.satisfies(version, specifier) is good


def test_an_old_python_can_read_it():
    source = SCRIPT.read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    assert source.isascii()
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert "annotations" not in source
    assert imported <= {
        "json",
        "os",
        "pathlib",
        "platform",
        "re",
        "shlex",
        "struct",
        "subprocess",
        "sys",
        "textwrap",
    }


@pytest.mark.needs("python {version}")
@pytest.mark.parametrize("version", ["3.6", "3.8", "3.10"])
def test_old_pythons_where_there_are_some(handout, version):
    done = subprocess.run([f"python{version}", str(handout / "check_setup.py")], capture_output=True, check=False)
    assert done.returncode == 1
    assert f"this is Python {version}".encode() in done.stdout
