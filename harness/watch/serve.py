"""The process of `python -m tests --watch` that runs tests: it imports torch, waits for one order, runs it and ends.

`python -m harness.watch.serve TREE MODULE...` reads and writes JSON, one object a line. When it is ready it sends
`tests` (all tests of the modules) and `damaged`, and reads what to `run`. For each test it then sends `starts` and the
`verdicts` so far, and at the end all verdicts with `end`. Each run has a process of its own, so that student code is
imported afresh and may hang or crash without harm. Nothing forks.
"""

import faulthandler
import gc
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest

from harness.contract import Assignment
from harness.graded import GradedTest
from harness.judge import Verdict
from harness.limit import exit_now
from harness.plugin import LOG, ROOT
from harness.progress.recorder import Recorder, run_pytest
from harness.warm import warm_up


class Wire:
    """The connection to the watch. Output of student code is discarded, and student code cannot read the orders."""

    def __init__(self) -> None:
        self._to = os.fdopen(os.dup(1), "w", encoding="ascii")
        self._from = os.fdopen(os.dup(0), "r", encoding="ascii")
        self.log = os.fdopen(os.dup(2), "w", encoding="utf-8")
        for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
            nowhere = os.open(os.devnull, mode)
            os.dup2(nowhere, descriptor)
            os.close(nowhere)

    def send(self, **message: Any) -> None:
        print(json.dumps(message), file=self._to, flush=True)

    def receive(self) -> dict[str, Any] | None:
        """The order of the watch; None when the watch has ended."""
        line = self._from.readline()
        return dict(json.loads(line)) if line else None


class Reporting(Recorder):
    """Sends each event to the watch when it happens."""

    def __init__(self, assignment: Assignment, wire: Wire) -> None:
        super().__init__(assignment)
        self.wire = wire
        self.module = ""

    def end_module(self) -> None:
        """Explain the verdicts of a whole deliverable, which together select hints better than each alone."""
        if self.module:
            self.explain(self.module)
            self.wire.send(verdicts=self.verdicts())

    @property
    def tests(self) -> dict[str, GradedTest]:
        return {key: test for standing in self.standings.values() for key, test in standing.tests.items()}

    def verdicts(self, *keys: str) -> dict[str, Any]:
        """Key -> verdict, of the given tests or of all that have run."""
        known = {key: verdict for standing in self.standings.values() for key, verdict in standing.verdicts.items()}
        return {key: asdict(known[key]) for key in keys or known if key in known}

    def pytest_configure(self, config: pytest.Config) -> None:
        super().pytest_configure(config)
        config.stash[LOG] = self.wire.log.fileno()

    def give_up(self, item: pytest.Function, verdict: Verdict) -> NoReturn:
        self.record(item, verdict)
        self.wire.send(verdicts=self.verdicts(_key(item.nodeid)))
        exit_now(1)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        super().pytest_runtest_logstart(nodeid)
        module = _key(nodeid).partition("::")[0]
        if self.module and module != self.module:
            self.end_module()
        self.module = module
        self.wire.send(starts=_key(nodeid))

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        super().pytest_runtest_makereport(item, call)
        if call.when == "call":
            self.wire.send(verdicts=self.verdicts(_key(item.nodeid)))


def _key(nodeid: str) -> str:
    return nodeid.removeprefix("tests/").partition("[")[0]


def main(arguments: Sequence[str]) -> None:
    wire = Wire()
    assignment = Assignment.load(ROOT / "student" / "assignment.json")
    tree, modules = Path(arguments[0]), arguments[1:]
    # The first collection imports the tests and most of pytest; done now, it costs no time after a save.
    reading = Reporting(assignment, wire)
    run_pytest(modules, tree, reading, "--collect-only")
    warm_up(modules)
    gc.freeze()
    wire.send(tests=[test.to_json() for test in reading.tests.values()], damaged=reading.damaged)
    order = wire.receive()
    if order is None:
        return
    sys.dont_write_bytecode = True  # else Python takes two saves within a second for one and runs the older code
    faulthandler.enable(file=wire.log)
    recorder = Reporting(assignment, wire)
    run_pytest(order["run"], tree, recorder, "-pno:faulthandler")
    recorder.end_module()
    wire.send(end=True, verdicts=recorder.verdicts(), damaged=recorder.damaged)


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # skips whatever student code has registered for the exit
