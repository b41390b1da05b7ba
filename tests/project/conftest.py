"""One kit, unpacked as on Gradescope, and one warm engine for all tests that grade."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from autograder.grade.engine import Engine
from autograder.grade.kit import Kit
from autograder.grade.main import close_folders
from autograder.prepare import rehearsal
from autograder.prepare.files import rezipped
from autograder.rubric import Rubric
from harness import collect
from harness.graded import TESTS, GradedTest
from tests.project.warm import Warm, is_warm

ROOT = Path(__file__).resolve().parents[2]
os.environ.pop("ASSIGNMENT_RUBRIC", None)  # all is tested with the shipped rules
RUBRIC = Rubric.load(ROOT / "autograder" / "rubric.toml")
POINTS = sum(deliverable.points for deliverable in RUBRIC.deliverables)
SECRET = "a secret for the project's own tests"
TEST_SECONDS = 0.5  # instead of the rubric's 5: many of these tests wait for a limit to strike


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-moments",
        action="store_true",
        help="run every attack at every moment that its file names, not at the first only (test_attacks.py)",
    )


def build_kit(target: Path) -> None:
    """Build in a process of its own: it collects with pytest, and a pytest inside this one would share its plugins."""
    script = (
        "import sys; from pathlib import Path; from autograder.prepare import kit; "
        "root, target, secret = sys.argv[1:]; kit.build(Path(root), Path(target), secret)"
    )
    target.parent.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "-c", script, str(ROOT), str(target), SECRET], cwd=ROOT, check=True, timeout=1800)


def tree_with(folder: Path, lines: str) -> tuple[Path, int]:
    """The solution's models, where the RNN's `forward` begins with these lines, and the number of the first."""
    shutil.copytree(ROOT / "solution" / "models", folder / "models")
    file = folder / "models" / "naive" / "RNN.py"
    source = file.read_text(encoding="utf-8").replace("  combined =", f"  {lines}\n        combined =")
    file.write_text(source, encoding="utf-8")
    return folder, source[: source.index(lines)].count("\n") + 1


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """All tensors are so small that a second thread only waits, and on a busy machine computes while it waits."""
    import torch  # not above: the process that hands tests to others has no use for it

    torch.set_num_threads(1)


def environment() -> dict[str, str]:
    """This process's, with the plugins of pytest that students have: those of the project take a second to import."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return variables | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@pytest.fixture(scope="session")
def warm_python() -> Iterator[str]:
    """A program that does what `sys.executable` does and has imported torch already."""
    if is_warm() or not hasattr(os, "pidfd_open"):
        yield sys.executable
        return
    warm = Warm()
    yield warm.command
    warm.close()


@pytest.fixture(scope="session")
def graded(request: pytest.FixtureRequest) -> list[GradedTest]:
    """The graded tests of all deliverables in the rubric's order, collected without a pytest inside this one."""
    modules = [
        pytest.Module.from_parent(request.session, path=TESTS / deliverable.tests)
        for deliverable in RUBRIC.deliverables
    ]
    return collect.from_items(
        [item for module in modules for item in module.collect() if isinstance(item, pytest.Item)]
    )


@pytest.fixture(scope="session")
def kit_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """autograder.zip with hidden seeds from SECRET; where files are tested at the same time, one process builds it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "build"
    target = folder / "autograder.zip"
    with FileLock(f"{folder}.lock"):
        if not target.exists():  # it comes whole, by rename
            build_kit(target)
    return target


@pytest.fixture(scope="session")
def impatient_kit_zip(kit_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same kit with short limits."""

    def change(name: str, content: bytes) -> bytes:
        if name == "autograder/rubric.toml":
            for key, value in {b"test_seconds": b"%.1f" % TEST_SECONDS, b"timeouts": b"1"}.items():
                content, replacements = re.subn(rb"(?m)^%s = [\d.]+" % key, b"%s = %s" % (key, value), content)
                assert replacements == 1
        return content

    return rezipped(kit_zip, tmp_path_factory.mktemp("impatient") / "autograder.zip", change)


@pytest.fixture(scope="session")
def layout(kit_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gradescope's folders, closed as `run_autograder` closes them, with an empty submission."""
    layout = tmp_path_factory.mktemp("autograder")
    rehearsal.lay_out(layout, kit_zip, tmp_path_factory.mktemp("empty"))
    close_folders(layout)
    return layout


@pytest.fixture(scope="session")
def engine(layout: Path) -> Iterator[Engine]:
    """An engine with one zygote and short limits."""
    kit = Kit.load(layout / "source")
    grading = kit.rubric.grading
    limits = replace(grading.limits, test_seconds=TEST_SECONDS, timeouts=2, overall_seconds=100.0)
    kit = replace(kit, rubric=replace(kit.rubric, grading=replace(grading, limits=limits)))
    engine = Engine(kit)
    yield engine
    engine.close()


@contextmanager
def patiently(engine: Engine) -> Iterator[Engine]:
    """The engine with the rubric's own limits, for whole submissions: some right answer takes a while."""
    short_limits = engine.limits
    engine.limits = engine.warden.limits = RUBRIC.grading.limits
    try:
        yield engine
    finally:
        engine.limits = engine.warden.limits = short_limits


@pytest.fixture
def patient(engine: Engine) -> Iterator[Engine]:
    with patiently(engine):
        yield engine
