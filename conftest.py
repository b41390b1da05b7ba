"""What the project's own tests need of the machine they run on.

`@pytest.mark.needs("root", "landlock 4")` on a test, a parameter or a module names its needs: a name of NEEDS, and what
its function is asked for; {x} stands for the test's parameter x. Where one is missing the test is skipped, and the
reason says what is missing. `-m needs_root` selects the tests that need root.
"""

import ctypes
import functools
import gc
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent


def root() -> str:
    return "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "this is an ordinary user"


def ordinary_user() -> str:
    return "" if root() else "this is root"


def mount() -> str:
    from autograder.prepare import rehearsal

    return "" if rehearsal.can_mount() else "nothing can be mounted here"


def container() -> str:
    from autograder.prepare import container

    wanted = os.environ.get("CONTAINERS") == "1"
    return container.missing() if wanted else "building an image takes minutes; `make container-test` has it done"


def landlock(version: str = "1") -> str:
    from autograder.grade import landlock, sandbox

    here = landlock.version(sandbox.LIBC)
    return "" if here >= int(version) else f"this kernel has version {here} of landlock"


def seccomp() -> str:
    from autograder.grade import syscalls

    return "" if syscalls.machine() else "no filter is written for this processor"


def ia32() -> str:
    from tests.project.grade import ia32

    return "" if ia32.works() else "this machine does not take the system calls of 32-bit programs"


def library(name: str) -> str:
    try:
        ctypes.CDLL(name)
    except OSError as error:
        return str(error)
    return ""


def python(version: str) -> str:
    command = shutil.which(f"python{version}")
    works = command and subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0
    return "" if works else "it is not installed"


def git() -> str:
    usable = (ROOT / ".git").exists() and shutil.which("git")
    return "" if usable else "this is no git repository, or git is not installed"


def index() -> str:
    allowed = os.environ.get("CI") == "true" or os.environ.get("SETUP_SH") == "1"
    return "" if allowed else "installing torch from a package index takes minutes; set SETUP_SH=1 to have it done"


def disk(gigabytes: str) -> str:
    free = shutil.disk_usage("/var/tmp").free / 1e9
    return "" if free >= float(gigabytes) else f"/var/tmp has {free:.1f} GB left"


def file(path: str) -> str:
    return "" if Path(path).exists() else "it is not there"


def links() -> str:
    return "" if os.name == "posix" else "links need rights on this system"


def chromium() -> str:
    if importlib.util.find_spec("playwright") is None:
        return "playwright, which drives it, is not installed"
    return "" if shutil.which("chromium") else "it is not installed"


def data(name: str) -> str:
    folder = ROOT.parent / "shared" / "data" / name
    return "" if folder.is_dir() else f"the real data are not in {folder}"


KNOWN = (
    root,
    ordinary_user,
    mount,
    container,
    landlock,
    seccomp,
    ia32,
    library,
    python,
    git,
    index,
    disk,
    file,
    links,
    chromium,
    data,
)
NEEDS: dict[str, Callable[..., str]] = {need.__name__: need for need in KNOWN}


@functools.cache
def missing(need: str) -> str:
    """Why a need is not met here, or ""."""
    name, *asked = need.split()
    why = NEEDS[name](*asked)
    return why and f"needs {need}: {why}"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(need, ...): skip the test where one of these is missing (conftest.py)")
    for name in NEEDS:
        config.addinivalue_line("markers", f"needs_{name}: set where a test needs this; for -m")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m needs_root` import no file that does not name this need: most import much."""
    need = config.option.markexpr.removeprefix("needs_")
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return (need in NEEDS and is_test and f'"{need}' not in collection_path.read_text(encoding="utf-8")) or None


def needs_of(item: pytest.Item) -> list[str]:
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    return [need.format(**parameters) for mark in item.iter_markers("needs") for need in mark.args]


def pytest_collection_finish() -> None:
    """Let the garbage collector look at new objects alone, and less often: what has been imported and collected stays.

    It takes an eighth off tests that compute in this process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_itemcollected(item: pytest.Item) -> None:
    for need in needs_of(item):
        name = need.split()[0]
        if name not in NEEDS:
            raise pytest.UsageError(f"{item.nodeid} needs {need!r}, and conftest.py knows only: {', '.join(NEEDS)}")
        item.add_marker(f"needs_{name}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for need in needs_of(item):
        if why := missing(need):
            pytest.skip(why)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the ten slowest files of a run of many."""
    seconds: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                file = report.nodeid.partition("::")[0]
                seconds[file] = seconds.get(file, 0) + report.duration
    if len(seconds) > 10:
        terminalreporter.section("ten slowest files")
        for file in sorted(seconds, key=lambda file: -seconds[file])[:10]:
            terminalreporter.write_line(f"{seconds[file]:7.1f} s  {file}")
