"""Starts the process that runs tests (serve.py), talks to it, and makes the verdict if it ends early."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.graded import TESTS
from harness.judge import Kind, Verdict
from harness.verdicts import NOBODY, ended_early

GRACE = 60.0  # seconds without a message after which the process is killed, where limit.py cannot end it


class Spare:
    """A process that has imported torch, serves one run and is then replaced. It uses only Popen, to work on Windows.

    Attributes:
        test: the key of the running test, or "".
    """

    def __init__(self, tree: Path, modules: Sequence[str]) -> None:
        self.test = ""
        self._overdue = False
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)
        self._last_message = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.watch.serve", str(tree.resolve()), *modules],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=TESTS.parent,
            env={**os.environ, "PYTHONBREAKPOINT": NOBODY},
            # Ctrl-C must reach the watch alone: that takes a new session on POSIX, a new process group on Windows.
            start_new_session=True, creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )  # fmt: skip
        self._messages: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._messages.put(json.loads(line))
        self._messages.put(None)

    def run(self, chosen: Sequence[str]) -> None:
        """Start the run of test modules, or of tests given as `module::name`."""
        assert self._process.stdin
        self._last_message = time.monotonic()
        with suppress(OSError):  # it has died meanwhile, and `receive` will say so
            self._process.stdin.write(json.dumps({"run": list(chosen)}).encode() + b"\n")
            self._process.stdin.flush()

    def receive(self, seconds: float) -> dict[str, Any] | None:
        """The next message, or None after so many seconds; the last message of a process is {"gone": True}."""
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            if self.test and time.monotonic() - self._last_message > GRACE:
                self._overdue = True
                self._process.kill()
            return None
        self._last_message = time.monotonic()
        if message is None:
            return {"gone": True}
        self.test = message.get("starts", self.test)
        return message

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin
        with suppress(OSError):  # an order that the process has not read
            self._process.stdin.close()
        self._log.close()

    @property
    def log(self) -> str:
        """What the process wrote to standard error: after a hang or a crash, the traceback of each thread."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", errors="replace")

    def verdict_of_end(self, files: Iterable[str]) -> Verdict:
        """The verdict of the test during which the process ended.

        Args:
            files: the files of the tree; the verdict names the innermost line in one of them.
        """
        status, log = self._process.wait(), self.log
        if self._overdue or log.startswith("Timeout ("):
            end = "timeout"
        elif status < 0 or "Windows fatal exception" in log:
            end = f"signal {-status if status < 0 else 11}"
        else:
            end = f"exit {status}"
        where = _place(log, files)
        return Verdict(Kind.FAULT, f"{where}\n  {ended_early(end)}" if where else ended_early(end))


def _place(log: str, files: Iterable[str]) -> str:
    """The first line of the first traceback in faulthandler's log that lies in one of the files."""
    for line in log.splitlines():
        name, _, rest = line.strip().removeprefix('File "').partition('", line ')
        for file in files:
            if rest and name.replace("\\", "/").endswith("/" + file):
                number, _, function = rest.partition(" in ")
                return f"{file}:{number}, in {function}"
    return ""
