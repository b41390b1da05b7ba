"""The watch's end of the process that runs tests (serve.py), and what is said where that process ends early."""

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

GRACE = 60.0  # seconds without a word, after which a process is ended that limit.py cannot end


class Spare:
    """A process that has torch imported, serves one run and is then replaced. Popen alone: the same on Windows.

    Attributes:
        at: key of the test that runs, or "".
    """

    def __init__(self, tree: Path, modules: Sequence[str]) -> None:
        self.at = ""
        self._overdue = False
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)
        self._heard = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.watch.serve", str(tree.resolve()), *modules],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, cwd=TESTS.parent,
            env={**os.environ, "PYTHONBREAKPOINT": NOBODY},
            # Ctrl-C is for the watch: POSIX asks for a session of its own, Windows for a group.
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
        """Send it off: test modules, or tests as `module::name`."""
        assert self._process.stdin
        self._heard = time.monotonic()
        with suppress(OSError):  # it has died meanwhile, and `hear` will say so
            self._process.stdin.write(json.dumps({"run": list(chosen)}).encode() + b"\n")
            self._process.stdin.flush()

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """The next message, waited for that long; {"gone": True} as the last one of a process that has ended."""
        try:
            message = self._messages.get(timeout=seconds)
        except queue.Empty:
            if self.at and time.monotonic() - self._heard > GRACE:
                self._overdue = True
                self._process.kill()
            return None
        self._heard = time.monotonic()
        if message is None:
            return {"gone": True}
        self.at = message.get("starts", self.at)
        return message

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdin
        with suppress(OSError):  # an order that nobody will read
            self._process.stdin.close()
        self._log.close()

    @property
    def log(self) -> str:
        """What it wrote to its standard error: of a hang or a crash, where each thread stood."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", errors="replace")

    def last_words(self, files: Iterable[str]) -> Verdict:
        """The verdict of the test in which it ended without a result.

        Args:
            files: of the tree; a line in one of them is named, the innermost.
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
    """The first line of the first traceback in a log of faulthandler's that lies in one of the files."""
    for line in log.splitlines():
        name, _, rest = line.strip().removeprefix('File "').partition('", line ')
        for file in files:
            if rest and name.replace("\\", "/").endswith("/" + file):
                number, _, function = rest.partition(" in ")
                return f"{file}:{number}, in {function}"
    return ""
