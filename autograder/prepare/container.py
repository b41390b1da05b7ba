"""A default container, emulated: half a processor, 768 MB, Docker's capabilities and no namespaces.

For tests and measurements only. It needs root and writable cgroups of version 1; `missing` says what is not there.

python -m autograder.prepare.container python -m pytest tests/project/grade/test_attacks.py

    with Container() as container:
        subprocess.run(container.command(["python", "-m", "autograder", "grade", "lab.zip"]), check=True)
    print(container.peak_mib, container.cpu_seconds, container.killed)
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType

CGROUPS = Path("/sys/fs/cgroup")
PERIOD = 100_000  # microseconds, as Docker sets it
# The capabilities that Docker leaves to root. It takes others, such as sys_admin (mounts), sys_ptrace, sys_resource.
CAPABILITIES = (
    "chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,"
    "audit_write,setfcap"
)
# Enter each group, then run the command, which gives up the other capabilities; children inherit groups and limits.
ENTER = """
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 125; shift; done; shift
exec "$@"
"""


class Container:
    """Limits for one command and all that it starts; the figures stay readable after the block.

    Args:
        processors: how much of one processor there is.
        megabytes: memory, including cached files.

    Attributes:
        peak_mib: the most memory that was in use at once, caches of files included.
        cpu_seconds: processor time of all processes together.
        throttled_seconds: how long they stood still because their share was used up.
        killed: how many processes the kernel has ended for want of memory.
    """

    def __init__(self, processors: float = 0.5, megabytes: float = 768) -> None:
        self.processors = processors
        self.megabytes = megabytes
        self.peak_mib = self.cpu_seconds = self.throttled_seconds = 0.0
        self.killed = 0
        name = f"sequence-models-{uuid.uuid4().hex[:8]}"
        controllers = ("cpu", "cpuacct", "memory")
        self._cpu, self._cpuacct, self._memory = (CGROUPS / controller / name for controller in controllers)
        self._groups = list({folder.resolve(): folder for folder in (self._cpu, self._cpuacct, self._memory)}.values())

    def __enter__(self) -> "Container":
        for folder in self._groups:
            folder.mkdir(exist_ok=True)  # cpu and cpuacct are one on many systems
        (self._cpu / "cpu.cfs_period_us").write_text(str(PERIOD))
        (self._cpu / "cpu.cfs_quota_us").write_text(str(int(self.processors * PERIOD)))
        (self._memory / "memory.limit_in_bytes").write_text(str(int(self.megabytes * 1_000_000)))
        with contextlib.suppress(OSError):  # not where swap is not counted
            (self._memory / "memory.memsw.limit_in_bytes").write_text(str(int(self.megabytes * 1_000_000)))
        return self

    def command(self, command: list[str]) -> list[str]:
        """The command that runs another one inside; any number may run, one after the other or at once."""
        reduced = ["setpriv", f"--bounding-set=-all,+{CAPABILITIES.replace(',', ',+')}"]
        return ["sh", "-c", ENTER, "sh", *map(str, self._groups), "--", *reduced, *command]

    def measure(self) -> None:
        """Read the figures so far; leaving the block does it too."""
        self.peak_mib = int((self._memory / "memory.max_usage_in_bytes").read_text()) / 2**20
        self.cpu_seconds = int((self._cpuacct / "cpuacct.usage").read_text()) / 1e9
        self.throttled_seconds = _table(self._cpu / "cpu.stat").get("throttled_time", 0) / 1e9
        self.killed = _table(self._memory / "memory.oom_control").get("oom_kill", 0)

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.measure()
        for _ in range(200):  # a process that was killed leaves its group a moment later
            left = [folder for folder in self._groups if not _removed(folder)]
            if not left:
                return
            for folder in left:
                _end_all_in(folder)
            time.sleep(0.01)


def missing() -> str:
    """Why no container can be emulated here, in words; empty where one can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root can emulate a container"
    if not shutil.which("setpriv"):
        return "setpriv (util-linux) is not here"
    for file in ("cpu/cpu.cfs_quota_us", "cpuacct/cpuacct.usage", "memory/memory.limit_in_bytes"):
        if not (CGROUPS / file).exists():
            return f"there is no {CGROUPS / file}: control groups of version 1 are needed"
    try:
        with Container():
            return ""
    except OSError as error:
        return f"control groups cannot be made here: {error}"


def _table(path: Path) -> dict[str, int]:
    """A file of lines such as `oom_kill 0`."""
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # processes are in it
        return False
    return True


def _end_all_in(folder: Path) -> None:
    for pid in (folder / "cgroup.procs").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), 9)


def main(command: list[str]) -> int:
    """Run a command inside and say what it took; its exit status."""
    if why := missing():
        sys.exit(why)
    with Container() as container:
        status = subprocess.run(container.command(command), check=False).returncode
    took = f"{container.peak_mib:.0f} MiB at most, {container.cpu_seconds:.0f} s of CPU"
    print(f"{took}, {container.killed} killed for want of memory")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
