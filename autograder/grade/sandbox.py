"""What a child gives up before student code runs in it. Linux; without root it keeps the grader's user.

Every layer is one that ordinary containers allow. Whatever the system lacks is left out, and `probe` says so.
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
        memory: bytes that it may map above what the zygote has mapped.
        seconds: CPU seconds, a second line behind the wall clock outside.
        parent: the zygote, with whom the child ends.
        layers: of the kernel's filters, those to use; all but in tests.
    """

    user: int | None
    home: str
    tree: str
    memory: int
    seconds: int
    parent: int
    layers: Sequence[str] = LAYERS


def enter(jail: Jail, result: int, output: int, readable: Sequence[tuple[int, int]]) -> None:
    """Turn this freshly forked process into a child: descriptors, session, limits, user, then the kernel's filters.

    Args:
        readable: what `landlock.open_readable` returned in the zygote.
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
    """Take on a user, its group and no other; with another real user, whom its processes cannot signal."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(real, user, real)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before that
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of the processes below whose parents end, so that they can be waited for."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _keep_descriptors(result: int, output: int, rules: int | None) -> int | None:
    """Standard output to one pipe, results to another, input and errors to nowhere, nothing else open.

    What native code writes to descriptor 2 was not printed by the student. What Python writes there is (`child`).

    Returns:
        The number that the rules have now.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    wanted = [nothing, output, nothing, result, *([] if rules is None else [rules])]
    above = [fcntl.fcntl(each, fcntl.F_DUPFD, 2 * len(wanted)) for each in wanted]  # where nothing is overwritten
    for target, source in enumerate(above):
        os.dup2(source, target)
    os.closerange(len(wanted), os.sysconf("SC_OPEN_MAX"))
    return None if rules is None else RESULT + 1


def _limit(jail: Jail) -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")  # rather this process than the grader
    limits = {
        resource.RLIMIT_AS: address_space() + jail.memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: jail.seconds,
        resource.RLIMIT_FSIZE: MAX_FILE,
        resource.RLIMIT_NOFILE: 256,
    }
    if jail.user is not None:  # counts all processes of a user: without a user of its own it would count ours
        limits[resource.RLIMIT_NPROC] = MAX_PROCESSES
    for what, limit in limits.items():
        hard = resource.getrlimit(what)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (limit, limit))


def address_space() -> int:
    """Bytes that this process has mapped; torch alone maps gigabytes that it never touches."""
    with contextlib.suppress(OSError, StopIteration), Path("/proc/self/status").open() as lines:
        return int(next(line for line in lines if line.startswith("VmSize")).split()[1]) << 10
    return 8 << 30


def end(pid: int) -> None:
    """Kill a child and its session; harmless when it has ended by itself and is not yet collected."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
