"""What tests cost, in multiples of one cold grading: machines differ, this number hardly does.

    python -m tests.project.cost                                         # seconds of CPU of one cold grading, now
    python -m tests.project.cost --cold 5.5 5.9 -- tests=412 lint=31     # seconds of CPU as multiples of their mean

A cold grading grades the solution's zip with the kit that `make grade` has left in build/, as the platform does:
`run_autograder` in a fresh process, on modules compiled before. A machine's speed changes while tests run, so
`.ci/run` measures it before them, between them and after them.
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


def cold_grading() -> float:
    """Seconds of CPU that grading the solution takes, with all of its processes; the median of a few runs."""
    with tempfile.TemporaryDirectory(prefix="cost-") as name:
        layout = Path(name, "autograder")
        layout.mkdir()
        rehearsal.lay_out(layout, BUILD / "autograder.zip", BUILD / "solution.zip")
        compileall.compile_dir(layout / "source", quiet=2)  # as setup.sh does, once an image
        return statistics.median(_grade(layout) for _ in range(REPETITIONS))


def _grade(layout: Path) -> float:
    before = _of_children()
    command = [str(layout / "source" / "run_autograder"), str(layout), "--here"]
    environment = {**os.environ, "AUTOGRADER_PYTHON": sys.executable}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="What tests cost, in multiples of one cold grading.")
    parser.add_argument("--cold", nargs="+", type=float, help="seconds of CPU that cold gradings took")
    parser.add_argument("steps", nargs="*", metavar="NAME=SECONDS", help="steps and the CPU that they took")
    options = parser.parse_args()
    if not options.cold:
        print(f"{cold_grading():.2f}")
        return
    mean = statistics.mean(options.cold)
    print(f"one cold grading: {mean:.1f} s of CPU (measured: {', '.join(f'{cold:.1f}' for cold in options.cold)})")
    steps = {name: float(seconds) for name, _, seconds in (step.partition("=") for step in options.steps)}
    for name, seconds in {**steps, "all": sum(steps.values())}.items():
        print(f"{name}: {seconds:.0f} s of CPU, {seconds / mean:.0f} times a cold grading")


if __name__ == "__main__":
    main()
