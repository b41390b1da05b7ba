"""The seccomp filter: as a program for every processor, and from within a child."""

import ctypes
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
import threading

import pytest

from autograder.grade import probe, sandbox, syscalls
from autograder.grade.sandbox import LIBC
from autograder.grade.syscalls import MACHINES, Machine
from tests.project.grade import ia32

HERE = syscalls.machine()


def number(call: int, *arguments: int) -> int:
    """Make a system call; its result, or the negative number of the error."""
    padded = (*arguments, *(-1,) * (6 - len(arguments)))
    result = LIBC.syscall(ctypes.c_long(call), *map(ctypes.c_long, padded))
    return -ctypes.get_errno() if result == -1 else result


# The filter as a program: run here on a small machine of our own, so that the other processor's is tested too.


def decide(machine: Machine, call: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter answers to a call with its first arguments, for process 77."""
    first, second = (*arguments, 0, 0)[:2]
    data = struct.pack("<IIQQQ", call, architecture or machine.architecture, 0, first, second)
    steps = list(struct.iter_unpack("<HBBI", syscalls.program(machine, 77)))
    accumulator = place = 0
    while True:
        code, yes, no, value = steps[place]
        place += 1
        if code == syscalls.LOAD:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == syscalls.RETURN:
            return value
        else:
            holds = {
                syscalls.IF_EQUAL: accumulator == value,
                syscalls.IF_GREATER: accumulator > value,
                syscalls.IF_ANY_BIT: accumulator & value != 0,
            }[code]
            place += yes if holds else no


EVERYDAY = {  # read, write, openat, mmap, futex, exit_group, clock_gettime, getrandom, rseq, membarrier
    "x86_64": (0, 1, 257, 9, 202, 231, 228, 318, 334, 324),
    "aarch64": (63, 64, 56, 222, 98, 94, 113, 278, 293, 283),
}


@pytest.mark.parametrize("name", MACHINES)
def test_the_filter_decides_as_it_should_on_every_processor(name):
    machine = MACHINES[name]
    assert {decide(machine, call) for call in EVERYDAY[name]} == {syscalls.ALLOW}
    assert {decide(machine, call) for call in syscalls.numbers(machine).values()} == {syscalls.DENY}
    assert {decide(machine, call) for call in syscalls.NEW_AND_ALLOWED.values()} == {syscalls.ALLOW}
    for unknown in (424, 425, 426, 435, 438, 467, 10_000, 0x40000000, 0x40000000 + 41, 0xFFFFFFFF):
        assert decide(machine, unknown) == syscalls.UNKNOWN, unknown
    assert decide(machine, 0, architecture=0x40000003) == syscalls.DENY  # 32-bit programs' calls
    thread, process = 0x3D0F00, 17  # the flags of a thread, and a fork's: no more than SIGCHLD
    assert [decide(machine, machine.clone, flags) for flags in (thread, process)] == [syscalls.ALLOW, syscalls.DENY]
    for call in (machine.kill, machine.tgkill):
        allowed = [
            decide(machine, call, target) == syscalls.ALLOW for target in (77, 78, 0, -1 & 2**64 - 1, -77 & 2**32 - 1)
        ]
        assert allowed == [True, False, False, False, False]
    assert decide(machine, machine.prlimit64, 0) == syscalls.ALLOW
    assert decide(machine, machine.prlimit64, 77) == syscalls.DENY
    for call, before, values in ((machine.fcntl, (3,), syscalls.FCNTL), (machine.prctl, (), syscalls.PRCTL)):
        allowed = {value for value in range(1 << 11) if decide(machine, call, *before, value) == syscalls.ALLOW}
        assert allowed == {value for value in values if value < 1 << 11}
    assert {decide(machine, machine.ioctl, 3, command) for command in syscalls.IOCTL} == {syscalls.ALLOW}
    assert {decide(machine, machine.ioctl, command, 0x5412) for command in syscalls.IOCTL} == {syscalls.DENY}  # TIOCSTI
    assert decide(machine, machine.prctl, 0x59616D61) == syscalls.DENY  # PR_SET_PTRACER


@pytest.mark.needs("library libseccomp.so.2")
def test_the_numbers_are_those_of_libseccomp():
    resolve = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    for machine in MACHINES.values():
        names = ("clone", "kill", "tgkill", "prctl", "fcntl", "ioctl", "prlimit64", "seccomp")
        fields = {name: getattr(machine, name) for name in names}
        known = syscalls.numbers(machine) | fields | syscalls.NEW_AND_ALLOWED
        for name, call in known.items():
            number = resolve(machine.architecture, name.encode())
            assert number == call or (number == -1 and name == "mseal"), name  # newer than some libraries
        missing = {name for name, columns in syscalls.DENIED.items() if columns[machine.column] is None}
        assert all(resolve(machine.architecture, name.encode()) < 0 for name in missing)


# The filter in a real child.


@pytest.mark.needs("seccomp")
def test_every_denied_call_is_denied(inside):
    calls = syscalls.numbers(HERE)
    answers = inside(lambda: {name: number(call) for name, call in calls.items()})
    assert answers == dict.fromkeys(calls, -errno.EPERM)


@pytest.mark.needs("seccomp")
def test_newer_calls_are_as_on_an_older_kernel_and_the_harmless_ones_work(inside):
    answers = inside(lambda: [number(call) for call in (425, 434, 435, 438, 0x40000000 + 39)])
    assert answers == [-errno.ENOSYS] * 5
    harmless = list(syscalls.NEW_AND_ALLOWED.values())
    assert inside(lambda: [number(call) for call in harmless]) == [number(call) for call in harmless]


@pytest.mark.needs("seccomp")
@pytest.mark.parametrize(
    "attempt",
    [
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),
        lambda: subprocess.run("true"),
        lambda: socket.socket(socket.AF_INET),
        lambda: socket.socketpair(),
        lambda: os.kill(os.getppid(), 0),
        lambda: os.kill(0, signal.SIGTERM),
        lambda: os.kill(-1, signal.SIGTERM),
        lambda: os.setuid(0),
        lambda: os.memfd_create("x"),
        lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU),
        lambda: fcntl.flock(os.open(".", os.O_RDONLY), fcntl.LOCK_SH),
        lambda: fcntl.lockf(open("lock", "w"), fcntl.LOCK_EX),  # noqa: SIM115 (the child ends)
        lambda: fcntl.fcntl(open("lease", "w"), fcntl.F_SETLEASE, fcntl.F_WRLCK),  # noqa: SIM115
        lambda: fcntl.fcntl(os.open(".", os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_CREATE),
        lambda: fcntl.fcntl(1, fcntl.F_SETOWN, os.getppid()),
    ],
)
def test_denied_calls_of_python_raise_a_permission_error(inside, attempt):
    assert inside(attempt).startswith("PermissionError: ")


@pytest.mark.needs("seccomp")
def test_ordinary_uses_of_descriptors_work(inside):
    def ask() -> list[object]:
        with open("file", "w+") as file, os.fdopen(os.dup(file.fileno())) as again:
            os.set_inheritable(again.fileno(), True)
            os.set_blocking(again.fileno(), False)
            file.write("x" * mmap.PAGESIZE)
            file.flush()
            with mmap.mmap(file.fileno(), 0) as mapped:
                return [file.isatty(), os.get_inheritable(again.fileno()), mapped[0]]

    assert inside(ask) == [False, True, ord("x")]


@pytest.mark.needs("seccomp")
def test_threads_and_signals_to_oneself_work(inside):
    def work() -> list[int]:
        seen: list[int] = []
        signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
        threads = [threading.Thread(target=seen.append, args=(2,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os.kill(os.getpid(), signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR1)
        return sorted(seen)

    assert inside(work) == [1, 1] + [2] * 20


@pytest.mark.needs("seccomp", "ia32")
def test_the_calls_of_32_bit_programs_are_closed(inside):
    assert inside(ia32.getpid) == -errno.EPERM
    assert inside(ia32.getpid, ()) > 0


@pytest.mark.needs("seccomp")
def test_a_child_cannot_outlive_the_zygote(inside):
    def cut() -> list[int]:
        answer = LIBC.prctl(sandbox.PR_SET_PDEATHSIG, 0, 0, 0, 0)
        return [answer, int(probe._outlives())]

    assert inside(cut) == [-1, 0]
