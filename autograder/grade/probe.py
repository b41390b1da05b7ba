"""Tries in a child what student code could do, before a submission is graded.

"not isolated: ..." names what can change a grade or carry a secret out. "note: ..." names what cannot, because another
layer still prevents it, or because it harms only the submission itself.
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

LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_CORE, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
OPEN_TO_ALL = ("/etc/passwd", "/proc/self/status", "/proc/1/status")  # files that every user of a machine can read
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # folders where every user can write
# Calls from each group that the filter denies; with these senseless arguments they do nothing.
CALLS = (
    "execve", "shmget", "mq_open", "memfd_create", "keyctl", "ptrace", "process_vm_readv", "setuid", "personality",
    "unshare", "io_uring_setup", "pidfd_open", "perf_event_open", "userfaultfd", "flock",
)  # fmt: skip
# Commands of calls that do many things: locks on others' files, watches, signals, rights of a process.
COMMANDS = {
    "fcntl": {"F_SETLK": 6, "F_SETOWN": 8, "F_OFD_SETLK": 37, "F_SETLEASE": 1024, "F_NOTIFY": 1026},
    "ioctl": {"FIOASYNC": 0x5452, "FICLONE": 0x40049409},
    "prctl": {"PR_SET_PDEATHSIG": 1, "PR_SET_DUMPABLE": 4, "PR_SET_SECCOMP": 22},
}
NEW_CALLS = {"io_uring_setup": 425, "pidfd_open": 434}  # the same on all processors


def find_problems(tree: Path, closed: Sequence[str], unwritable: Sequence[str], needed: Sequence[str]) -> list[str]:
    """As the user of student code, try what must fail and what must work; return sentences about surprises.

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
    late = "it imports what the grader has imported before, which is all of the standard library and what is used most"
    problems += [f"note: student code cannot read {path}: {late}" for path in needed if not _reads(path)]
    return problems


def _reads(path: str) -> bool:
    try:
        if os.path.isdir(path):
            return bool(os.listdir(path))  # an empty folder mounted over a secret reveals nothing
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
    """Whether this process could outlive the zygote."""
    number = ctypes.c_int(0)
    LIBC.prctl(syscalls.PR_GET_PDEATHSIG, ctypes.byref(number), 0, 0, 0)
    return number.value == 0


def _calls() -> list[str]:
    """The names from CALLS and COMMANDS that are not refused."""
    machine = syscalls.machine()
    commands = [(call, name, number) for call, names in COMMANDS.items() for name, number in names.items()]
    if machine is None:
        return [*CALLS, *(f"{call}({name})" for call, name, _ in commands)]
    numbers = syscalls.numbers(machine) | NEW_CALLS
    return [
        *(name for name in CALLS if _answers(numbers[name], -1, -1)),
        *(
            f"{call}({name})"
            for call, name, number in commands
            if _answers(getattr(machine, call), *((number, -1) if call == "prctl" else (-1, number)))
        ),
    ]


def _answers(number: int, *arguments: int) -> bool:
    refused = (errno.EPERM, errno.ENOSYS)
    return LIBC.syscall(number, *arguments, 0, 0, 0, 0) >= 0 or ctypes.get_errno() not in refused


# In the order in which a child adds its layers: the sentence for a successful attempt, and the attempt.
ATTEMPTS: tuple[tuple[str, Callable[[], bool]], ...] = (
    ("not isolated: student code sees the grader's environment", lambda: bool(os.environ.keys() - ENVIRONMENT)),
    ("not isolated: student code has files of the grader open", _has_descriptors),
    ("not isolated: student code runs in the grader's session", lambda: os.getsid(0) != os.getpid()),
    (
        "note: student code has no limit on memory, processor time, files or descriptors",
        lambda: any(resource.getrlimit(kind)[0] == resource.RLIM_INFINITY for kind in LIMITS),
    ),
    (
        "note: student code can gain rights by running programs",
        lambda: LIBC.prctl(syscalls.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1,
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
