"""Real containers: the kit's image is built in one and grades in others, by podman, with Docker's limits, no network.

For tests and measurements, as root. Debian's packages: podman, runc, debootstrap. To grade in your own image you need
only the kit's Containerfile.
"""

import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from autograder.prepare.rehearsal import Rehearsal, unpack
from harness.words import joined

TOOLS = ("podman", "runc", "debootstrap")
PODMAN = ("podman", "--runtime", "runc")  # podman's own choice, crun, needs control groups of version 2
LIMITS = ("--cpus=0.5", "--memory=768m", "--network=none", "--ulimit=nofile=1024:4096", "--ulimit=nproc=4096:4096")
IMAGE = "localhost/sequence-models"
# In the environment: Debian's suite, and more options of `podman build`, such as a volume with pip's settings.
SUITE, OPTIONS = "DEBIAN_SUITE", "PODMAN_BUILD"
NEWEST = "trixie"  # Debian 13, with Python 3.13
# Grade, and record the peak memory, by control groups of version 1 or 2.
GRADE = """
/autograder/source/run_autograder; status=$?
cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes /sys/fs/cgroup/memory.peak >/autograder/results/peak 2>/dev/null
exit $status
"""


class ContainerError(Exception):
    """A command that failed; the message is what it printed."""


def missing() -> str:
    """Why there can be no container here, in words; empty where there can be."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root builds and runs these containers"
    lacking = [tool for tool in TOOLS if not shutil.which(tool)]
    if lacking:
        return f"{joined(lacking)} not installed: apt-get install {' '.join(TOOLS)}"
    works = subprocess.run([*PODMAN, "info"], capture_output=True, text=True, check=False)
    return f"podman does not work: {works.stderr.strip().splitlines()[-1]}" if works.returncode else ""


def build(kit: Path) -> str:
    """Build the image of a kit with its Containerfile and setup.sh, on a fresh Debian; return what was printed.

    Raises:
        ContainerError: where a step fails.
        RehearsalError: for a file that is no kit.
    """
    base = _make_base(os.environ.get(SUITE, NEWEST))
    with tempfile.TemporaryDirectory(prefix="image-", dir="/var/tmp") as folder:
        unpack(kit, Path(folder))
        options = shlex.split(os.environ.get(OPTIONS, ""))
        arguments = [f"--build-arg=BASE={base}", f"--tag={IMAGE}", "--network=host", *options]
        return _run([*PODMAN, "build", *arguments, folder])


def _make_base(suite: str) -> str:
    """The image of Debian's smallest system, made once."""
    base = f"localhost/debian-{suite}"
    if subprocess.run(["podman", "image", "exists", base], check=False).returncode == 0:
        return base
    with tempfile.TemporaryDirectory(prefix="debian-", dir="/var/tmp") as folder:
        system, archive = Path(folder, "system"), Path(folder, "system.tar")
        _run(["debootstrap", "--variant=minbase", suite, str(system)])
        _run(["tar", "--create", f"--file={archive}", f"--directory={system}", "."])
        _run(["podman", "import", str(archive), base])
    return base


def grade(submission: Path) -> Rehearsal:
    """Grade a zip in a container of the built image, which holds the kit.

    Raises:
        ContainerError: when no results were written.
    """
    with tempfile.TemporaryDirectory(prefix="grade-", dir="/var/tmp") as folder:
        layout = Path(folder)
        for name in ("submission", "results"):
            (layout / name).mkdir()
        shutil.copy(submission, layout / "submission")
        folders = [f"--volume={layout / name}:/autograder/{name}" for name in ("submission", "results")]
        command = [*PODMAN, "run", "--rm", *LIMITS, *folders, "--entrypoint=sh", IMAGE, "-c", GRADE]
        started = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        seconds, path = time.monotonic() - started, layout / "results" / "results.json"
        if not path.exists():
            raise ContainerError(f"no results (exit {done.returncode}):\n{done.stdout}{done.stderr}")
        peak = max(map(int, (layout / "results" / "peak").read_text().split()), default=0)
        return Rehearsal(json.loads(path.read_text("utf-8")), done.stdout, done.returncode, seconds, peak / 2**20)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ContainerError(f"{shlex.join(command)} (exit {done.returncode}):\n{done.stdout}")
    return done.stdout
