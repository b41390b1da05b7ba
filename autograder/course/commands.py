"""The commands for a class: `python -m autograder batch --help` and others."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from tqdm import tqdm

from autograder import REPOSITORY
from autograder.course import batch as batches
from autograder.course import dashboard, kits, overrides, report, sources, tables, times
from autograder.course.batch import Batch, BatchError, Summary, Wanted
from autograder.course.graders import Graders
from autograder.course.handins import HandIn
from autograder.course.record import Record
from autograder.course.roster import PLAIN, Roster, read_roster
from autograder.prepare import kit as kit_files
from harness.files import refusal, replace
from harness.words import abridged, joined, printable

T = TypeVar("T")

GRADES, ITEMS, SUMMARY = "grades.csv", "items.csv", "summary.txt"
INTERRUPTED = 130  # the exit status of a command that Ctrl-C has ended
MARK = "What `python -m autograder batch` has done"  # the first line of summary.txt
OURS = {  # the files beside the record, with a text that each of them holds
    GRADES: ",".join(tables.GRADES), ITEMS: ",".join(tables.ITEMS), report.NAME: report.MARK, SUMMARY: MARK,
}  # fmt: skip
SHOWN = 8  # names of a list in the terminal; summary.txt has all
Out = Annotated[
    Path,
    typer.Option("--out", help="The folder for all results. It is made, or its run is continued.", file_okay=False),
]


def batch(
    source: Annotated[Path, typer.Argument(help="A folder of submissions, or an unpacked export of a platform.")],
    out: Out,
    kit_zip: Annotated[Path, typer.Option("--kit", help="The autograder to grade with.")] = Path(
        "build/autograder.zip"
    ),
    due: Annotated[str, typer.Option(help='The due date, such as "2026-03-01 23:59".')] = "",
    times_file: Annotated[
        Path | None, typer.Option("--times", help="CSV of hand-in times: student or submission, time.")
    ] = None,
    extensions: Annotated[
        Path | None, typer.Option(help='CSV of extensions: student, and due or extension ("2 days").')
    ] = None,
    roster_file: Annotated[
        Path | None, typer.Option("--roster", help="Who is enrolled: a gradebook or roster that a platform exports.")
    ] = None,
    format: Annotated[
        str, typer.Option(help=f"Also write grades-FORMAT.csv for {joined(tables.FORMATS[1:], 'or')}.")
    ] = PLAIN,
    assignment: Annotated[str, typer.Option(help="The assignment's name in Canvas.")] = "",
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Grade again what did not get all points or could not be graded.")
    ] = False,
    test: Annotated[
        list[str] | None,
        typer.Option(help="Run only this test again, for all students, such as 1.2.3; may be repeated."),
    ] = None,
    student: Annotated[list[str] | None, typer.Option(help="Grade only this student again; may be repeated.")] = None,
    jobs: Annotated[
        int, typer.Option(min=1, show_default="one for each core", help="Submissions at a time.")
    ] = os.cpu_count() or 1,
    scheduler: Annotated[
        str, typer.Option(help="Grade on the workers of the Dask cluster with this scheduler address.")
    ] = "",
) -> None:
    """Grade all submissions of a class. The same command again grades only what has changed since."""
    kit = kits.facts(kit_zip)
    if kit_files.built_from(kit_zip) != kit_files.inputs(REPOSITORY):
        say(f"{kit_zip} was built from other sources or another rubric than this repository has. It is what grades.")
    roster = read_roster(roster_file) if roster_file else None
    tables.check(format, roster, assignment or kit.assignment.title)
    handins, described = _read(source, out, due, times_file, extensions)
    with batches.opened(out) as record:
        given = _overrides(out, handins, kit.points)
        wanted = Wanted(only_failed, tuple(test or ()), tuple(student or ()))
        run = Batch(record, out, kit, handins, given, wanted)
        grade(run, str(source), described, [source, out], jobs, scheduler)
        with batches.full_disk_in_words(out):
            write(run, format, roster, assignment)
    if run.summary.failed:
        raise typer.Exit(1)


def _read(
    source: Path, out: Path, due: str, times_file: Path | None, extensions: Path | None
) -> tuple[list[HandIn], str]:
    """The submissions of a source with all that is known of their times, and the source's format."""
    read = sources.read(source, out)
    say(f"{source}: {read.format}, {len(read.handins)} submissions")
    moment = times.moment(due, "--due") if due else None
    known = times.read_times(times_file) if times_file else []
    extended = times.read_extensions(extensions) if extensions else []
    handins = times.apply(read.handins, moment, known, extended)
    for sentence in (*read.notes, *times.remarks(handins, moment, known, extended)):
        say(sentence)
    return handins, read.format


def _overrides(out: Path, handins: Sequence[HandIn], points: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    path = out / overrides.NAME
    if not path.exists():
        return {}
    given = overrides.read_overrides(path, handins, points)
    for sentence in overrides.remarks(given, handins):
        say(sentence)
    return {
        id: {test: {"points": override.points, "reason": override.reason} for test, override in rows.items()}
        for id, rows in given.items()
    }


def grade(run: Batch, source: str, format: str, closed: list[Path], jobs: int, scheduler: str = "") -> None:
    """Grade what has to be graded, with progress; leave the command where somebody stops it.

    Args:
        source, format: where the submissions come from, for people.
        closed: folders to hide from student code.

    Raises:
        BatchError: if a file stands in the way of those that each run writes; nothing is graded then.
    """
    for name in OURS:
        _demand_free(run.out / name)
    tasks = [task for task in _bar(run.plan(), "reading", len(run.handins)) if task]
    say(_planned(tasks, len(run.handins)))
    if scheduler:
        from autograder.course.cluster import ClusterGraders  # Dask takes half a second

        graders: Any = ClusterGraders(scheduler, run.kit, REPOSITORY, closed)
    else:
        if tasks and os.geteuid() != 0:
            say("Only root can isolate student code: it runs as you, and can read and write what you can.")
        kit, count = run.kit, min(jobs, max(1, len(tasks)))
        graders = Graders(kit.path, kit.digest, REPOSITORY, closed, kit.seconds, count)
    done = 0
    try:
        for _ in _bar(run.run(tasks, graders, source, format), "grading", len(tasks)):
            done += 1
    except KeyboardInterrupt:
        go_on = "" if any(vars(run.wanted).values()) else " The same command goes on where this one stopped."
        say(f"Stopped: {done} of {len(tasks)} are graded and stored.{go_on}")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        if scheduler:
            graders.close()


def write(run: Batch, format: str = PLAIN, roster: Roster | None = None, assignment: str = "") -> None:
    """Write the files of a graded class, and say what the run has done."""
    record, out = run.record, run.out
    remarks = tables.write_grades(record, out / GRADES, PLAIN, roster)
    written = [GRADES, ITEMS, report.NAME, SUMMARY, f"{batches.RESULTS}/"]
    if format != PLAIN:
        written.append(f"grades-{format}.csv")
        remarks = tables.write_grades(record, out / written[-1], format, roster, assignment)
    if _is_old(out / ITEMS, record):
        tables.write_items(record, out / ITEMS)
    if dashboard.is_old(record, out):
        alike = dashboard.write(record, out)
        if alike:
            hint = f"`python -m autograder misconception list --from {out}`"
            remarks.append(f"{len(alike)} mistakes of three submissions or more have no hint: {hint}")
    lines = list(_lines(run.summary, record))
    _write_summary(out / SUMMARY, lines, remarks)
    for line in (*_abridged(lines), *remarks):
        say(line)
    say(f"{out}: {', '.join(written)}")


def _is_old(path: Path, record: Record) -> bool:
    """Whether something has changed since a file was written. For a large class writing it takes seconds."""
    return not path.exists() or record.changed_after(path.stat().st_mtime)


def _planned(tasks: Sequence[batches.Task], total: int) -> str:
    """What is going to be done, in words."""
    settled = sum(task.runs == () for task in tasks)
    if not tasks:
        return "Nothing has changed."
    again = f", and the points of {settled} to be computed again" if settled else ""
    return f"{len(tasks) - settled} of {total} submissions to be graded{again}"


def _bar(elements: Iterable[T], description: str, total: int) -> Iterator[T]:
    """Show progress with rate and time left on standard error."""
    return iter(tqdm(elements, desc=description, total=total, unit="submission", disable=total == 0))


def _lines(summary: Summary, record: Record) -> Iterator[tuple[str, list[str]]]:
    """What a run has done: a heading, and the submissions below it."""
    names = {submission.id: submission for submission in record.submissions()}
    changed = [f"{id} ({_points(before)} -> {_points(after)})" for id, (before, after) in summary.changed.items()]
    yield "graded", summary.graded
    yield "points computed again, since times, groups or overrides have changed", summary.settled
    yield "unchanged", summary.unchanged
    yield "no file of the assignment could be read", [f"{id}: {names[id].why}" for id in summary.unreadable]
    yield "the grader failed", [f"{id}: {names[id].why}" for id in summary.failed]
    yield "the grader failed this time, and the earlier result of the same bytes stays", summary.kept
    yield "not isolated", summary.not_isolated
    yield "another score than in the last run", changed
    yield "no longer in the source", summary.gone


def _write_summary(path: Path, lines: Iterable[tuple[str, list[str]]], remarks: Iterable[str]) -> None:
    """Write the whole lists."""
    _demand_free(path)
    paragraphs = ["\n".join([f"{heading} ({len(names)})", *names]) for heading, names in lines]
    text = "\n\n".join([MARK, *paragraphs, *remarks])
    replace(path, printable(text, keep="\n").encode() + b"\n")


def _demand_free(path: Path) -> None:
    """Raises BatchError for a file that no run has made."""
    if refused := refusal(path, OURS[path.name]):
        raise BatchError(f"{refused}; move it away")


def _points(score: float | None) -> str:
    return "none" if score is None else f"{score:g}"


def _abridged(lines: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    for heading, names in lines:
        if names:
            yield f"{len(names):>5}  {heading}: {abridged(names, SHOWN)}"


def say(text: str) -> None:
    """Print a line. Names of students and files come from strangers, so control characters are replaced."""
    print(printable(text), flush=True)
