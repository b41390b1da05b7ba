"""The judge's side of the zygote: starts it, requests children, reads what they send, and ends them in time."""

import contextlib
import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from autograder.grade import sandbox, slots, wire
from autograder.grade.overlay import TEMPORARY, remove
from autograder.grade.sandbox import Jail
from autograder.grade.wire import Item
from autograder.rubric import Limits
from harness.outcome import Fault, Outcome, decode

START_SECONDS = 120.0  # enough to import torch on half a slow processor
REFERENCE_SECONDS = 0.06  # for the zygote's fixed work, on the machine for which the limits were chosen
SLOWEST = 3.0  # times slower than the reference; waiting longer does not help a machine that is slower still
ANSWER_SECONDS = 30.0  # for the zygote to fork a child, and to end one with all processes of its user
CROWDED = 5.0  # times a test's seconds: the limit with waiting for processors, which a child could cause itself
SPARE = 256 << 20  # bytes of disk that stay free
LOOK = 0.1  # seconds between two checks of the disk, at most
MOMENT = 0.01  # and at least
KEPT = 1 << 14  # bytes of what a child prints
SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock", "/var/lock", "/var/crash")
IPC_RMID = 0
# One thread, whatever student code asks for, because OpenMP ends the process if it cannot start a thread.
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_THREAD_LIMIT"), "1")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **THREADS}
START = "import sys; sys.path.insert(0, {0!r}); from autograder.grade import zygote; zygote.main({0!r}, {1}, {2}, {3})"


class ZygoteDied(Exception):
    """The zygote cannot be started, or has ended unexpectedly."""


@dataclass
class Run:
    """The result of one child.

    Attributes:
        outcomes: index of an item -> its outcome, for a prefix of the items.
        end: "done", "timeout", "disk", "exit 3", "signal 9" or "garbage": why outcomes end after that prefix.
        printed: whether anything was printed.
        output: the beginning of what was printed.
        seconds: index of an item -> its wall time, also of the item that ended the child; the first includes its start.
        memory: the most MiB that the child had in memory, what it shares with the zygote included.
    """

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    end: str = "done"
    printed: bool = False
    output: bytes = b""
    seconds: dict[int, float] = field(default_factory=dict)
    memory: float = 0.0


class Warden:
    """Owns one zygote and one slot: at most one child at a time.

    Args:
        source: the unpacked kit.
        limits: the rubric's.

    The zygote ends with the thread that created the warden.
    """

    def __init__(self, source: Path, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.layers: Sequence[str] = sandbox.LAYERS
        self.user, self._slot = slots.take()
        self.slow = 1.0  # how much slower than the reference this machine is
        self._start()

    def close(self) -> None:
        """End the zygote and free the slot for another grader."""
        self._stop()
        if self._slot is not None:
            os.close(self._slot)
            self._slot = None

    def _stop(self) -> None:
        """End the zygote, and all processes that a child has left."""
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self.user is not None:
            slots.end_all_of(self.user)
            _sweep(self.user)

    def _start(self) -> None:
        own_end, zygote_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        script = START.format(str(self.source), zygote_end.fileno(), os.getpid(), self.user)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", script],
            stdin=subprocess.DEVNULL,
            pass_fds=[zygote_end.fileno()],
            env=ENVIRONMENT,
            cwd="/",
        )
        zygote_end.close()
        self._control = own_end
        ready = self._receive(START_SECONDS)
        if "failed" in ready:
            raise ZygoteDied(f"the process that imports torch for student code cannot start: {ready['failed']}")
        self.slow = min(SLOWEST, max(1.0, float(ready["seconds"]) / REFERENCE_SECONDS))

    def _receive(self, seconds: float) -> dict[str, Any]:
        self._control.settimeout(seconds)
        try:
            packet = self._control.recv(1 << 20)
        except OSError as error:
            raise ZygoteDied(f"the zygote does not answer: {error}") from None
        if not packet:
            raise ZygoteDied("the zygote has ended")
        message: dict[str, Any] = json.loads(packet)
        return message

    def run(self, overlay: Path, items: Sequence[Item], until: float) -> Run:
        """Run the items in a child; each test may take the rubric's seconds, and all must end by `until`.

        Args:
            until: a time of `time.monotonic`.

        Time in which a child waits for a processor of a busy machine does not count.

        If the zygote dies, a new one tries again; if that dies, too, the child has no outcomes.

        Raises:
            ZygoteDied: if no new zygote can be started.
        """
        for _ in range(2):
            try:
                return self._run(overlay, items, until)
            except (ZygoteDied, ConnectionError):
                self._stop()
                self._start()
        return Run(end="signal 9")

    def _run(self, overlay: Path, items: Sequence[Item], until: float) -> Run:
        with self._home() as home, _Pipe() as result, _Pipe() as output:
            packet = json.dumps(asdict(self._jail(home, overlay))).encode()
            orders = _file([item.to_json() for item in items])
            try:
                socket.send_fds(self._control, [packet], [orders, result.write, output.write])
            except OSError as error:
                raise ZygoteDied(f"the zygote takes no message: {error}") from None
            finally:
                os.close(orders)
            result.close_write()
            output.close_write()
            pid = int(self._receive(ANSWER_SECONDS)["pid"])
            reading = _Reading(items, pid, self.limits.test_seconds * self.slow, until, home)
            reading.follow(result.read, output.read, self._control)
            sandbox.end(pid)  # its process id stays taken until it is reaped, so nothing else can be hit
            self._control.send(b"reap")
            reaped = self._receive(ANSWER_SECONDS)
            if "ended" in reaped:  # sent before the zygote read our message
                reaped = self._receive(ANSWER_SECONDS)
            if self.user is not None:
                _sweep(self.user)  # no child may leave a file for the next one
            return reading.finish(int(reaped["exit"]), int(reaped["memory"]) / 1024)

    def _jail(self, home: Path, overlay: Path) -> Jail:
        return Jail(
            user=self.user,
            home=str(home),
            tree=str(overlay),
            memory=self.limits.memory_mib << 20,
            seconds=int(self.limits.overall_seconds) + 1,
            parent=self._process.pid,
            layers=self.layers,
        )

    @contextlib.contextmanager
    def _home(self) -> Iterator[Path]:
        """A private folder for one child, removed afterwards with its content."""
        home = Path(tempfile.mkdtemp(prefix="child-", dir=TEMPORARY))
        try:
            if self.user is not None:
                os.chown(home, self.user, self.user)
            yield home
        finally:
            remove(home)


class _Reading:
    """Reads one child's frames and keeps its deadlines."""

    def __init__(self, items: Sequence[Item], pid: int, seconds: float, until: float, home: Path) -> None:
        self.items = items
        self.pid = pid
        self.home = home
        self._least = min(SPARE, _free(home) // 2)
        self.seconds = seconds
        self.until = until
        self.run = Run()
        self._frames = wire.Frames()
        self._extend()
        self._lap = self._begun

    def _extend(self) -> None:
        self._begun, self._waited = time.monotonic(), waited_for_processor(self.pid)

    def _left(self) -> float:
        """Seconds for which the child may go on at least."""
        now = time.monotonic()
        taken = now - self._begun
        if taken + LOOK < self.seconds:  # whatever it has waited, nothing ends before the next check
            return min(self.until - now, self.seconds - taken)
        waited = waited_for_processor(self.pid) - self._waited
        return min(self.until - now, self.seconds - (taken - waited), CROWDED * self.seconds - taken)

    def follow(self, result: int, output: int, control: socket.socket) -> None:
        """Read until every item is answered, the child has ended, or time is up."""
        with selectors.DefaultSelector() as selector:
            for source in (result, output, control.fileno()):
                selector.register(source, selectors.EVENT_READ)
            while len(self.run.outcomes) < len(self.items):
                left = self._left()
                if left <= 0:
                    self.run.end = "timeout"
                    return
                if _free(self.home) < self._least:
                    self.run.end = "disk"
                    return
                ready = {key.fd for key, _ in selector.select(min(max(left, MOMENT), LOOK))}
                if output in ready and not self._drain(output):
                    selector.unregister(output)
                if result in ready:
                    if not self._take(result):
                        selector.unregister(result)  # the child has ended, or closed its end and cannot send more
                    if self.run.end == "garbage":
                        return
                elif control.fileno() in ready:  # the child has ended; a grandchild may still hold the empty pipe open
                    return

    def _drain(self, output: int) -> bool:
        """Read what is printed, so that the child does not block, and keep the beginning."""
        data = os.read(output, 1 << 16)
        self.run.printed |= bool(data)
        self.run.output += data[: KEPT - len(self.run.output)]
        return bool(data)

    def _take(self, result: int) -> bool:
        """Read a piece of the result pipe; False if nothing more can be read from it."""
        data = os.read(result, 1 << 16)
        try:
            for index, payload in self._frames.feed(data):
                self._note(index, payload)
        except wire.BrokenFrame:
            self.run.end = "garbage"
            return False
        return bool(data)

    def _note(self, index: int, payload: bytes) -> None:
        """Keep the first answer to the next item; discard a second answer, and answers to other items."""
        if index != len(self.run.outcomes) or index >= len(self.items):
            return
        try:
            (outcome,) = decode(payload, wire.MAX_HEADER)[0].values()
        except ValueError as error:
            outcome = Outcome(fault=Fault("Unreadable", str(error), "the result"))
        self.run.outcomes[index] = outcome
        self._time(index)
        if index + 1 == len(self.items) or self.items[index + 1].name != self.items[index].name:
            self._extend()  # the limit is for a test with all its seeds

    def _time(self, index: int) -> None:
        before, self._lap = self._lap, time.monotonic()
        self.run.seconds[index] = self._lap - before

    def finish(self, status: int, memory: float) -> Run:
        if len(self.run.outcomes) < len(self.items):
            self._time(len(self.run.outcomes))
            if self.run.end == "done":
                self.run.end = f"signal {-status}" if status < 0 else f"exit {status}"
        self.run.memory = memory
        return self.run


def waited_for_processor(pid: int) -> float:
    """Seconds for which a process's first thread has waited for a processor; 0 if the kernel does not count them.

    Sleeping, being stopped and waiting for a disk do not count.
    """
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as file:  # read often, and Path takes thrice the time
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def _free(folder: Path) -> int:
    """Free bytes on a folder's file system, which in many containers is memory."""
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize


class _Pipe:
    """A pipe whose ends are closed when the block is left, or earlier."""

    def __enter__(self) -> "_Pipe":
        self.read, self.write = os.pipe()
        self._open = {self.read, self.write}
        return self

    def close_write(self) -> None:
        self._close(self.write)

    def __exit__(self, *exception: object) -> None:
        for descriptor in list(self._open):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        self._open.remove(descriptor)
        os.close(descriptor)


def _file(content: Any) -> int:
    """A file in memory with JSON, positioned at its start. Only the child reads it, so the zygote never holds seeds."""
    descriptor = os.memfd_create("orders")
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(json.dumps(content).encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _sweep(user: int) -> None:
    """Remove what a slot's user left in shared folders, on systems without the filters that prevent it."""
    for folder in SHARED_FOLDERS:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            with contextlib.suppress(OSError):  # another grader's entry may vanish meanwhile
                if entry.stat(follow_symlinks=False).st_uid != user:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    remove(Path(entry.path))
                else:
                    os.unlink(entry.path)
    for kind in ("shm", "sem", "msg"):
        _sweep_objects(kind, user)


def _sweep_objects(kind: str, user: int) -> None:
    """Remove a user's shared memory, semaphores or message queues: System V objects, which outlive processes."""
    with contextlib.suppress(OSError):
        heads, *rows = (line.split() for line in Path("/proc/sysvipc", kind).read_text().splitlines())
        columns = [column for column, head in enumerate(heads) if head in ("uid", "cuid")]
        for row in rows:
            if str(user) in (row[column] for column in columns):
                which = (0,) if kind == "sem" else ()  # a semaphore's index, which is ignored
                getattr(sandbox.LIBC, f"{kind}ctl")(int(row[1]), *which, IPC_RMID, None)
