"""Runs an ordinary grader under attack without harm to this machine: `python cage.py`, as root.

For every line {"layout": ..., "command": [...], "seconds": ...} on standard input it runs the command's Python program
in a fork of its own, with torch imported already, and answers with a line when that and all it started are dead.
Inside, the layout is /autograder, temporary folders are fresh, there is no network and no other process, and the
program runs as an unused user id, with limits. Half a second lies between a grader's end
and the end of what it leaves behind: a platform reads results when the grader has ended.
"""

import contextlib
import ctypes
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

USER = 61_190  # no account and no child of our grader has this number
NAMESPACES = 0x20000 | 0x20000000 | 0x40000000 | 0x08000000  # mounts, processes, network, System V
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
LIMITS = {
    resource.RLIMIT_NPROC: 32,
    resource.RLIMIT_AS: 6 << 30,
    resource.RLIMIT_FSIZE: 50 << 20,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_CPU: 60,
}
# The folders that Python needs ($3 and on) stay readable at their places while empty folders cover those around them:
# an ordinary grader imports late, perhaps from below a closed home ($2, "" without one) or a temporary folder.
MOUNTS = """
set -e
mount --make-rprivate /
mount --bind "$1" /autograder
closed="$2"
shift 2
mount -t tmpfs tmpfs /mnt
for kept in "$@"; do mkdir -p "/mnt$kept"; mount --bind "$kept" "/mnt$kept"; done
if [ -n "$closed" ]; then mount -t tmpfs -o mode=755 tmpfs "$closed"; fi
for folder in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o size=64m,mode=1777 tmpfs $folder; done
for kept in "$@"; do mkdir -p "$kept"; mount --move "/mnt$kept" "$kept"; done
umount /mnt
mount -t proc proc /proc
"""


def main() -> None:
    for name in ("torch", "safetensors.numpy", "pytest", "gradescope_utils.autograder_utils.json_test_runner"):
        __import__(name)
    import torch

    torch.set_num_threads(1)
    torch.nn.Linear(2, 2)(torch.zeros(1, 2)).sum().backward()
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            enclose(request)
        wait(pid, request["seconds"])
        print("done", flush=True)


def wait(pid: int, seconds: float) -> None:
    """Wait for a process, and kill it if it takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def enclose(request: dict[str, Any]) -> None:
    """Enter new namespaces and run the grader there; never returns."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if libc.unshare(NAMESPACES):
        os._exit(1)
    first = os.fork()
    if first:
        os.waitpid(first, 0)
        os._exit(0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    kept = list(dict.fromkeys([sys.base_prefix, sys.prefix]))
    subprocess.run(["sh", "-c", MOUNTS, "sh", request["layout"], closed_home(Path(sys.base_prefix)), *kept], check=True)
    grader = os.fork()
    if grader == 0:
        with contextlib.suppress(BaseException):
            grade(request["command"])
        os._exit(1)
    os.waitpid(grader, 0)
    time.sleep(0.5)
    os._exit(0)  # this also ends all processes in its namespace


def grade(command: list[str]) -> None:
    """Become an ordinary user's `python COMMAND`."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.closerange(3, 256)
    for kind, limit in LIMITS.items():
        resource.setrlimit(kind, (limit, limit))
    os.nice(10)
    os.setsid()
    os.chdir("/autograder/source")
    os.environ.clear()
    os.environ.update(PATH="/usr/bin:/bin", HOME="/tmp", OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1")
    sys.dont_write_bytecode = True
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    sys.path[0] = os.getcwd()
    module = command[0] == "-m"
    sys.argv = command[module:]
    status = 0
    try:
        if module:
            runpy.run_module(command[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(command[0], run_name="__main__")
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    sys.exit(status)  # runs what is registered for the interpreter's exit


def closed_home(prefix: Path) -> str:
    """The topmost folder above the interpreter that others may not enter; "" without one."""
    closed = [folder for folder in prefix.parents if not folder.stat().st_mode & 1]
    return str(closed[-1]) if closed else ""


if __name__ == "__main__":
    main()
