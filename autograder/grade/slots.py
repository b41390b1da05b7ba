"""Slots: a user id for the children of each grader on this machine, and the killing of all its processes.

Every slot has two numbers that need no account: the user, and a guardian, who may signal the user's processes and
cannot be signalled by them. Every slot has its own guardian, because processes of one guardian may signal each other.
"""

import contextlib
import fcntl
import grp
import os
import pwd
import signal
import socket
import time
from pathlib import Path

from autograder.grade import sandbox

GUARDIANS = 238  # the distance from a user to its guardian
USERS = range(60_706, 60_706 + GUARDIANS)  # with the guardians: numbers that neither accounts nor systemd use
LOCKS = Path("/run/sequence-models")  # a file for each user that is taken; only root can open the folder
PATIENCE = 10.0  # seconds for killed processes to end, which takes time on a busy machine


class NoSlot(Exception):
    """All slots are taken."""


def take() -> tuple[int | None, int | None]:
    """A free user id, and the locked file that reserves it while it is open; (None, None) without root.

    Raises:
        NoSlot: if all are taken.
    """
    if os.geteuid() != 0:
        return None, None
    LOCKS.mkdir(mode=0o700, exist_ok=True)
    running = users()
    for user in USERS:
        if user in running or _has_account(user) or _has_account(user + GUARDIANS):
            continue
        lock = os.open(LOCKS / str(user), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            continue
        if end_all_of(user):
            return user, lock
        os.close(lock)
        return None, None  # root in name only: it cannot become another user
    raise NoSlot(f"{len(USERS)} graders run on this machine already")


def _has_account(number: int) -> bool:
    for lookup in (pwd.getpwuid, grp.getgrgid):
        with contextlib.suppress(KeyError):
            lookup(number)
            return True
    return False


def users() -> set[int]:
    """The user ids of all other running processes."""
    ids = set()
    for process in os.scandir("/proc"):
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError, KeyError, ValueError):
                lines = Path(process.path, "status").read_text(errors="replace").splitlines()
                fields = dict(line.split(":", 1) for line in lines if ":" in line)
                if fields["State"].split()[0] not in "ZX":
                    ids |= set(map(int, fields["Uid"].split()))
    return ids


def end_all_of(user: int) -> bool:
    """Kill every process of a user, also outside its session; return whether all have ended."""
    pid = os.fork()
    if pid == 0:
        done = False
        with contextlib.suppress(BaseException):
            sandbox.become(user, user + GUARDIANS)
            done = _kill_all(user)
        os._exit(int(not done))
    return os.waitpid(pid, 0)[1] == 0


def _kill_all(user: int) -> bool:
    """Kill all processes that this one may signal, which are the user's, until there are none."""
    until = time.monotonic() + PATIENCE
    rounds = 0
    while time.monotonic() < until:
        try:
            os.kill(-1, signal.SIGKILL)  # takes effect a moment later
        except ProcessLookupError:  # where no other process can be seen, and in gVisor
            return True
        except PermissionError:  # where others can be seen, and none may be signalled; Linux calls that a success
            pass
        if _is_without_processes(user):
            return True
        rounds += 1
        if rounds % 50 == 0 and user not in users():  # only zombies are left that nobody reaps
            return True
        time.sleep(0.0005)
    return False


def _is_without_processes(user: int) -> bool:
    """Whether the kernel knows no process of a real user, zombies included. gVisor always says that there is one."""
    try:
        os.getpriority(os.PRIO_USER, user)
    except ProcessLookupError:
        return True
    return False


class Killer:
    """A process that waits to do what `end_all_of` does; it is forked while its parent is small, which is fast."""

    def __init__(self, user: int) -> None:
        self._channel, child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                self._serve(user, child_end, parent)
            os._exit(1)
        child_end.close()

    def _serve(self, user: int, channel: socket.socket, parent: int) -> None:
        os.dup2(channel.fileno(), 0)
        os.closerange(1, os.sysconf("SC_OPEN_MAX"))
        sandbox.become(user, user + GUARDIANS)
        sandbox.end_with_parent(parent)
        while os.read(0, 1):
            os.write(0, b"1" if _kill_all(user) else b"0")

    def begin(self) -> None:
        """Start killing; meanwhile the caller reaps its children."""
        self._channel.send(b"1")

    def done(self) -> bool:
        """Whether all processes of the user have ended.

        Raises:
            TimeoutError: if a process does not end.
        """
        try:
            answer = self._channel.recv(1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        if answer != b"1":
            raise TimeoutError("processes of student code do not end")
        return True
