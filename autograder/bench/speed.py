"""Measures how fast grading is, beside a grader that protects nothing and beside `import torch` alone.

All cold figures come from one loop that runs the graders in turn, so that other work on the machine slows all of them
alike. Every run is checked: a run that gives wrong points is an error, not a figure.
"""

import compileall
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from autograder.bench import unprotected
from autograder.grade.engine import Engine
from autograder.grade.kit import Kit
from autograder.grade.overlay import overlay
from autograder.prepare import catalogue, rehearsal
from harness.contract import Assignment
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree

Files = Mapping[str, bytes]


class BenchError(Exception):
    """A measured run that failed; the message says which."""


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        repetitions: how often each cold run is repeated; the median counts.
        submissions: how many submissions of each sort are graded warm.
        whole: whether to run the full suite; if not, one test a deliverable, to try the command itself.
    """

    repetitions: int = 5
    submissions: int = 50
    whole: bool = True

    @property
    def steps(self) -> int:
        """How many runs there are, for a progress bar."""
        return 3 * self.repetitions + 3 * self.submissions


@dataclass(frozen=True)
class Figures:
    """What was measured; seconds are wall time unless the name says CPU.

    Attributes:
        tests, runs: graded tests, and how often student code is called for them: every case with every seed.
        cold_ratio: isolated over unprotected.
        marginal_test_ms: CPU time of one more test with all its seeds, in a warm engine, for a submission that passes.
        warm_*: CPU seconds of one submission, judge and children together; mean.
    """

    tests: int
    runs: int
    import_torch_seconds: float
    cold_seconds: float
    cold_cpu_seconds: float
    unprotected_seconds: float
    unprotected_cpu_seconds: float
    cold_ratio: float
    cold_cpu_ratio: float
    marginal_test_ms: float
    warm_passing_cpu_seconds: float
    warm_failing_cpu_seconds: float


def measure(root: Path, kit_zip: Path, plan: Plan, advance: Callable[[str], None]) -> Figures:
    """Measure everything.

    Args:
        root: the repository.
        advance: called before each run with a name for it.

    Raises:
        BenchError: a run gave wrong points, or failed.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        assignment = Assignment.load(root / "student" / "assignment.json")
        solution = read_tree(root / "solution", assignment)
        layout = folder / "autograder"
        layout.mkdir()
        rehearsal.lay_out(layout, kit_zip, pack(solution, assignment, [], folder / "solution.zip"))
        if not plan.whole:
            _shrink(layout / "source" / "kit.json")
        compileall.compile_dir(layout / "source", quiet=2)  # as setup.sh does, once an image
        kit = Kit.load(layout / "source")
        cold = _cold(kit, layout, solution, plan, advance)
        engine = Engine(kit)
        try:
            warm = _warm(engine, root, solution, plan, advance)
        finally:
            engine.close()
        runs = len(kit.seeds) * sum(len(test.cases) for test in kit.tests)
        return Figures(tests=len(kit.tests), runs=runs, **cold, **warm)


def _shrink(path: Path) -> None:
    """Leave the first test of each deliverable and one hidden seed in an unpacked kit."""
    path.write_bytes(shrunk(path.read_bytes()))


def shrunk(kit_json: bytes) -> bytes:
    """A kit.json with the first test of each deliverable and one hidden seed."""
    data = json.loads(kit_json)
    data["tests"] = list({test["module"]: test for test in reversed(data["tests"])}.values())[::-1]
    data["seeds"] = data["seeds"][:2]
    return json.dumps(data).encode()


# Cold


def _cold(kit: Kit, layout: Path, solution: Files, plan: Plan, advance: Callable[[str], None]) -> dict[str, Any]:
    """Fresh processes: import torch, our grader, the unprotected one; in turn."""
    measured: dict[str, list[tuple[float, float]]] = {"import torch": [], "isolated": [], "unprotected": []}
    with overlay(kit.root / "student", solution) as tree:
        results = layout.parent / "unprotected.json"
        grader = [str(kit.root), str(tree), str(results)]
        commands = {
            "import torch": [sys.executable, "-I", "-c", "import torch"],
            "isolated": [str(layout / "source" / "run_autograder"), str(layout), "--here"],
            "unprotected": [sys.executable, "-s", "-P", unprotected.__file__, *grader],
        }
        for _ in range(plan.repetitions):
            for name, command in commands.items():
                advance(name)
                measured[name].append(_run(command))
            _demand_full_marks(layout / "results" / "results.json", kit, "the isolated run")
            _demand_full_marks(results, kit, "the unprotected run")
    wall = {name: statistics.median(wall for wall, _ in times) for name, times in measured.items()}
    cpu = {name: statistics.median(cpu for _, cpu in times) for name, times in measured.items()}
    return {
        "import_torch_seconds": wall["import torch"],
        "cold_seconds": wall["isolated"],
        "cold_cpu_seconds": cpu["isolated"],
        "unprotected_seconds": wall["unprotected"],
        "unprotected_cpu_seconds": cpu["unprotected"],
        "cold_ratio": wall["isolated"] / wall["unprotected"],
        "cold_cpu_ratio": cpu["isolated"] / cpu["unprotected"],
    }


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a command and all its children; BenchError when it fails."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {"AUTOGRADER_PYTHON": sys.executable, **os.environ}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _demand_full_marks(path: Path, kit: Kit, grader: str) -> None:
    """Demand that a results.json gives the solution all points; it is removed, so that the next run writes its own."""
    score, full = float(json.loads(path.read_text(encoding="utf-8"))["score"]), sum(kit.points.values())
    path.unlink()
    if abs(score - full) > 0.005 * len(kit.tests):
        raise BenchError(f"{grader} gave the solution {score:g} points, not {full:g}")


# Warm


def _warm(engine: Engine, root: Path, solution: Files, plan: Plan, advance: Callable[[str], None]) -> dict[str, Any]:
    """CPU seconds a submission, with one engine; and what one more test costs, from the suite's first half."""
    half = replace(engine.kit, tests=engine.kit.tests[::2])
    full_kit, fewer = engine.kit, len(half.tests)
    _grade(engine, solution, True)  # the first submission has extra costs, which are not warm grading
    passing: list[float] = []
    failing: list[float] = []
    halved: list[float] = []
    for number, wrong in enumerate(_failing(root, solution, plan.submissions)):
        right = {path: data + f"\n# {number}\n".encode() for path, data in solution.items()}
        for step, files, times in (("warm, passing", right, passing), ("warm, failing", wrong, failing)):
            advance(step)
            times.append(_grade(engine, files, files is right))
        advance("warm, half of the tests")
        engine.kit = half
        halved.append(_grade(engine, right, True))
        engine.kit = full_kit
    slope = statistics.median(map(float.__sub__, passing, halved)) / (len(full_kit.tests) - fewer)
    return {
        "marginal_test_ms": 1000 * slope,
        "warm_passing_cpu_seconds": statistics.mean(passing),
        "warm_failing_cpu_seconds": statistics.mean(failing),
    }


def _grade(engine: Engine, files: Files, right: bool) -> float:
    before = _cpu_seconds()
    grades = engine.grade(files)
    seconds = _cpu_seconds() - before
    if right and not all(row.verdict.passed for row in grades.rows):
        raise BenchError("a passing submission did not pass every test")
    return seconds


def _cpu_seconds() -> float:
    """CPU seconds that this process and all its descendants, also those that have ended, have used so far."""
    me = psutil.Process()
    own = me.cpu_times()  # before the search for others, which is no part of grading
    times = [own, *(process.cpu_times() for process in me.children(recursive=True))]
    return sum(used.user + used.system + used.children_user + used.children_system for used in times)


def _failing(root: Path, solution: Files, count: int) -> Iterator[Files]:
    """Wrong submissions: of every five, three with one misconception, one with two, one with only some files begun."""
    entries = catalogue.load(root)
    picked = entries[:: max(1, len(entries) // (2 * count))]
    skeleton = read_tree(root / "student", Assignment.load(root / "student" / "assignment.json"))
    for number in range(count):
        first, second = picked[2 * number % len(picked)], picked[(2 * number + 1) % len(picked)]
        wrong = {**solution, first.file: catalogue.apply(first, solution[first.file].decode()).encode()}
        if number % 5 == 3 and first.file != second.file:
            wrong[second.file] = catalogue.apply(second, solution[second.file].decode()).encode()
        if number % 5 == 4:
            paths = list(solution)[number % len(solution) :] + list(solution)[: number % len(solution)]
            wrong |= {path: skeleton[path] for path in paths[1 + number // 5 % (len(paths) - 1) :]}
        yield wrong
