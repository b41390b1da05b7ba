"""Limits the time of one case of a test on a student's computer; a case that takes longer is stopped at a named line.

A thread checks the tested code ten times a second. After SECONDS of computing it raises `OutOfTime` there, on every
system, and repeats this until the code has ended. Code that catches the exception, or that stays in one call of native
code, has GRACE more seconds; then the thread ends the process. A call that lets no other Python thread run, such as
`sum(itertools.count())`, is ended by faulthandler, which needs no Python thread.
"""

import ctypes
import faulthandler
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

SECONDS = 5.0  # of computing; a right solution takes a tenth, also on a slow computer
AT_MOST = 25.0  # seconds for code that sleeps or waits instead of computing
GRACE = 2.0  # seconds from the first exception to the end of the process
STUCK = 10.0  # seconds without a check, after which faulthandler ends the process
LOOK = 0.1  # seconds between two checks

T = TypeVar("T")
GiveUp = Callable[[traceback.StackSummary], NoReturn]


class OutOfTime(BaseException):
    """Raised in code that takes too long; no Exception, so that `except Exception` lets it pass."""


class Limit:
    """Calls functions that may take SECONDS.

    Attributes:
        stack: where the code of the last call was when it was stopped; None if it ended by itself.

    Args:
        give_up: ends the process because of code on this stack. It runs in its own thread.
        log: a file descriptor for what faulthandler writes.
    """

    def __init__(self, give_up: GiveUp, log: int) -> None:
        self.stack: traceback.StackSummary | None = None
        self._give_up, self._log = give_up, log

    def call(self, function: Callable[[], T]) -> T | None:
        """Return the function's result, or None if it was stopped; `stack` tells the two apart."""
        self.stack = None
        if is_debugged(None):
            return function()
        self._lock, self._over = threading.Lock(), threading.Event()
        watcher = threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True)
        for name in ("pydev_do_not_trace", "is_pydev_daemon_thread"):  # debugpy pauses all threads but such
            setattr(watcher, name, True)
        try:
            try:
                watcher.start()
                return function()
            finally:
                self._end(watcher)
        except OutOfTime:  # raised anywhere above, also in `_end`
            self._end(watcher)
            return None

    def _end(self, watcher: threading.Thread) -> None:
        """Let no thread outlive the call: one that frees tensors while Python ends would abort the process."""
        with self._lock:
            self._over.set()
            faulthandler.cancel_dump_traceback_later()
        if watcher.is_alive():
            watcher.join()
        if self.stack:
            _take_back(threading.get_ident())

    def _watch(self, thread: int) -> None:
        """Look at the code in a thread until it ends, and stop it in time.

        For AT_MOST it counts looks instead of seconds, which go on while the computer sleeps or the process is stopped.
        """
        cpu, started, looks, stopped = time.process_time(), time.monotonic(), 0, 0
        while True:
            with self._lock:
                if self._over.is_set():
                    return
                frame = sys._current_frames()[thread]
                if is_debugged(frame):
                    faulthandler.cancel_dump_traceback_later()
                    return
                faulthandler.dump_traceback_later(STUCK, exit=True, file=self._log)
                computed = min(time.process_time() - cpu, time.monotonic() - started)  # several threads may compute
                if computed > SECONDS or looks * LOOK > AT_MOST or stopped:
                    self.stack = self.stack or _stack(frame)
                    if stopped * LOOK > GRACE:
                        self._give_up(self.stack)
                    _raise(thread, OutOfTime)
                    stopped += 1
            self._over.wait(LOOK)
            looks += 1


def is_debugged(frame: FrameType | None) -> bool:
    """Whether a debugger is in use: in this thread, in the code of this frame, or for the whole process.

    It may pause the code for as long as its user thinks.
    """
    monitoring = getattr(sys, "monitoring", None)  # since Python 3.12
    if sys.gettrace() or "pydevd" in sys.modules or (monitoring and monitoring.get_tool(monitoring.DEBUGGER_ID)):
        return True
    while frame and frame.f_code is not Limit.call.__code__:  # below it pdb leaves traces of an earlier use
        if frame.f_trace or Path(frame.f_code.co_filename).name in ("pdb.py", "bdb.py"):
            return True
        frame = frame.f_back
    return False


def exit_now(status: int) -> NoReturn:
    """Write out everything that was printed and end the process, although other threads still run."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _stack(frame: FrameType) -> traceback.StackSummary:
    """A frame's stack as exceptions have it, the innermost frame last. The code runs on, so line numbers are kept."""
    return traceback.StackSummary.extract(reversed(list(traceback.walk_stack(frame))))


def _raise(thread: int, error: type[BaseException]) -> None:
    """Raise an exception in a thread at its next step in Python; replaces one that was not raised there yet."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))


def _take_back(thread: int) -> None:
    """Raise and drop here an exception that was set for this thread and not raised yet.

    The C function can also cancel it, but then Python 3.11 hangs in the next function of this thread that is traced or
    profiled.
    """
    try:
        _raise(thread, OutOfTime)
        for _ in range(100):
            pass
    except OutOfTime:
        pass
