"""Run a command in half a processor and 768 MB, Gradescope's smallest container. Needs root and cgroup v1."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds
CPU = 0.5
MEMORY = 768 << 20
ENTER = 'for folder in "$1" "$2"; do echo $$ > "$folder/cgroup.procs"; done; shift 2; exec "$@"'


@dataclass(frozen=True)
class Use:
    """How a command ended, the most memory that it held, page cache included, and whether the kernel killed for it."""

    status: int
    peak_mib: float
    killed: bool


def available() -> bool:
    """Whether such limits can be had here."""
    try:
        with _groups():
            return True
    except OSError:
        return False


def run(command: Sequence[str], environment: Mapping[str, str]) -> Use:
    with _groups() as (cpu, memory):
        shell = ["sh", "-c", ENTER, "sh", str(cpu), str(memory), *command]
        done = subprocess.run(shell, env={**os.environ, **environment}, capture_output=True, check=False)
        peak = int((memory / "memory.max_usage_in_bytes").read_text())
        kills = dict(line.split() for line in (memory / "memory.oom_control").read_text().splitlines())["oom_kill"]
    return Use(done.returncode, peak / 2**20, kills != "0")


@contextlib.contextmanager
def _groups() -> Iterator[tuple[Path, Path]]:
    """A group for the processor and one for memory, with their limits; gone afterwards."""
    made: list[Path] = []
    try:
        for controller, limit, value in (
            ("cpu", "cpu.cfs_quota_us", int(CPU * PERIOD)),
            ("memory", "memory.limit_in_bytes", MEMORY),
        ):
            group = CGROUPS / controller / f"bench-{os.getpid()}"
            group.mkdir()
            made.append(group)
            if controller == "cpu":
                (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / limit).write_text(str(value))
        yield made[0], made[1]
    finally:
        for group in made:
            _remove(group)


def _remove(group: Path) -> None:
    """Remove a group; the last processes in it may take a moment to be gone."""
    for _ in range(50):
        try:
            group.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return
