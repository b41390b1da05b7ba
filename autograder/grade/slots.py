"""Slots: a user for the children of each grader on this machine, and the end of all that such a user runs.

Every slot has two numbers that need no account: the user, and a guardian who may signal the user's processes and
whom they cannot signal. Guardians differ, for one may signal the other.
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
USERS = range(60_706, 60_706 + GUARDIANS)  # with the guardians: numbers that neither accounts nor systemd have
LOCKS = Path("/run/sequence-models")  # which users are taken; only root gets in
PATIENCE = 10.0  # seconds for processes to end that were killed; on a crowded machine that takes some


class NoSlot(Exception):
    """All slots are taken."""


def take() -> tuple[int | None, int | None]:
    """A user whom nobody else has now, and the locked file that says so while it is open; none without root.

    Raises:
        NoSlot: when all are taken.
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
        return None, None  # root only in name, without the right to become another user
    raise NoSlot(f"{len(USERS)} graders run on this machine already")


def _has_account(number: int) -> bool:
    for lookup in (pwd.getpwuid, grp.getgrgid):
        with contextlib.suppress(KeyError):
            lookup(number)
            return True
    return False


def users() -> set[int]:
    """The users of all other processes that live."""
    found = set()
    for process in os.scandir("/proc"):
        if process.name.isdigit() and int(process.name) != os.getpid():
            with contextlib.suppress(OSError, KeyError, ValueError):
                lines = Path(process.path, "status").read_text(errors="replace").splitlines()
                fields = dict(line.split(":", 1) for line in lines if ":" in line)
                if fields["State"].split()[0] not in "ZX":
                    found |= set(map(int, fields["Uid"].split()))
    return found


def end_all_of(user: int) -> bool:
    """Kill every process of a user, also those that have left its session; whether none lives any more."""
    pid = os.fork()
    if pid == 0:
        done = False
        with contextlib.suppress(BaseException):
            sandbox.become(user, user + GUARDIANS)
            done = _kill_all(user)
        os._exit(int(not done))
    return os.waitpid(pid, 0)[1] == 0


def _kill_all(user: int) -> bool:
    """Kill whatever this process may signal, which are the user's processes, until there is none."""
    until = time.monotonic() + PATIENCE
    rounds = 0
    while time.monotonic() < until:
        try:
            os.kill(-1, signal.SIGKILL)  # takes effect a moment later, and reaches the dead too
        except ProcessLookupError:
            return True
        rounds += 1
        if rounds % 50 == 0 and user not in users():  # only the dead are left, whom nobody collects
            return True
        time.sleep(0.0005)
    return False


class Killer:
    """A process that waits to do what `end_all_of` does: forked while its parent is small, which costs little."""

    def __init__(self, user: int) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                self._serve(user, theirs, parent)
            os._exit(1)
        theirs.close()

    def _serve(self, user: int, channel: socket.socket, parent: int) -> None:
        os.dup2(channel.fileno(), 0)
        os.closerange(1, os.sysconf("SC_OPEN_MAX"))
        sandbox.become(user, user + GUARDIANS)
        sandbox.end_with_parent(parent)
        while os.read(0, 1):
            os.write(0, b"1" if _kill_all(user) else b"0")

    def begin(self) -> None:
        """Have it kill; meanwhile the caller collects the dead among its children."""
        self._channel.send(b"1")

    def done(self) -> bool:
        """Whether nothing of the user's lives any more.

        Raises:
            TimeoutError: when it cannot be ended.
        """
        try:
            answer = self._channel.recv(1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        if answer != b"1":
            raise TimeoutError("processes of student code do not end")
        return True
