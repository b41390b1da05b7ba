"""Which files a child may open: a landlock ruleset. All files that are not listed here stay closed, whoever owns them.

Readable: the graded tree, Python with its packages, the system's shared libraries, and a few harmless files. Writable:
the child's private folder and /dev/null. /proc is closed, because it shows other processes, and Python and torch do not
need it once the zygote has started. Nothing can be executed.

Three calls through ctypes: the `landlock` package (1.0.0.dev5) is a pre-release that knows neither network rules nor
scopes, and opens every path anew for each child; here the zygote opens them once.
"""

import contextlib
import ctypes
import os
import site
import stat
import sysconfig
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # on every processor
ASK_VERSION = 1
PATH_BENEATH = 1
QUIET = 1  # from version 7: denied calls do not fill the system's audit log

WRITE_FILE, READ_FILE, READ_DIR, MAKE_CHAR, MAKE_BLOCK, TRUNCATE = (1 << bit for bit in (1, 2, 3, 6, 11, 14))
READ = READ_FILE | READ_DIR
OF_FILES = READ_FILE | WRITE_FILE | TRUNCATE  # the rights that a rule for a file, not a folder, may hold
RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}  # version -> number of rights on files that it knows; later ones as 5
NO_TCP = 0b11  # bind and connect, from version 4
NO_SIGNALS_NO_ABSTRACT_SOCKETS = 0b11  # to processes outside, from version 6

READABLE = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache",
    "/etc/localtime", "/usr/share/zoneinfo", "/usr/share/locale", "/sys/devices/system/cpu",
    "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom",
)  # fmt: skip
WRITABLE = ("/dev/null",)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version(libc: ctypes.CDLL) -> int:
    """The kernel's version of landlock; 0 if it has none."""
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION)))


def open_readable() -> list[tuple[int, int]]:
    """Open what every child may read; return pairs of descriptor and rights. The zygote calls it once."""
    paths = sysconfig.get_paths()
    python = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")} | set(site.getsitepackages())
    return [*_opened([*python, *READABLE], READ), *_opened(WRITABLE, WRITE_FILE | TRUNCATE)]


def _opened(paths: Iterable[str], rights: int) -> list[tuple[int, int]]:
    opened = []
    for path in paths:
        with contextlib.suppress(OSError):
            opened.append((os.open(path, os.O_PATH | os.O_CLOEXEC), rights))
    return opened


def ruleset(libc: ctypes.CDLL, readable: Iterable[tuple[int, int]], tree: str, home: str) -> int | None:
    """A descriptor of the rules for one child; None without landlock."""
    known = version(libc)
    if known == 0:
        return None
    every = (1 << RIGHTS[min(known, max(RIGHTS))]) - 1
    attributes = _Ruleset(every, NO_TCP, NO_SIGNALS_NO_ABSTRACT_SOCKETS)
    size = 8 if known < 4 else 16 if known < 6 else 24
    rules = int(libc.syscall(CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0))
    if rules < 0:
        return None
    anything = every & ~(MAKE_CHAR | MAKE_BLOCK | 1)  # 1: execute
    for descriptor, rights in (*readable, *_opened([tree], READ), *_opened([home], anything)):
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= OF_FILES
        rule = _Beneath(rights & every, descriptor)
        libc.syscall(ADD_RULE, rules, PATH_BENEATH, ctypes.byref(rule), 0)
    return rules


def restrict(libc: ctypes.CDLL, rules: int) -> None:
    """Apply the rules to this process; needs no_new_privs."""
    libc.syscall(RESTRICT_SELF, rules, QUIET if version(libc) >= 7 else 0)
