"""Single keys from a terminal, on POSIX and on Windows, and whole lines where there is none.

Each source is a context manager that leaves the terminal as it was; `read()` never waits and returns letters, or
`END` for the end of input, `STOP` for Ctrl-Z.
"""

import importlib
import os
import queue
import select
import signal
import sys
import threading
from typing import Any, Protocol

END, STOP = "end", "stop"
ARROWS = {"A": "p", "D": "p", "B": "n", "C": "n"}  # terminals send ESC [ A for the up arrow
WINDOWS_ARROWS = {"H": "p", "K": "p", "P": "n", "M": "n"}


class Keys(Protocol):
    """A source of keys."""

    def __enter__(self) -> "Keys": ...
    def __exit__(self, *error: object) -> None: ...
    def read(self) -> list[str]: ...


def from_terminal() -> Keys | None:
    """Keys as they are pressed, or None where this Python cannot read single keys."""
    for name, source in (("termios", PosixKeys), ("msvcrt", WindowsKeys)):
        try:
            return source(importlib.import_module(name))
        except ModuleNotFoundError:
            pass
    return None


class PosixKeys:
    """A terminal without echo that hands over each key at once. Ctrl-C stays a signal."""

    def __init__(self, termios: Any) -> None:
        self._termios = termios
        self._terminal = sys.stdin.fileno()
        self._rest = ""

    def __enter__(self) -> "PosixKeys":
        termios = self._termios
        self._before = termios.tcgetattr(self._terminal)
        mode = termios.tcgetattr(self._terminal)
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
        mode[6][termios.VSUSP] = b"\0"  # Ctrl-Z arrives as a key, so that the terminal is restored before we stop
        termios.tcsetattr(self._terminal, termios.TCSADRAIN, mode)
        return self

    def __exit__(self, *error: object) -> None:
        self._termios.tcsetattr(self._terminal, self._termios.TCSADRAIN, self._before)

    def read(self) -> list[str]:
        if not select.select([self._terminal], [], [], 0)[0]:
            return []
        data = os.read(self._terminal, 1024)
        if not data:
            return [END]
        keys, self._rest = decode(self._rest + data.decode("utf-8", errors="replace"))
        return keys


def decode(text: str) -> tuple[list[str], str]:
    """The keys in what a terminal sent, and the start of an arrow key whose rest has not arrived (ssh splits them)."""
    keys: list[str] = []
    while text:
        if text[0] == "\x1b":
            if len(text) < 3 and text in ("\x1b", "\x1b[", "\x1bO"):
                return keys, text
            if text[1] in "[O":
                keys.append(ARROWS.get(text[2], ""))
                text = text[3:]
            else:
                text = text[1:]
            continue
        keys.append({"\x04": END, "\x1a": STOP}.get(text[0], text[0].lower()))
        text = text[1:]
    return keys, ""


class WindowsKeys:
    """Keys as the Windows console reads them."""

    def __init__(self, msvcrt: Any) -> None:
        self._console = msvcrt

    def __enter__(self) -> "WindowsKeys":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def read(self) -> list[str]:
        keys: list[str] = []
        while self._console.kbhit():
            key = self._console.getwch()
            if key in ("\0", "\xe0"):
                keys.append(WINDOWS_ARROWS.get(self._console.getwch(), ""))
            else:
                keys.append(END if key in ("\x03", "\x04", "\x1a") else key.lower())
        return keys


class Lines:
    """Letters followed by Enter, from a pipe or from a terminal that cannot send single keys."""

    def __init__(self) -> None:
        self._keys: queue.SimpleQueue[str] = queue.SimpleQueue()

    def __enter__(self) -> "Lines":
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def _listen(self) -> None:
        while data := self._data():
            for word in data.decode("ascii", errors="ignore").split():
                self._keys.put(word[0].lower())
        self._keys.put(END)

    def _data(self) -> bytes:
        try:
            return os.read(0, 1024)  # not through sys.stdin, whose lock would be held when Python ends
        except OSError:  # closed
            return b""

    def read(self) -> list[str]:
        return [self._keys.get() for _ in range(self._keys.qsize())]


def stop() -> None:
    """Stop this process as Ctrl-Z does; returns when the shell continues it."""
    if hasattr(signal, "SIGTSTP"):
        os.kill(os.getpid(), signal.SIGTSTP)
