"""What tests cost, in multiples of one cold grading: machines differ, this number hardly does.

    python -m tests.project.cost                      # CPU seconds of a cold grading now: alone, and one of two at once
    python -m tests.project.cost --cold 5.5,7.9 5.9,8.1 -- lint=31 tests@2=412    # seconds as multiples of their means

A cold grading grades the solution's zip with the kit that `make grade` has left in build/, as the platform does:
`run_autograder` in a fresh process, on modules compiled before.

Processors may share caches and units, so the same work can take more CPU where two processes run at once, as tests do.
Therefore a step counts in cold gradings that ran as many at a time as its own processes. A machine's speed also changes
while tests run, so `.ci/run` measures it before them, between them and after them.
"""

import argparse
import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.prepare import rehearsal

BUILD = Path(__file__).resolve().parents[2] / "build"
REPETITIONS = 3
AT_ONCE = (1, 2)


def cold_gradings() -> list[float]:
    """CPU seconds that grading the solution takes, all processes together: for each of AT_ONCE the median of a few."""
    with tempfile.TemporaryDirectory(prefix="cost-") as name:
        layouts = [Path(name, str(number)) for number in range(max(AT_ONCE))]
        for layout in layouts:
            layout.mkdir()
            rehearsal.lay_out(layout, BUILD / "autograder.zip", BUILD / "solution.zip")
            compileall.compile_dir(layout / "source", quiet=2)  # as setup.sh does, once an image
        return [statistics.median(_grade(layouts[:count]) for _ in range(REPETITIONS)) for count in AT_ONCE]


def _grade(layouts: list[Path]) -> float:
    """CPU seconds of one of the gradings that run at once."""
    before = _of_children()
    environment = {**os.environ, "AUTOGRADER_PYTHON": sys.executable}
    commands = [[str(layout / "source" / "run_autograder"), str(layout), "--here"] for layout in layouts]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for command in commands]
    statuses = [process.wait() for process in running]
    assert not any(statuses), statuses
    return (_of_children() - before) / len(layouts)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def table(cold: list[list[float]], steps: list[str]) -> list[str]:
    """Lines that say what steps ("tests@2=412") cost, in the means of what was measured several times."""
    units = dict(zip(AT_ONCE, map(statistics.mean, zip(*cold, strict=True)), strict=True))
    measured = "; ".join(" and ".join(f"{seconds:.1f}" for seconds in once) for once in cold)
    alone, two = units.values()
    lines = [f"one cold grading: {alone:.1f} s of CPU, and {two:.1f} s where two run at once (measured: {measured})"]
    costs: dict[str, tuple[float, float]] = {}
    for step in steps:
        name, _, seconds = step.partition("=")
        title, _, at_once = name.partition("@")
        costs[title] = float(seconds), float(seconds) / units[int(at_once or 1)]
    costs["all"] = sum(cost for cost, _ in costs.values()), sum(multiple for _, multiple in costs.values())
    for name, (cost, times) in costs.items():
        lines.append(f"{name}: {cost:.0f} s of CPU, {times:.0f} times a cold grading")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description="What tests cost, in multiples of one cold grading.")
    parser.add_argument("--cold", nargs="+", metavar="ALONE,OF-TWO", help="seconds of CPU that cold gradings took")
    parser.add_argument("steps", nargs="*", metavar="NAME[@AT-ONCE]=SECONDS", help="steps and the CPU that they took")
    options = parser.parse_args()
    if not options.cold:
        print(",".join(f"{seconds:.2f}" for seconds in cold_gradings()))
        return
    print(*table([list(map(float, text.split(","))) for text in options.cold], options.steps), sep="\n")


if __name__ == "__main__":
    main()
