"""System calls that a child may not make: a seccomp filter, for x86-64 and 64-bit ARM.

Calls that do many things (fcntl, ioctl, prctl) may do only what Python, the C library and torch ask of them.

The filter is a program of our own for the kernel's classic BPF machine. libseccomp could write it too, but not every
image has it, an old one does not know the newer calls, and it cannot say "and whatever is newer than this list". What
it would save are a dozen lines; a test compares the numbers below with its. pyseccomp is a binding to the same library.

Denied calls fail with EPERM, an ordinary OSError, so that a test says what was tried. Calls that an older kernel would
not have fail with ENOSYS, as they would there: the C library then falls back to an older call that can be judged by
its arguments (from clone3, which starts threads, to clone). The numbers of the x32 ABI lie beyond the newest call, the
calls of 32-bit programs carry another architecture: both are closed.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

SET_MODE_FILTER = 1
NO_SLOWDOWN = 1 << 2  # SPEC_ALLOW: before Linux 5.16 a filter else slows the whole process down
CLONE_THREAD = 0x10000

# Classic BPF: load a word of the call's description, jump if equal or if any bit is set, return.
LOAD, IF_EQUAL, IF_GREATER, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENT = 0, 4, 16  # offsets; an argument's low half, for both processors are little-endian
ALLOW = 0x7FFF0000
DENY = 0x00050000 | errno.EPERM
UNKNOWN = 0x00050000 | errno.ENOSYS

# Name -> its number on x86-64 and on 64-bit ARM, where it exists.
DENIED: dict[str, tuple[int | None, int | None]] = {
    # New processes and programs. A thread is a clone, judged by its flags below.
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    # The network, and every other way to talk to a process.
    "socket": (41, 198), "socketpair": (53, 199),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "shmdt": (67, 197),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180), "mq_unlink": (241, 181), "mq_timedsend": (242, 182), "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184), "mq_getsetattr": (245, 185),
    "flock": (73, 32),
    "memfd_create": (319, 279), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "fanotify_init": (300, 262), "fanotify_mark": (301, 263),
    # Other processes: their memory, their signals, their limits.
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "kcmp": (312, 272),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "get_robust_list": (274, 100),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "sched_setattr": (314, 274), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "setpriority": (141, 140), "ioprio_set": (251, 30),
    # Another user, more rights.
    "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145), "setregid": (114, 143),
    "setresuid": (117, 147), "setresgid": (119, 149), "setfsuid": (122, 151), "setfsgid": (123, 152),
    "setgroups": (116, 159), "capset": (126, 91), "personality": (135, 92),
    # Other views of the file system, and files by number instead of path.
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
    "unshare": (272, 97), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "mknod": (133, None),
    "mknodat": (259, 33), "quotactl": (179, 60), "sync": (162, 81), "syncfs": (306, 267),
    # The kernel's large and often broken interfaces.
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "seccomp": (317, 277),
    "io_setup": (206, 0), "io_destroy": (207, 1), "io_getevents": (208, 4), "io_submit": (209, 2),
    "io_cancel": (210, 3), "io_pgetevents": (333, 292), "vmsplice": (278, 75), "modify_ldt": (154, None),
    "lookup_dcookie": (212, 18),
    # The machine.
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "acct": (163, 89), "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "syslog": (103, 116), "vhangup": (153, 58), "uselib": (134, None), "ustat": (136, None),
    "sysfs": (139, None), "_sysctl": (156, None), "nfsservctl": (180, 42),
}  # fmt: skip

# From 403 on the numbers are the same everywhere; most of what came since 424 is denied, so these are the exceptions.
FIRST_NEW = 424
NEW_AND_ALLOWED = {
    "close_range": 436, "openat2": 437, "faccessat2": 439, "epoll_pwait2": 441, "futex_waitv": 449,
    "fchmodat2": 452, "futex_wake": 454, "futex_wait": 455, "futex_requeue": 456, "mseal": 462,
}  # fmt: skip


# What calls that do many things may do; all else is denied, whatever a newer kernel adds.
FCNTL = (0, 1, 2, 3, 4, 1030)  # DUPFD, GETFD, SETFD, GETFL, SETFL, DUPFD_CLOEXEC: no locks, leases, watches, signals
IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
PR_GET_PDEATHSIG, PR_GET_NO_NEW_PRIVS = 2, 39
PRCTL = (  # what only reads, and names for threads and memory
    PR_GET_PDEATHSIG, PR_GET_NO_NEW_PRIVS,
    3, 15, 16, 21,  # GET_DUMPABLE, SET_NAME, GET_NAME, GET_SECCOMP
    51, 64, 0x53564D41,  # SVE_GET_VL, SME_GET_VL: the width of vectors on ARM; SET_VMA: the C library names its memory
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """A processor: the kernel's name for its calls, the column in DENIED, the calls that depend on arguments."""

    architecture: int
    column: int
    clone: int
    kill: int
    tgkill: int
    prctl: int
    fcntl: int
    ioctl: int
    prlimit64: int
    seccomp: int


MACHINES = {
    "x86_64": Machine(
        0xC000003E, 0, clone=56, kill=62, tgkill=234, prctl=157, fcntl=72, ioctl=16, prlimit64=302, seccomp=317
    ),
    "aarch64": Machine(
        0xC00000B7, 1, clone=220, kill=129, tgkill=131, prctl=167, fcntl=25, ioctl=29, prlimit64=261, seccomp=277
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def machine() -> Machine | None:
    """This process's processor; None for one that the filter is not written for, or a 32-bit interpreter."""
    return MACHINES.get(platform.machine()) if sys.maxsize > 2**32 else None


def numbers(machine: Machine) -> dict[str, int]:
    """The denied calls that exist on a processor."""
    return {name: number for name, columns in DENIED.items() if (number := columns[machine.column]) is not None}


def program(machine: Machine, pid: int) -> bytes:
    """The filter, as the kernel reads it, for a process that may signal itself and nobody else."""
    steps: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, ARCHITECTURE), (IF_EQUAL, 1, 0, machine.architecture), (RETURN, 0, 0, DENY), (LOAD, 0, 0, NUMBER),
    ]  # fmt: skip
    steps += _only(machine.clone, 0, IF_ANY_BIT, CLONE_THREAD)
    steps += _only(machine.kill, 0, IF_EQUAL, pid)
    steps += _only(machine.tgkill, 0, IF_EQUAL, pid)
    steps += _only(machine.prlimit64, 0, IF_EQUAL, 0)
    steps += _only(machine.prctl, 0, IF_EQUAL, *PRCTL)
    steps += _only(machine.fcntl, 1, IF_EQUAL, *FCNTL)
    steps += _only(machine.ioctl, 1, IF_EQUAL, *IOCTL)
    for number in numbers(machine).values():
        steps += _on(number, DENY)
    for number in NEW_AND_ALLOWED.values():
        steps += _on(number, ALLOW)
    steps += [(IF_GREATER, 0, 1, FIRST_NEW - 1), (RETURN, 0, 0, UNKNOWN), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def _on(number: int, result: int) -> Iterator[tuple[int, int, int, int]]:
    yield from ((IF_EQUAL, 0, 1, number), (RETURN, 0, 0, result))


def _only(number: int, argument: int, test: int, *values: int) -> Iterator[tuple[int, int, int, int]]:
    """Allow a call for some values of one argument: its low 32 bits, for the kernel reads these arguments as int."""
    yield from ((IF_EQUAL, 0, 2 + 2 * len(values), number), (LOAD, 0, 0, ARGUMENT + 8 * argument))
    for value in values:
        yield from ((test, 0, 1, value), (RETURN, 0, 0, ALLOW))
    yield (RETURN, 0, 0, DENY)


def restrict(libc: ctypes.CDLL) -> None:
    """Put the filter on this process and all its threads to come; needs no_new_privs.

    Raises:
        OSError: where there is no seccomp, or the processor is another one.
    """
    processor = machine()
    if processor is None:
        raise OSError(errno.ENOSYS, f"no filter for {platform.machine()}")
    code = program(processor, os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    loaded = _Program(len(code) // 8, ctypes.addressof(buffer))
    for flags in (NO_SLOWDOWN, 0):
        if libc.syscall(processor.seccomp, SET_MODE_FILTER, flags, ctypes.byref(loaded)) == 0:
            return
    raise OSError(ctypes.get_errno(), "no seccomp")
