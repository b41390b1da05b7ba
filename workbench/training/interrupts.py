"""Ctrl-C and SIGTERM: training finishes its step, saves and stops."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
WORDS = b"\nStopping after this step, with everything saved. Ctrl-C again stops at once.\n"


class Interrupts:
    """A context in which the first signal is noted, and the second one stops immediately.

    Attributes:
        noted: whether a signal has come.
    """

    def __init__(self, patient: bool = False) -> None:
        """patient: ignore further signals: torchrun sends each process a Ctrl-C that the terminal has sent already."""
        self.noted = False
        self._patient = patient
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():  # Python allows handlers nowhere else
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal returned

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.noted and not self._patient:
            raise KeyboardInterrupt
        if not self.noted and sys.stderr.isatty():
            os.write(2, WORDS)  # print could deadlock: the signal may have interrupted a print
        self.noted = True
