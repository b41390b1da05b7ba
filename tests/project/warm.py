"""A `python` for tests that starts without the two seconds of CPU that importing torch takes.

`Warm` is a process that has imported torch, spaCy and pytest, and nothing of ours. `Warm.command` takes the place of
`sys.executable` in a command line: it starts a small process, which passes its arguments, folder, environment and
standard streams on; the warm process forks for them. Signals, standard streams and the exit status are those of a
usual process (test_warm.py compares them). Options of the interpreter (`python -S`) start a usual one.

Not as usual: no objects are cleaned up at the end, streams take only the encoding of PYTHONIOENCODING, and of all
signals only those to end and to continue are passed on.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

SCRIPT = """#!/bin/sh
case "$1" in
    -m | -c | [!-]*) exec "{python}" -I -S "{folder}/launcher.py" "{folder}/socket" "$@" ;;
    *) exec "{python}" "$@" ;;
esac
"""
LAUNCHER = r"""
import json, os, signal, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
socket.send_fds(server, [b"."], [0, 1, 2])
order = {"arguments": sys.argv[2:], "folder": os.getcwd(), "environment": dict(os.environ)}
server.sendall(json.dumps(order).encode())
server.shutdown(socket.SHUT_WR)
answers = server.makefile()
child = int(answers.readline())
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCONT, signal.SIGQUIT):
    signal.signal(number, lambda number, frame: os.kill(child, number))
status = int(answers.readline())
if status < 0:
    signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
    os.kill(os.getpid(), -status)
os._exit(status)
"""


def is_warm() -> bool:
    """Whether a `Warm` has started this process; then `sys.executable` is its command."""
    return Path(sys.executable).with_name("launcher.py").exists()


class Warm:
    """A warm process and the program that uses it.

    Args:
        environment: of the warm process; it is asked for what an interpreter looks at when it starts.
        first: Python code that runs before every program.

    Attributes:
        command: the path of the program that takes the place of `sys.executable`.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, first: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="warm-", dir="/tmp")  # a socket's path has to be short
        folder = Path(self._folder.name)
        (folder / "launcher.py").write_text(LAUNCHER, encoding="utf-8")
        self.command = str(folder / "python")
        Path(self.command).write_text(SCRIPT.format(python=sys.executable, folder=folder), encoding="utf-8")
        Path(self.command).chmod(0o755)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(folder / "socket"))
            listening.listen()
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(listening.fileno()), self.command, first],
                pass_fds=[listening.fileno()], cwd="/", stdin=subprocess.PIPE, env=environment, process_group=0,
            )  # fmt: skip  # Ctrl-C reaches the launchers alone, which pass it on

    def close(self) -> None:
        """End the process once what it has started has ended."""
        self._process.communicate()
        self._folder.cleanup()


# In the warm process.


def serve(listening: socket.socket) -> dict[str, Any] | None:
    """Fork for each connection; return the order in the process that is to follow it, and None when all is over."""
    waiting = 0
    while True:
        ready, _, _ = select.select([listening, 0], [], [], 1.0 if waiting else None)
        while waiting and os.waitpid(-1, os.WNOHANG) != (0, 0):
            waiting -= 1
        if listening in ready:
            connection, _ = listening.accept()
            if not os.fork():
                listening.close()
                return _follow(connection)
            waiting += 1
            connection.close()
        elif ready:  # our parent has closed its end
            while waiting:
                os.wait()
                waiting -= 1
            return None


def _follow(connection: socket.socket) -> dict[str, Any] | None:
    """Fork once more, tell the launcher how the child ends, and end the child if the launcher is gone."""
    _, descriptors, _, _ = socket.recv_fds(connection, 1, 3)
    order = json.loads(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
    if not (child := os.fork()):
        connection.close()
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        return order
    for descriptor in (*descriptors, 0, 1, 2):
        os.close(descriptor)
    connection.sendall(b"%d\n" % child)
    ended = os.pidfd_open(child)
    gone = select.poll()
    gone.register(connection, select.POLLHUP)
    gone.register(ended, select.POLLIN)
    if gone.poll()[0][0] != ended:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):  # nobody waits any more
        connection.sendall(b"%d\n" % status)
    os._exit(0)


def become(order: dict[str, Any]) -> tuple[str, str]:
    """Take over folder, environment and streams; return the kind of program (-m, -c or "") and its name or text."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8").partition(":")[0]
    sys.stdin = open(0, encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=encoding, closefd=False, buffering=1 if os.isatty(1) else -1)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=encoding, closefd=False, buffering=1, errors="backslashreplace")  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    sys.executable, first = sys.argv[2:]
    kind, *rest = order["arguments"]
    if kind not in ("-m", "-c"):
        kind, rest = "", order["arguments"]
    name, sys.argv = rest[0], ([kind, *rest[1:]] if kind else rest)
    beside = "" if kind == "-c" else order["folder"] if kind else str(Path(name).resolve().parent)
    sys.path[0:1] = [beside, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    if threads := os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(threads))
    exec(first, {})
    return kind, name


def run(kind: str, name: str) -> int:
    """Run a program and what it has registered for its end; return the exit status.

    The usual end of the interpreter would touch all of torch's objects, and so copy most of the shared memory.
    """
    try:
        if kind == "-m":
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        elif kind == "-c":
            program = sys.modules["__main__"] = types.ModuleType("__main__")
            exec(compile(name, "<string>", "exec"), program.__dict__)
        else:
            runpy.run_path(name, run_name="__main__")
        status = 0
    except SystemExit as end:
        status = end.code & 0xFF if isinstance(end.code, int) else int(end.code is not None)
        if not isinstance(end.code, int | None):
            print(end.code, file=sys.stderr)
    except BaseException as error:
        error = error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)  # without this function
        sys.excepthook(type(error), error, error.__traceback__)
        status = 1 if isinstance(error, Exception) else -signal.SIGINT
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    import pytest  # noqa: F401
    import spacy  # noqa: F401  (takes a second, and the workbench imports it)
    import torch

    gc.freeze()
    if order := serve(socket.socket(fileno=int(sys.argv[1]))):
        status = run(*become(order))
        if status < 0:
            signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
        os._exit(status)
