"""Takes rights away from a child before student code runs in it. Linux only; without root it keeps the grader's user.

Ordinary containers allow every layer. A layer that the system lacks is left out, and `probe` says so.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.grade import landlock, syscalls

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

RESULT = 3  # the descriptor on which a child sends its results
MAX_FILE = 16 << 20  # bytes that a child can write into one file
MAX_PROCESSES = 64  # threads count too
LAYERS = ("landlock", "seccomp")
ENVIRONMENT = {"HOME", "TMPDIR", "PATH", "LANG", "USER"}

LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Jail:
    """Where and as whom a child runs.

    Attributes:
        user: the numeric user and group of this slot, which need no account; None without root.
        home: its private folder, the only place that can be written.
        tree: the graded tree.
        memory: bytes that it may map beyond those that the zygote has mapped.
        seconds: CPU seconds, in case the wall clock outside fails.
        parent: the zygote; the child ends with it.
        layers: the kernel's filters to use; tests use fewer.
    """

    user: int | None
    home: str
    tree: str
    memory: int
    seconds: int
    parent: int
    layers: Sequence[str] = LAYERS


def enter(jail: Jail, result: int, output: int, readable: Sequence[tuple[int, int]]) -> None:
    """Turn this forked process into a child: set descriptors, session, limits and user, then the kernel's filters.

    Args:
        readable: the result of `landlock.open_readable` in the zygote.
    """
    rules = landlock.ruleset(LIBC, readable, jail.tree, jail.home) if "landlock" in jail.layers else None
    rules = _keep_descriptors(result, output, rules)
    os.setsid()
    _limit(jail)
    os.chdir(jail.home)
    os.environ.clear()
    os.environ.update(HOME=jail.home, TMPDIR=jail.home, PATH="/usr/bin:/bin", LANG="C.UTF-8", USER="student")
    if jail.user is not None:
        become(jail.user, jail.user)
    LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    end_with_parent(jail.parent)  # after setresuid, which undoes it
    if rules is not None:
        landlock.restrict(LIBC, rules)
        os.close(rules)
    if "seccomp" in jail.layers:
        with contextlib.suppress(OSError):
            syscalls.restrict(LIBC)


def become(user: int, real: int) -> None:
    """Become a user with its group alone; a different real user cannot be signalled by that user's processes."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(real, user, real)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of descendants whose parents end, so that they can be waited for."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _keep_descriptors(result: int, output: int, rules: int | None) -> int | None:
    """Connect standard output and results to two pipes, input and errors to /dev/null, and close everything else.

    Native code's output on descriptor 2 does not count as printed by the student; Python's does (see `child`).

    Returns:
        The new number of the rules' descriptor.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    wanted = [nothing, output, nothing, result, *([] if rules is None else [rules])]
    above = [
        fcntl.fcntl(descriptor, fcntl.F_DUPFD, 2 * len(wanted)) for descriptor in wanted
    ]  # to numbers that are not overwritten below
    for target, source in enumerate(above):
        os.dup2(source, target)
    os.closerange(len(wanted), os.sysconf("SC_OPEN_MAX"))
    return None if rules is None else RESULT + 1


def _limit(jail: Jail) -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # out of memory, kill this process before the grader
    limits = {
        resource.RLIMIT_AS: address_space() + jail.memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: jail.seconds,
        resource.RLIMIT_FSIZE: MAX_FILE,
        resource.RLIMIT_NOFILE: 256,
    }
    if jail.user is not None:  # it counts all processes of a user, without an own user also the grader's
        limits[resource.RLIMIT_NPROC] = MAX_PROCESSES
    for kind, limit in limits.items():
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))


def address_space() -> int:
    """Bytes that this process has mapped; torch alone maps gigabytes that it never uses."""
    with contextlib.suppress(OSError, StopIteration), Path("/proc/self/status").open() as lines:
        return int(next(line for line in lines if line.startswith("VmSize")).split()[1]) << 10
    return 8 << 30


def end(pid: int) -> None:
    """Kill a child and its session; harmless if it has ended by itself and was not reaped yet."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
