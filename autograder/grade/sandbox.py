"""What a child gives up before student code runs in it. Linux; without root only the limits apply."""

import contextlib
import ctypes
import os
import resource
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

UNTOUCHABLE = 61_183  # a user that no account and no child has
RESULT = 3  # the descriptor on which a child sends its results
MAX_FILE = 16 << 20  # bytes that a child can write into one file
MAX_PROCESSES = 64


@dataclass(frozen=True)
class Jail:
    """Where and as whom a child runs.

    Attributes:
        user: the numeric user and group of this slot, which need no account; None without root.
        home: its private folder, the only place that is meant to be written.
        memory: bytes that it may map above what the zygote has mapped.
        seconds: CPU seconds, a second line behind the wall clock outside.
    """

    user: int | None
    home: str
    memory: int
    seconds: int


def enter(jail: Jail, result: int, output: int) -> None:
    """Turn this freshly forked process into a child: descriptors, session, limits, then the user."""
    _keep_descriptors(result, output)
    os.setsid()
    _limit(jail)
    os.chdir(jail.home)
    os.environ.clear()
    os.environ.update(HOME=jail.home, TMPDIR=jail.home, PATH="/usr/bin:/bin", LANG="C.UTF-8", USER="student")
    if jail.user is not None:
        os.setgroups([])
        os.setresgid(jail.user, jail.user, jail.user)
        os.setresuid(jail.user, jail.user, jail.user)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # after setresuid, which clears it


def _keep_descriptors(result: int, output: int) -> None:
    """Standard input from nowhere, output and errors to one pipe, results to another, nothing else open."""
    result, output = os.dup(result), os.dup(output)  # above the numbers that are assigned now
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2), (result, RESULT)):
        os.dup2(source, target)
    os.closerange(RESULT + 1, os.sysconf("SC_OPEN_MAX"))


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


def opens(closed: Sequence[str], unwritable: Sequence[str], needed: Sequence[str]) -> list[str]:
    """Try, as the user that student code will be, what must fail and what must work; return what surprises."""
    problems = [
        f"not isolated: student code can read {path} (chmod o= {path})" for path in closed if _can(path, os.O_RDONLY)
    ]
    problems += [f"not isolated: student code can write to {path}" for path in unwritable if os.access(path, os.W_OK)]
    late = "what it imports late fails, what the grader has imported works"
    problems += [f"note: student code cannot read {path}: {late}" for path in needed if not _can(path, os.O_RDONLY)]
    return problems


def _can(path: str, how: int) -> bool:
    try:
        descriptor = os.open(path, how)
    except OSError:
        return False
    try:
        return not os.path.isdir(path) or _lists(path)
    finally:
        os.close(descriptor)


def _lists(path: str) -> bool:
    """Whether a folder shows anything: an empty one, mounted over a secret, gives nothing away."""
    try:
        return bool(os.listdir(path))
    except OSError:
        return False


def end_all_of(user: int) -> None:
    """Kill every process of a slot's user, also those that have left its session."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(UNTOUCHABLE, user, UNTOUCHABLE)  # may kill them; none of them may kill it
            os.kill(-1, signal.SIGKILL)  # reaches exactly the processes that this user may signal
        os._exit(0)
    os.waitpid(pid, 0)
