"""What tests cost, in multiples of one cold grading: machines differ, this number hardly does.

    python -m tests.project.cost tests=412 lint=31 all=520    # seconds of CPU

Grades the solution's zip with the kit that `make grade` has left in build/, as the platform does: `run_autograder` in a
fresh process, on modules compiled before. Prints each figure as a multiple of what that costs.
"""

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


def main(arguments: list[str]) -> None:
    one = cold_grading()
    print(f"one cold grading: {one:.1f} s of CPU")
    for name, _, seconds in (argument.partition("=") for argument in arguments):
        print(f"{name}: {float(seconds):.0f} s of CPU, {float(seconds) / one:.0f} times a cold grading")


if __name__ == "__main__":
    main(sys.argv[1:])
