"""Each layer that a child puts on, tried from within, and what the probe says where one is missing."""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.grade import landlock, probe, sandbox, slots, syscalls
from autograder.grade.sandbox import LAYERS, LIBC, Jail
from autograder.grade.syscalls import MACHINES, Machine
from autograder.prepare import rehearsal
from harness.contract import Assignment
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree
from tests.project.conftest import ROOT
from tests.project.grade import ia32

HERE = syscalls.machine()
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")


@pytest.fixture(scope="module")
def slot() -> Iterator[int | None]:
    user, lock = slots.take()
    yield user
    if lock is not None:
        os.close(lock)


@pytest.fixture
def inside(slot) -> Iterator[Callable[..., Any]]:
    """Call a function in a child with some layers; what it returns comes back, or the exception's text."""
    readable = landlock.open_readable()

    def call(function: Callable[[], Any], layers: tuple[str, ...] = LAYERS) -> Any:
        result, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            answer: Any = "it did not come this far"
            try:
                sandbox.enter(Jail(slot, home, tree, 256 << 20, 60, os.getppid(), layers), write, write, readable)
                answer = function()
            except BaseException as error:
                answer = f"{type(error).__name__}: {error}"
            finally:
                os.write(sandbox.RESULT, json.dumps(answer).encode())
                os._exit(0)
        os.close(write)
        with os.fdopen(result) as lines:
            text = lines.read()
        os.waitpid(pid, 0)
        return json.loads(text)

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        home, tree = f"{folder}/home", f"{folder}/tree"
        for path in (home, tree):
            os.mkdir(path)
        Path(tree, "model.py").write_text("x = 1\n")
        Path(folder, "other").write_text("open to all users\n")
        if slot is not None:
            os.chown(home, slot, slot)
        call.folder = Path(folder)  # type: ignore[attr-defined]
        yield call
    for descriptor, _ in readable:
        os.close(descriptor)


def number(call: int, *arguments: int) -> int:
    """Make a system call; its result, or the negative number of the error."""
    padded = (*arguments, *(-1,) * (6 - len(arguments)))
    found = LIBC.syscall(ctypes.c_long(call), *map(ctypes.c_long, padded))
    return -ctypes.get_errno() if found == -1 else found


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
            found = resolve(machine.architecture, name.encode())
            assert found == call or (found == -1 and name == "mseal"), name  # newer than some libraries
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
def test_what_python_offers_of_it_is_an_ordinary_error(inside, attempt):
    assert inside(attempt).startswith("PermissionError: ")


@pytest.mark.needs("seccomp")
def test_what_python_asks_of_descriptors_works(inside):
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
def test_the_tie_to_the_zygote_cannot_be_cut(inside):
    def cut() -> list[int]:
        answer = LIBC.prctl(sandbox.PR_SET_PDEATHSIG, 0, 0, 0, 0)
        return [answer, int(probe._outlives())]

    assert inside(cut) == [-1, 0]


# Files.


@pytest.mark.needs("landlock")
def test_only_the_tree_and_python_can_be_read_and_only_the_home_written(inside):
    folder = inside.folder
    (folder / "tree" / "link").symlink_to("/etc/passwd")

    def tries() -> dict[str, list[str]]:
        def opens(path: str, how: int) -> bool:
            try:
                os.close(os.open(path, how))
            except OSError:
                return False
            return True

        paths = ["/etc/passwd", "/etc", "/proc/self/status", "/proc/1/status", "/proc", "/tmp", "/run", "/", "/dev/mem"]
        paths += [str(folder / "other"), str(folder), str(folder / "tree" / "link"), str(ROOT / "solution")]
        paths += [
            str(folder / "tree" / "model.py"),
            "/dev/null",
            "/usr/lib",
            landlock.__file__.replace("landlock", "x"),
        ]
        new = [f"{where}/new" for where in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock", folder, f"{folder}/tree", ".")]
        return {
            "read": [path for path in paths if opens(path, os.O_RDONLY)],
            "write": [path for path in [*paths, *new] if opens(path, os.O_WRONLY | os.O_CREAT)],
        }

    found = inside(tries)
    assert found["read"] == [str(folder / "tree" / "model.py"), "/dev/null", "/usr/lib"]
    assert found["write"] == ["/dev/null", "./new"]


@pytest.mark.needs("landlock")
def test_files_cannot_be_moved_or_linked_across_the_border(inside):
    def tries() -> list[str]:
        Path("mine").write_text("mine")
        done = []
        for name, act in {
            "out": lambda: os.rename("mine", f"{inside.folder}/mine"),
            "link out": lambda: os.link("mine", f"{inside.folder}/mine"),
            "link in": lambda: os.link(f"{inside.folder}/tree/model.py", "model.py"),
            "device": lambda: os.mknod("device", 0o20666, os.makedev(1, 3)),
            "within": lambda: (os.mkdir("deep"), os.rename("mine", "deep/mine"), os.truncate("deep/mine", 1)),
        }.items():
            try:
                act()
            except OSError:
                continue
            done.append(name)
        return done

    assert inside(tries) == ["within"]


@pytest.mark.needs("landlock 4")
def test_landlock_alone_lets_no_connection_out(inside):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def connect() -> bool:
            with socket.socket() as client:
                client.connect((b"127.0.0.1", port))  # bytes: for a text Python imports a codec late
                return True

        assert inside(connect, ("landlock",)) == "PermissionError: [Errno 13] Permission denied"
        assert inside(connect, ()) is True


# What is older than both filters.


def test_limits_environment_session_and_descriptors(inside):
    def look() -> dict[str, Any]:
        return {
            "environment": sorted(os.environ),
            "leads its session": os.getsid(0) == os.getpid(),
            "descriptors": [each for each in range(64) if number(HERE.fcntl, each, 1, 0) >= 0],
            "stdin": os.read(0, 1).decode(),
            "file": resource.getrlimit(resource.RLIMIT_FSIZE)[1],
            "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        }

    assert inside(look) == {
        "environment": ["HOME", "LANG", "PATH", "TMPDIR", "USER"],
        "leads its session": True,
        "descriptors": [0, 1, 2, 3],
        "stdin": "",
        "file": sandbox.MAX_FILE,
        "core": 0,
    }
    assert inside(lambda: bytearray(400 << 20) and 1) == "MemoryError: "
    assert inside(lambda: len(bytearray(100 << 20))) == 100 << 20


@pytest.mark.needs("root")
def test_the_user_is_the_slots_and_there_is_no_way_back(inside, slot):
    assert inside(lambda: [*os.getresuid(), *os.getresgid(), *os.getgroups()]) == [slot] * 6
    assert inside(lambda: os.setuid(0), ()) == "PermissionError: [Errno 1] Operation not permitted"


# What the probe says.


def probed(inside: Callable[..., Any], layers: tuple[str, ...]) -> list[str]:
    tree = inside.folder / "tree"  # type: ignore[attr-defined]
    return inside(lambda: probe.opens(tree, [str(ROOT / "solution")], ["/tmp"], []), layers)


NETWORK = "not isolated: student code can open network connections"
PROCESSES = "note: student code can start processes; they are ended with it"
CALLS = "note: no seccomp here: student code can make the system calls execve, "
READ = "note: no landlock here: student code can read what every user can"
WRITE = "note: no landlock here: student code can write to folders that are open to all; they are swept after it"


@pytest.mark.needs("root", "landlock", "seccomp")
def test_the_probe_says_which_layer_is_missing(inside):
    solution = f"not isolated: student code can read {ROOT}/solution (chmod o= {ROOT}/solution)"
    open_tmp = "not isolated: student code can write to /tmp"
    assert probed(inside, LAYERS) == []
    assert probed(inside, ("seccomp",)) == [solution, open_tmp, READ, WRITE]
    *words, calls = probed(inside, ("landlock",))
    assert words == [NETWORK, PROCESSES]
    assert calls.startswith(CALLS)
    assert all(name in calls for name in ("ptrace", "keyctl", "memfd_create", "unshare", "shmget", "io_uring_setup"))
    assert all(name in calls for name in ("flock", "fcntl(F_SETLK)", "fcntl(F_NOTIFY)", "prctl(PR_SET_DUMPABLE)"))
    *words, calls = probed(inside, ())
    assert words == [solution, open_tmp, READ, WRITE, NETWORK, PROCESSES]


MISSING = {
    "not isolated: student code keeps groups of the grader": ("os.setgroups", lambda groups: None),
    "not isolated: student code sees the grader's environment": ("os.environ.clear", lambda: None),
    "not isolated: student code has files of the grader open": ("os.closerange", lambda low, high: None),
    "not isolated: student code runs in the grader's session": ("os.setsid", lambda: None),
    "note: student code has no limit on memory": ("resource.setrlimit", lambda what, limits: None),
    "note: student code can outlive a grader": ("autograder.grade.sandbox.end_with_parent", lambda parent: None),
}


@pytest.mark.needs("root")
@pytest.mark.parametrize("words", MISSING)
def test_the_probe_misses_every_older_layer_too(inside, monkeypatch, words):
    change, before = os.setgroups, os.getgroups()
    change([12_345])
    try:
        monkeypatch.setattr(*MISSING[words])
        monkeypatch.setenv("SECRET", "x")
        found = probed(inside, LAYERS)
    finally:
        change(before)
    assert [each for each in found if each.startswith(words)], found


# Slots, and the end of everything that runs in one.


def sleeper(user: int) -> int:
    """A process of a user's, in a session of its own, that ignores what can be ignored."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        sandbox.become(user, user)
        time.sleep(600)
        os._exit(0)
    while user not in slots.users():
        time.sleep(0.01)
    return pid


@pytest.mark.needs("root")
def test_a_number_that_is_in_use_is_no_slot(monkeypatch):
    user, lock = slots.take()
    os.close(lock)
    pid = sleeper(user)
    other, lock = slots.take()
    os.close(lock)
    assert other != user
    assert os.waitpid(pid, os.WNOHANG)[0] == 0, "somebody else's process was killed"
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    taken = {other, user + slots.GUARDIANS}
    real = slots._has_account
    monkeypatch.setattr(slots, "_has_account", lambda number: number in taken or real(number))
    third, lock = slots.take()
    os.close(lock)
    assert third not in {user, other}


@pytest.mark.needs("root")
def test_all_processes_of_a_user_are_ended_and_nobody_elses(slot):
    neighbour, lock = slots.take()
    stranger, mine = sleeper(neighbour), [sleeper(slot) for _ in range(3)]
    collector = threading.Thread(target=lambda: [os.waitpid(pid, 0) for pid in mine])
    collector.start()
    assert slots.end_all_of(slot)
    collector.join(timeout=5)
    assert not collector.is_alive()
    assert os.waitpid(stranger, os.WNOHANG)[0] == 0
    assert slots.end_all_of(neighbour)  # it is dead and not yet collected, which does not hold anybody up
    os.waitpid(stranger, 0)
    os.close(lock)


@pytest.mark.needs("root")
def test_the_killers_of_two_slots_do_not_meet(slot):
    neighbour, lock = slots.take()
    killers = [slots.Killer(slot), slots.Killer(neighbour)]
    for _ in range(3):
        for killer in killers:
            killer.begin()
        for killer in killers:
            until = time.monotonic() + 5
            while not killer.done():
                assert time.monotonic() < until
    for killer in killers:
        assert os.waitpid(killer.pid, os.WNOHANG)[0] == 0
        os.kill(killer.pid, signal.SIGKILL)
        os.waitpid(killer.pid, 0)
    os.close(lock)


JUDGE = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from autograder.grade.kit import Kit
from autograder.grade.overlay import overlay
from autograder.grade.warden import Warden
from autograder.grade.wire import Item
kit = Kit.load(Path(sys.argv[1]))
warden = Warden(kit.root, kit.rubric.grading.limits)
with overlay(kit.root / "student", {"models/naive/RNN.py": b"while True: pass"}, warden.user) as tree:
    print(warden._process.pid, tree, flush=True)
    warden.run(tree, [Item("import", "models.naive.RNN")], time.monotonic() + 100)
"""


def test_when_the_judge_is_killed_zygote_and_child_end_and_nobody_waits_for_them(layout):
    """Its standard output is a pipe that the zygote holds open too: a reader would wait for ever."""
    judge = subprocess.Popen([sys.executable, "-c", JUDGE, str(layout / "source")], stdout=subprocess.PIPE, text=True)
    zygote, tree = judge.stdout.readline().split()
    time.sleep(1)  # the child loops
    watched = [os.pidfd_open(int(pid)) for pid in (zygote, *children(int(zygote)))]
    assert len(watched) == 3 - (os.geteuid() != 0)  # with the killer
    judge.kill()
    assert judge.stdout.read() == ""  # at its end only when nobody has it open
    for process in watched:
        assert select.select([process], [], [], 5)[0], "a process lives on"
        os.close(process)
    judge.wait()
    subprocess.run(["rm", "-rf", str(Path(tree).parent)], check=True)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.needs("root")
def test_root_that_may_not_become_another_user_still_grades_and_says_so(kit_zip, tmp_path):
    """As in a container that has no other users: on one's own machine. The platform's run, without --here, refuses."""
    submission, root = tmp_path / "submission.zip", tmp_path / "root"
    pack(read_tree(ROOT / "solution", ASSIGNMENT), ASSIGNMENT, ["student"], submission)
    root.mkdir()
    rehearsal.lay_out(root, kit_zip, submission)
    command = ["setpriv", "--bounding-set=-setuid,-setgid", str(root / "source" / "run_autograder"), str(root)]
    environment = {**os.environ, "AUTOGRADER_PYTHON": sys.executable}
    words = "not isolated: without root, student code runs as the user who grades"
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (refused.returncode, list((root / "results").iterdir())) == (1, [])
    assert refused.stdout.startswith(f'Not graded: the rubric has isolation = "required", and the probe says "{words}')
    subprocess.run([*command, "--here"], check=True, env=environment, capture_output=True)
    results = json.loads((root / "results" / "results.json").read_text())
    assert [row["name"] for row in results["tests"] if row["status"] == "failed"] == []
    assert results["extra_data"]["isolation"][0] == words
