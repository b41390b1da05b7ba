"""Grades a submission as Gradescope would: with the kit in Gradescope's folders, by its own entry point.

As root, `/autograder` is a private mount that only the grader's processes see, and what lies beside it and must stay
secret (the solution, git's history) is hidden from them. Elsewhere a temporary folder takes its place.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from autograder.grade.overlay import TEMPORARY
from autograder.grade.slots import LOCKS

ROOT = Path("/autograder")
LOCK = LOCKS / "rehearsal"  # its content says whether we have made ROOT
PREFIX = "autograder-"  # of temporary folders
IN_USE = "in-use"  # the file in such a folder that is locked while a grader runs
SECRETS = ("solution", ".git", ".secrets", "autograder/prepare", "build")

# Inside a mount namespace of our own: the layout on /autograder, an empty closed folder on every secret.
MOUNT = """
set -e
layout="$1"; options="$2"; shift 2
mount --bind "$layout" /autograder
for secret in "$@"; do mount -t tmpfs -o mode=700,size=4k tmpfs "$secret"; done
exec /autograder/source/run_autograder /autograder $options "$@"
"""


class RehearsalError(Exception):
    """Nothing could be graded; the message says in a sentence why."""


@dataclass(frozen=True)
class Rehearsal:
    """One graded submission: results.json, what the grader printed, its exit status, wall seconds, peak memory in MiB.

    The memory is PSS; in a container it is what the container's control group counts.
    """

    results: dict[str, Any]
    log: str
    status: int
    seconds: float
    peak_mib: float


def rehearse(kit: Path, submission: Path, repository: Path, metadata: Path | None = None) -> Rehearsal:
    """Unpack the kit, put the submission (a zip or a folder) beside it, run `run_autograder`, read the results.

    Args:
        kit: `autograder.zip`.
        repository: where this runs; its secrets are hidden from student code where the system allows it.
        metadata: what is to be Gradescope's submission_metadata.json.

    Raises:
        RehearsalError: for a kit or a submission that cannot be read, and when no results were written; the message
            then holds what the grader printed.
    """
    with private_folder() as layout:
        lay_out(layout, kit, submission)
        if metadata:
            shutil.copyfile(metadata, layout / "submission_metadata.json")
        environment = {"AUTOGRADER_PYTHON": sys.executable, **os.environ}
        with command(layout, repository) as words:
            started = time.monotonic()
            with (layout / "results" / "stdout").open("wb") as log:  # no pipe, which a leftover process could keep open
                process = subprocess.Popen(
                    words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, env=environment
                )
                with peak_memory(process.pid) as peak:
                    process.wait()
            seconds = time.monotonic() - started
        output = (layout / "results" / "stdout").read_text(encoding="utf-8", errors="replace")
        path = layout / "results" / "results.json"
        if not path.exists():
            raise RehearsalError(f"the grader wrote no results (exit {process.returncode}):\n{output}")
        try:
            results = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RehearsalError(f"the grader wrote results that are no JSON ({error}):\n{output}") from None
        return Rehearsal(results, output, process.returncode, seconds, peak[0] / 2**20)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for what one grader needs, removed afterwards; also removes those of graders that were killed.

    They hold expected values. A file in each is locked while its grader runs, so that others know.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=TEMPORARY, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (folder / f"{IN_USE}.part").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / f"{IN_USE}.part").rename(folder / IN_USE)  # locked before anybody can see it
            _remove_left_over()
            yield folder


def _remove_left_over() -> None:
    for folder in Path(TEMPORARY).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
                continue
            with (folder / IN_USE).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


def lay_out(layout: Path, kit: Path, submission: Path) -> None:
    """Fill Gradescope's folders: source/, submission/ and results/.

    Raises:
        RehearsalError: for a kit that is no autograder, and for a submission that is neither a file nor a folder.
    """
    lay_out_kit(layout, kit)
    try:
        if submission.is_dir():
            shutil.copytree(submission, layout / "submission", dirs_exist_ok=True, symlinks=True, ignore=_special)
        elif submission.is_file():
            shutil.copy(submission, layout / "submission" / submission.name)
        else:
            raise RehearsalError(
                f"{submission} is neither a file nor a folder: expected a zip as a student hands it in"
            )
    except (OSError, shutil.Error) as error:
        raise RehearsalError(f"{submission} cannot be copied: {error}") from None


def lay_out_kit(layout: Path, kit: Path) -> None:
    """Fill source/, and make submission/ and results/ empty. Raises RehearsalError for a file that is no kit."""
    for name in ("source", "submission", "results"):
        (layout / name).mkdir()
    unpack(kit, layout / "source")


def digest(kit: Path) -> str:
    """The digest of a kit's zip."""
    return hashlib.sha256(kit.read_bytes()).hexdigest()[:16]


def unpack(kit: Path, source: Path) -> None:
    """Unpack a kit with its permissions. Raises RehearsalError for a file that is no kit."""
    try:
        with zipfile.ZipFile(kit) as archive:
            archive.extractall(source)
            for member in archive.infolist():  # extractall forgets permissions
                (source / member.filename).chmod(member.external_attr >> 16 & 0o777)
    except (OSError, zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise RehearsalError(f"{kit} cannot be unpacked ({error}): build it again") from None
    if not (source / "run_autograder").is_file():
        raise RehearsalError(f"{kit} is no autograder, for it has no run_autograder: is it a submission?")


def _special(folder: str, names: list[str]) -> list[str]:
    """What is neither a file nor a folder nor a link: pipes and devices, which no upload can hold."""
    paths = [Path(folder, name) for name in names]
    return [path.name for path in paths if not (path.is_symlink() or path.is_file() or path.is_dir())]


@contextlib.contextmanager
def command(
    layout: Path, repository: Path, options: Sequence[str] = ("--here",), closed: Iterable[Path] = ()
) -> Iterator[list[str]]:
    """The command that grades, with /autograder as a mount point for as long as it runs; nothing is left behind.

    Args:
        options: of `run_autograder`.
        closed: more folders that student code must not see, beside the repository's secrets.

    Raises:
        RehearsalError: for a folder that cannot be hidden, because it holds what grading needs.
    """
    more = [folder.resolve() for folder in closed]
    for folder in more:
        if held := [path for path in (repository, Path(sys.prefix), layout) if path.resolve().is_relative_to(folder)]:
            raise RehearsalError(
                f"{folder} holds {held[0]}, so it cannot be hidden from student code: use other folders"
            )
    hidden = _outermost([*secret_folders(repository), *more])
    if not can_mount():
        yield [str(layout / "source" / "run_autograder"), str(layout), *options, *map(str, hidden)]
        return
    with mount_point():
        yield ["unshare", "--mount", "sh", "-c", MOUNT, "sh", str(layout), " ".join(options), *map(str, hidden)]


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """The folders that are in none of the others."""
    found = set(folders)
    return sorted(folder for folder in found if not found.intersection(folder.parents))


def secret_folders(repository: Path) -> list[Path]:
    """What student code must not see: of this checkout and, if it is one of several worktrees, of all of them."""
    trees = {
        repository,
        *(Path(line.partition(" ")[2]) for line in _git(repository, "worktree", "list", "--porcelain")),
    }
    folders = {tree / name for tree in trees for name in SECRETS}
    folders |= {Path(line) for line in _git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir")}
    return sorted(folder for folder in folders if folder.is_dir())


def _git(repository: Path, *command: str) -> list[str]:
    """The lines with a path that git prints; none where there is no git or no repository."""
    with contextlib.suppress(OSError):
        done = subprocess.run(["git", "-C", str(repository), *command], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return [line for line in done.stdout.splitlines() if line.startswith(("worktree ", "/"))]
    return []


@contextlib.contextmanager
def mount_point() -> Iterator[None]:
    """Make sure that ROOT exists.

    Several rehearsals and benches may run at once: the last one removes ROOT if one of them has made it.
    """
    LOCK.parent.mkdir(mode=0o700, exist_ok=True)
    with LOCK.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with contextlib.suppress(FileExistsError):
            ROOT.mkdir()
            lock.write("made")
            lock.flush()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # others run still
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                lock.seek(0)
                if lock.read():
                    lock.truncate(0)
                    ROOT.rmdir()


def can_mount() -> bool:
    """Whether a private mount can be had: root on Linux, outside most containers."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    probe = ["unshare", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def peak_memory(pid: int, every: float = 0.1) -> Iterator[list[float]]:
    """Sample the proportional set size of a process and all below it; the list's one entry is the peak, in bytes.

    Args:
        every: seconds between two samples.
    """
    peak = [0.0]
    done = threading.Event()

    def sample() -> None:
        while not done.wait(every):
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
