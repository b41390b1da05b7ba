"""Runs `python -m` without the second that importing torch takes: a process that has imported it forks for each run."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.project.conftest import ROOT

SECONDS = 200  # for one run
SERVER = """
import json, os, resource, runpy, sys
import pytest, torch
orders = os.fdopen(os.dup(0))
answers = os.fdopen(os.dup(1), "w")
for line in orders:
    order = json.loads(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)
        continue
    for number, path, mode in (0, order["types"], os.O_RDONLY), (1, order["says"], os.O_WRONLY):
        os.dup2(os.open(path, mode), number)
    os.dup2(1, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (100, 100))  # should nobody be left to end it
    orders.close()
    answers.close()
    os.environ.clear()
    os.environ.update(order["environment"])
    exec(order["first"], {})
    sys.argv[:] = order["arguments"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    break
"""


class Warm:
    """A process with torch and pytest, and with nothing of ours, in the repository's root.

    Args:
        folder: for what a run reads and writes.
    """

    def __init__(self, folder: Path) -> None:
        self._types, self._says = folder / "types", folder / "says"
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER], cwd=ROOT, process_group=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], types: str = "", first: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run a module as `python -m` does; its standard error is in its standard output.

        Args:
            arguments: the module and its arguments.
            types: the standard input.
            first: code that runs before the module.

        Raises:
            TimeoutError: if it does not end; nothing more can be run then.
        """
        self._types.write_text(types, encoding="utf-8")
        self._says.write_text("", encoding="utf-8")
        order = {"arguments": [*arguments], "environment": {**environment}, "first": first}
        order |= {"types": str(self._types), "says": str(self._says)}
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(order), file=self._process.stdin, flush=True)
        if not select.select([self._process.stdout], [], [], SECONDS)[0]:
            self.close()
            raise TimeoutError(f"{arguments} did not end in {SECONDS} s")
        status = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(arguments, status, self._says.read_text(encoding="utf-8"))

    def close(self) -> None:
        """End the process, and the run that it waits for."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def environment() -> dict[str, str]:
    """This process's, with the plugins of pytest that students have: those of the project take a second to import."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return kept | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
