"""What tests cost, in multiples of one cold grading: machines differ, this number hardly does.

    python -m tests.project.cost tests=412 all=520    # seconds of CPU

Grades the solution's zip with the kit that `make grade` has left in build/ and prints each figure as a multiple of it.
"""

import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cold_grading() -> float:
    """Seconds of CPU that grading the solution takes, with all of its processes."""
    command = [sys.executable, "-m", "autograder", "grade", "build/solution.zip"]
    before = _of_children()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
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
