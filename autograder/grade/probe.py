"""What student code could do, found out by trying it in a child before any submission is graded.

"not isolated: ..." is said of what can change a grade or carry a secret out, "note: ..." of what cannot, because
another layer stands behind it, or because it harms nothing but the submission itself.
"""

import ctypes
import errno
import fcntl
import os
import resource
import socket
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from autograder.grade import syscalls
from autograder.grade.sandbox import ENVIRONMENT, LIBC, RESULT

PR_GET_PDEATHSIG, PR_GET_NO_NEW_PRIVS = 2, 39
LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
OPEN_TO_ALL = ("/etc/passwd", "/proc/self/status", "/proc/1/status")  # what every user of a machine can read
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # where every user can write
# Calls that do nothing with senseless arguments, from each group that the filter denies.
CALLS = (
    "execve", "shmget", "mq_open", "memfd_create", "keyctl", "ptrace", "process_vm_readv", "setuid", "personality",
    "unshare", "io_uring_setup", "pidfd_open", "perf_event_open", "userfaultfd",
)  # fmt: skip
NEW_CALLS = {"io_uring_setup": 425, "pidfd_open": 434}  # everywhere the same


def opens(tree: Path, closed: Sequence[str], unwritable: Sequence[str], needed: Sequence[str]) -> list[str]:
    """Try, as the user that student code will be, what must fail and what must work; return what surprises.

    Args:
        tree: the graded tree, which belongs to the grader.
        closed: paths that must not be readable.
        unwritable: paths that must not be writable.
        needed: paths that should be readable.
    """
    if not _reads(str(tree)):
        return [f"not isolated: nothing can be graded, student code cannot read {tree}: is {tree.parents[1]} closed?"]
    if os.getuid() == tree.stat().st_uid:
        problems = ["not isolated: without root, student code runs as the user who grades"]
    else:
        problems = ["not isolated: student code keeps groups of the grader"] if os.getgroups() else []
    problems += [f"not isolated: student code can read {path} (chmod o= {path})" for path in closed if _reads(path)]
    problems += [f"not isolated: student code can write to {path}" for path in unwritable if _writes(path)]
    problems += [words for words, attempt in ATTEMPTS if attempt()]
    if calls := _calls():
        problems.append(f"note: no seccomp here: student code can make the system calls {', '.join(calls)}")
    late = "what it imports late fails, what the grader has imported works"
    problems += [f"note: student code cannot read {path}: {late}" for path in needed if not _reads(path)]
    return problems


def _reads(path: str) -> bool:
    try:
        if os.path.isdir(path):
            return bool(os.listdir(path))  # an empty folder, mounted over a secret, gives nothing away
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def _writes(path: str) -> bool:
    try:
        if os.path.isdir(path):
            tempfile.TemporaryFile(dir=path).close()
        else:
            os.close(os.open(path, os.O_WRONLY | os.O_APPEND))
    except OSError:
        return False
    return True


def _connects() -> bool:
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        try:
            socket.socket(family, socket.SOCK_DGRAM).close()
        except OSError:
            continue
        return True
    return False


def _signals() -> bool:
    try:
        os.kill(os.getppid(), 0)
    except OSError:
        return False
    return True


def _forks() -> bool:
    try:
        pid = os.fork()
    except OSError:
        return False
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


def _has_descriptors() -> bool:
    for descriptor in range(RESULT + 1, 1024):
        try:
            fcntl.fcntl(descriptor, fcntl.F_GETFD)
        except OSError:
            continue
        return True
    return False


def _outlives() -> bool:
    """Whether the kernel would let this process live on after the zygote."""
    number = ctypes.c_int(0)
    LIBC.prctl(PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    return number.value == 0


def _calls() -> list[str]:
    """Those of the calls in CALLS that are not refused."""
    machine = syscalls.machine()
    if machine is None:
        return list(CALLS)
    numbers = syscalls.numbers(machine) | NEW_CALLS
    return [name for name in CALLS if _answers(numbers[name])]


def _answers(number: int) -> bool:
    refused = (errno.EPERM, errno.ENOSYS)
    return LIBC.syscall(number, -1, -1, 0, 0, 0, 0) >= 0 or ctypes.get_errno() not in refused


# The layers in the order in which a child takes them on: what to say when the attempt succeeds.
ATTEMPTS: tuple[tuple[str, Callable[[], bool]], ...] = (
    ("not isolated: student code sees the grader's environment", lambda: bool(os.environ.keys() - ENVIRONMENT)),
    ("not isolated: student code has files of the grader open", _has_descriptors),
    ("not isolated: student code runs in the grader's session", lambda: os.getsid(0) != os.getpid()),
    (
        "note: student code has no limit on memory, processor time, files or descriptors",
        lambda: any(resource.getrlimit(what)[0] == resource.RLIM_INFINITY for what in LIMITS),
    ),
    (
        "note: student code can gain rights by running programs",
        lambda: LIBC.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1,
    ),
    ("note: student code can outlive a grader that is killed", _outlives),
    ("note: no landlock here: student code can read what every user can", lambda: any(map(_reads, OPEN_TO_ALL))),
    (
        "note: no landlock here: student code can write to folders that are open to all; they are swept after it",
        lambda: any(map(_writes, SHARED)),
    ),
    ("not isolated: student code can open network connections", _connects),
    ("not isolated: student code can signal the grader", _signals),
    ("note: student code can start processes; they are ended with it", _forks),
)
