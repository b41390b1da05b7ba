"""Measures how fast a class is graded, beside a process of gradescope-utils for each submission, and after kills.

The class is generated (`generated_class`). Everything runs as an instructor runs it: `python -m autograder batch` in a
process of its own.
"""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from autograder.bench import generated_class, unprotected
from autograder.bench.speed import BenchError, shrunk
from autograder.course import content
from autograder.course.handins import HandIn
from autograder.grade.kit import Kit
from autograder.grade.overlay import overlay
from autograder.prepare import rehearsal
from autograder.prepare.files import rezipped

IGNORED = ("seconds",)  # columns of items.csv that differ from run to run
EVERY = 0.5  # seconds between two samples of memory
Say = Callable[[str], None]


@dataclass(frozen=True)
class Figures:
    """What was measured; seconds are wall time.

    Attributes:
        jobs: submissions at a time.
        cold_seconds: grading the solution alone, in a fresh process.
        seconds: grading the class, from the command to its end.
        again_seconds: the same command when nothing has changed.
        peak_mib: memory of all processes together, proportional set size.
        sample: submissions that both graders have graded; none of them hangs, which the other one would wait for.
        per_minute, unprotected_per_minute: submissions of the sample a minute, start-up included, equally many at once.
    """

    submissions: int
    jobs: int
    cold_seconds: float
    seconds: float
    again_seconds: float
    peak_mib: float
    sample: int
    per_minute: float
    unprotected_per_minute: float

    @property
    def ratio(self) -> float:
        return self.per_minute / self.unprotected_per_minute


def measure(root: Path, kit: Path, count: int, sample: int, jobs: int, say: Say) -> Figures:
    """Grade a class of `count`, then again, then a sample of it beside the unprotected grader.

    Raises:
        BenchError: a command failed, or the two graders did not agree about a score.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        source, some, solution = (folder / part for part in ("class", "sample", "solution"))
        made = _write(root, source, count)
        say(f"{count} submissions are written")
        ends = [each for each in made if each.sort in ("right", "mistaken", "begun")][:sample]
        for each in ends:
            generated_class.write(each, root, _made(some))
        generated_class.write(next(each for each in made if each.sort == "right"), root, _made(solution))
        cold = rehearsal.rehearse(kit, next(solution.iterdir()), root).seconds
        say(f"cold: {cold:.1f} s")
        seconds, peak = batch(root, kit, source, folder / "out", jobs)
        say(f"the class: {seconds:.0f} s, {peak:.0f} MiB")
        again, _ = batch(root, kit, source, folder / "out", jobs)
        say(f"again: {again:.1f} s")
        own, _ = batch(root, kit, some, folder / "out-sample", jobs)
        say(f"{len(ends)} of them: {own:.0f} s")
        rival = _unprotected(kit, some, folder, jobs)
        say(f"the same unprotected: {rival:.0f} s")
        _demand_same(folder / "out-sample", folder / "rival")
        rates = (60 * len(ends) / own, 60 * len(ends) / rival)
        return Figures(count, jobs, cold, seconds, again, peak, len(ends), *rates)


def survive(root: Path, kit: Path, count: int, kills: int, jobs: int, say: Say) -> None:
    """Grade a class twice, once with SIGKILLs on the way, and demand the same tables.

    Raises:
        BenchError: where a table differs.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        _write(root, folder / "class", count)
        seconds, peak = batch(root, kit, folder / "class", folder / "quiet", jobs)
        say(f"quiet: {seconds:.0f} s, {peak:.0f} MiB")
        for number in range(kills):
            _kill_after(root, kit, folder / "class", folder / "killed", jobs, seconds / (kills + 1))
            say(f"killed {number + 1} times")
        batch(root, kit, folder / "class", folder / "killed", jobs)
        for table in ("grades.csv", "items.csv"):
            before, after = (_table(folder / run / table) for run in ("quiet", "killed"))
            if before != after:
                rows = sorted({*before} ^ {*after})
                raise BenchError("\n".join([f"{table} differs after kills:", *map(str, rows[:20])]))
        say(f"after {kills} kills the tables of {count} submissions are those of a quiet run")


def quick_kit(kit: Path, target: Path) -> Path:
    """A kit with the first test of each deliverable, one hidden seed and a second for each test."""

    def change(name: str, content: bytes) -> bytes:
        if name == "kit.json":
            return shrunk(content)
        if name == "autograder/rubric.toml":
            return re.sub(rb"test_seconds = [\d.]+", b"test_seconds = 1.0", content)
        return content

    return rezipped(kit, target, change)


def batch(root: Path, kit: Path, source: Path, out: Path, jobs: int) -> tuple[float, float]:
    """Run the command; its seconds, and its peak memory in MiB."""
    started = time.monotonic()
    with _batch(root, kit, source, out, jobs) as process, rehearsal.peak_memory(process.pid, EVERY) as peak:
        output, _ = process.communicate()
    if process.returncode:
        raise BenchError(f"batch ended with status {process.returncode}:\n{output.decode(errors='replace')[-2000:]}")
    return time.monotonic() - started, peak[0] / 2**20


def _kill_after(root: Path, kit: Path, source: Path, out: Path, jobs: int, seconds: float) -> None:
    with _batch(root, kit, source, out, jobs) as process:
        try:
            process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()


@contextmanager
def _batch(root: Path, kit: Path, source: Path, out: Path, jobs: int) -> Iterator[subprocess.Popen[bytes]]:
    options = ["--out", str(out), "--kit", str(kit), "--jobs", str(jobs)]
    command = [sys.executable, "-m", "autograder", "batch", str(source), *options]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        yield process


def _write(root: Path, folder: Path, count: int) -> list[generated_class.Made]:
    made = list(generated_class.submissions(root, count))
    for each in made:
        generated_class.write(each, root, _made(folder))
    return made


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _unprotected(kit: Path, source: Path, folder: Path, jobs: int) -> float:
    """Seconds in which one unprotected process for each submission grades all; results go to folder/rival."""
    layout, results = _made(folder / "layout"), _made(folder / "rival")
    rehearsal.lay_out_kit(layout, kit)
    unpacked = Kit.load(layout / "source")

    def grade(place: Path) -> None:
        files = content.read(HandIn(place.stem, place), unpacked.assignment).files
        with overlay(unpacked.root / "student", files) as tree:
            words = [str(unpacked.root), str(tree), str(results / f"{place.stem}.json")]
            command = [sys.executable, "-s", "-P", unprotected.__file__, *words]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
        if done.returncode:
            raise BenchError(f"the unprotected grader failed on {place.name}:\n{done.stderr[-2000:]}")

    started = time.monotonic()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(grade, sorted(source.iterdir())))
    return time.monotonic() - started


def _demand_same(out: Path, rival: Path) -> None:
    """Demand that both graders found the same submissions right."""
    for path in sorted(rival.iterdir()):
        ours = json.loads((out / "results" / path.name).read_text(encoding="utf-8"))["tests"]
        theirs = json.loads(path.read_text(encoding="utf-8"))["tests"]
        right = (
            all(row["status"] == "passed" for row in ours),
            all(row["score"] == row["max_score"] for row in theirs),
        )
        if right[0] != right[1]:
            raise BenchError(f"{path.stem}: {'right' if right[0] else 'wrong'} here, and not there")


def _table(path: Path) -> list[tuple[str, ...]]:
    """A table without the columns that differ from run to run, in sorted order."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    kept = [column for column, name in enumerate(header) if name not in IGNORED]
    return sorted(tuple(row[column] for column in kept) for row in rows)


def markdown(figures: Figures) -> str:
    """A table of docs/scale.md."""
    bound = 480 * figures.cold_seconds / 3.2 * figures.submissions / 200
    rows = [
        ("what", "figure", "goal"),
        ("---", "---", "---"),
        ("one cold grading of a right submission", f"{figures.cold_seconds:.1f} s", ""),
        (
            f"{figures.submissions} distinct submissions, {figures.jobs} at a time",
            f"{figures.seconds:.0f} s",
            _goal(figures.seconds <= bound, f"at most {bound:.0f} s, in proportion to the cold grading"),
        ),
        ("memory of all processes", f"{figures.peak_mib:.0f} MiB", _goal(figures.peak_mib < 1536, "under 1.5 GiB")),
        ("the same command again", f"{figures.again_seconds:.1f} s", _goal(figures.again_seconds < 10, "under 10 s")),
        (f"{figures.sample} that end by themselves, a minute", f"{figures.per_minute:.1f}", ""),
        ("the same, a process of gradescope-utils each", f"{figures.unprotected_per_minute:.1f}", ""),
        ("ratio", f"{figures.ratio:.2f}", _goal(figures.ratio >= 3, "at least 3")),
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _goal(is_met: bool, words: str) -> str:
    return f"{words}: {'met' if is_met else 'MISSED'}"
