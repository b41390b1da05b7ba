"""Grade a submission here exactly as Gradescope would: the kit in its folder layout, its own entry point run.

As root, `/autograder` is a private mount that only the grader's processes see, and what lies beside it and must stay
secret (the solution, git's history) is hidden from them. Elsewhere a temporary folder takes its place.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from autograder.build.container import Container

ROOT = Path("/autograder")
SECRETS = ("solution", ".git", ".secrets", "autograder/build", "build")

# Inside a mount namespace of our own: the layout on /autograder, an empty closed folder on every secret.
MOUNT = """
set -e
layout="$1"; shift
mount --bind "$layout" /autograder
for secret in "$@"; do mount -t tmpfs -o mode=700,size=4k tmpfs "$secret"; done
exec /autograder/source/run_autograder /autograder "$@"
"""


class RehearsalError(Exception):
    """The kit's own entry point did not write valid results."""


@dataclass(frozen=True)
class Rehearsal:
    """One graded submission: results.json, what the grader printed, its exit status, wall seconds, peak PSS in MiB."""

    results: dict[str, Any]
    log: str
    status: int
    seconds: float
    peak_mib: float


def rehearse(kit: Path, submission: Path, repository: Path, container: Container | None = None) -> Rehearsal:
    """Unpack the kit, put the submission (a zip or a folder) beside it, run `run_autograder`, read the results.

    Args:
        kit: `autograder.zip`.
        repository: where this runs; its secrets are hidden from student code where the system allows it.
        container: an open one to grade in; in it, as in a real one, nothing can be mounted over the secrets.

    Raises:
        RehearsalError: when no results were written; the message holds what the grader printed.
    """
    with tempfile.TemporaryDirectory(prefix="autograder-") as folder:
        layout = Path(folder)
        lay_out(layout, kit, submission)
        environment = {"AUTOGRADER_PYTHON": sys.executable, **os.environ}
        with _command(layout, repository, container) as command:
            started = time.monotonic()
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
            )
            with _peak_memory(process.pid) as peak:
                output = process.communicate()[0].decode(errors="replace")
            seconds = time.monotonic() - started
        path = layout / "results" / "results.json"
        if not path.exists():
            raise RehearsalError(f"the grader wrote no results (exit {process.returncode}):\n{output}")
        results = json.loads(path.read_text(encoding="utf-8"))
        return Rehearsal(results, output, process.returncode, seconds, peak[0] / 2**20)


def lay_out(layout: Path, kit: Path, submission: Path) -> None:
    """Fill Gradescope's folders: source/, submission/, results/ and submission_metadata.json."""
    for name in ("source", "submission", "results"):
        (layout / name).mkdir()
    with zipfile.ZipFile(kit) as archive:
        archive.extractall(layout / "source")
        for member in archive.infolist():  # extractall forgets permissions
            (layout / "source" / member.filename).chmod(member.external_attr >> 16 & 0o777)
    if submission.is_dir():
        shutil.copytree(submission, layout / "submission", dirs_exist_ok=True, symlinks=True)
    else:
        shutil.copy(submission, layout / "submission" / submission.name)


@contextlib.contextmanager
def _command(layout: Path, repository: Path, container: Container | None) -> Iterator[list[str]]:
    """The command that grades, with /autograder as a mount point for as long as it runs; nothing is left behind."""
    secrets = [str(repository / name) for name in SECRETS if (repository / name).is_dir()]
    if container:
        yield container.command([str(layout / "source" / "run_autograder"), str(layout)])
        return
    if not can_mount():
        yield [str(layout / "source" / "run_autograder"), str(layout), *secrets]
        return
    # Several rehearsals may run at once: the last one to end removes the mount point.
    with (Path(tempfile.gettempdir()) / "autograder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        ROOT.mkdir(exist_ok=True)
        try:
            yield ["unshare", "--mount", "sh", "-c", MOUNT, "sh", str(layout), *secrets]
        finally:
            with contextlib.suppress(OSError):  # others run still, or the folder is not ours and has content
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                ROOT.rmdir()


def can_mount() -> bool:
    """Whether a private mount can be had: root on Linux, outside most containers."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    probe = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def _peak_memory(pid: int) -> Iterator[list[float]]:
    """Sample the proportional set size of a process and all below it; the list's one entry is the peak, in bytes."""
    peak = [0.0]
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.1):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(pid)
                peak[0] = max(peak[0], sum(map(_pss, [process, *process.children(recursive=True)])))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _pss(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.Error, AttributeError):
        return float(process.memory_full_info().pss)
    return 0.0
