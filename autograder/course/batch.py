"""Grades a class: what has to be graded, with results as they come, and what is said at the end.

DIR/
  class.sqlite   the record, from which all other files are made
  results/ID.json   what single grading writes, for each submission
  grades.csv  items.csv  summary.txt  report.html   grades-canvas.csv and others if they are asked for
  overrides.csv     written by the staff: points that count in place of a row's own
  corrected/        the same class under another kit, which `correct` has graded
"""

import base64
import contextlib
import errno
import fcntl
import json
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from autograder.course import content, overrides
from autograder.course.content import Content
from autograder.course.errors import CourseError
from autograder.course.graders import Answer
from autograder.course.handins import HandIn
from autograder.course.kits import KitFacts
from autograder.course.matching import Members
from autograder.course.record import FAILED, GRADED, NAME, UNREADABLE, Graded, Item, Record, Submission
from autograder.grade.overlay import TEMPORARY
from harness import files
from harness.judge import Kind
from harness.words import abridged

RESULTS = "results"
LOCK = ".lock"
MARK = '"extra_data"'  # in every results.json
LEAST_FREE = 64 << 20  # bytes of disk below which no submission is begun


Overrides = Mapping[str, Mapping[str, Any]]  # number of a test -> points and reason
Reader = Callable[[HandIn], Content]


class BatchError(CourseError):
    """A class that cannot be graded, or a run that had to stop; the message says why, and what to do."""


class Graders(Protocol):
    """What grades tasks: processes here, or workers of a cluster."""

    def answers(self, tasks: Iterable["Task"]) -> Iterator[tuple["Task", Answer]]:
        """Grade tasks; yields each with its answer, as they are ready."""


@dataclass
class Task:
    """A submission that has to be graded, or whose points have to be computed again.

    Attributes:
        read: gives what the submission holds.
        record: the file.
        before: the submission as the record has it.
        runs: the tests that have to run: all (None), some, or none; where not all run, the record's grades are used.
    """

    handin: HandIn
    read: Reader
    overrides: Overrides
    record: Path
    before: Submission | None = None
    runs: Sequence[str] | None = None
    content: Content | None = None

    @property
    def circumstances(self) -> str:
        """What the policy is applied to beside the grades."""
        return json.dumps([self.handin.metadata(), self.overrides])

    def request(self) -> dict[str, Any]:
        self.content = self.read(self.handin)
        return {
            "files": {path: base64.b64encode(data).decode() for path, data in self.content.files.items()},
            "notes": self.content.notes,
            "notebooks": self.content.notebooks,
            "metadata": self.handin.metadata(),
            "overrides": self.overrides,
            "grades": self._grades(),
            "only": list(self.runs or ()),
        }

    def _grades(self) -> dict[str, Any] | None:
        """The record's grades. They are read when they are needed, because those of a class take much memory."""
        if self.runs is None:
            return None
        with Record(self.record) as record:  # a connection of its own, because this may be another thread
            return record.grades(self.handin.id)


@dataclass
class Wanted:
    """Which submissions are graded again although nothing has changed.

    Attributes:
        failed: those that did not get all points, or that could not be graded.
        tests: numbers of tests; these alone run, and their rows take the place of the earlier ones.
        students: identifiers, names, e-mail addresses or numbers; others are left as they are.
    """

    failed: bool = False
    tests: tuple[str, ...] = ()
    students: tuple[str, ...] = ()


@dataclass
class Summary:
    """What a run has done: identifiers of submissions, sorted.

    Attributes:
        kept: those on which the grader failed this time, with why; an earlier result of the same bytes stays.
    """

    graded: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    not_isolated: list[str] = field(default_factory=list)
    changed: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


@contextlib.contextmanager
def opened(out: Path) -> Iterator[Record]:
    """The record of a folder, for one run at a time.

    Raises:
        BatchError: if another run writes to the folder, or if the folder holds other things and no record.
    """
    allowed = {overrides.NAME, LOCK}  # which may be there before the first run
    if out.exists() and not (out / NAME).exists() and {path.name for path in out.iterdir()} - allowed:
        raise BatchError(f"{out} holds other files and no graded class: name an empty folder, or one to be made")
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BatchError(f"another run writes to {out}: wait for it, or name another folder") from None
        with Record.create(out / NAME) as record:
            yield record


class Batch:
    """One run over a class.

    Args:
        handins: all submissions of the source.
        overrides: submission -> what the staff have decided about its rows.
        read: reads a submission; by default from its place.
    """

    def __init__(
        self,
        record: Record,
        out: Path,
        kit: KitFacts,
        handins: Sequence[HandIn],
        overrides: Mapping[str, Overrides],
        wanted: Wanted,
        read: Reader | None = None,
    ) -> None:
        self.record = record
        self.out = out
        self.kit = kit
        self.handins = handins
        self.overrides = overrides
        self.wanted = wanted
        self.read = read or partial(content.read, assignment=kit.assignment)
        self.summary = Summary()
        self._before = {submission.id: submission for submission in record.submissions(absent=True)}
        if unknown := [number for number in wanted.tests if number not in kit.points]:
            raise BatchError(f"--test {unknown[0]}: this kit has no such test; it has {abridged(kit.points, 3)}")

    def plan(self) -> Iterator[Task | None]:
        """For each submission the task that it needs, or None.

        A submission is graded again if its bytes or the kit have changed, or if it is wanted. If only what is known of
        it has changed (times, group, overrides), its points are computed again from the stored verdicts.
        """
        chosen = _chosen(self.handins, self.wanted.students)
        for handin in self.handins:
            before = self._before.get(handin.id)
            if handin.id not in chosen or (self.wanted.failed and before and _has_all(before, self.record)):
                yield None
            else:
                yield self._task(handin, before)

    def _task(self, handin: HandIn, before: Submission | None) -> Task | None:
        overrides = self.overrides.get(handin.id, {})
        task = Task(handin, self.read, overrides, self.record.path, before)
        if before is None or before.state == FAILED or self.record.digest(handin.id) != self.read(handin).digest:
            return task
        if self.wanted.tests:
            if self._tests_of(before.kit) != [test.key for test in self.kit.tests]:
                raise BatchError(
                    f"--test: {handin.id} was graded with other tests than this kit's: leave --test out once"
                )
            return replace(task, runs=self.wanted.tests)
        if before.kit != self.kit.digest or self.wanted.failed or self.wanted.students:
            return task
        if self.record.circumstances(handin.id) != task.circumstances:
            return replace(task, runs=())
        return None

    @cache  # noqa: B019 - it lives as long as the run
    def _tests_of(self, kit: str) -> list[str]:
        return [test.key for test in self.record.tests(kit)]

    def run(self, tasks: Sequence[Task], graders: Graders, source: str, format: str) -> Iterator[Graded]:
        """Grade tasks, and store each result before it is yielded; `summary` is complete at the end.

        Raises:
            BatchError: if the disk is full. What is stored stays.
        """
        self.record.add_kit(self.kit.digest, self.kit.answers, self.kit.contract, self.kit.listed, self.kit.points)
        number = self.record.begin(source, format, self.kit.digest)
        with full_disk_in_words(self.out):
            for task, answer in graders.answers(_while_there_is_room(tasks, self.out)):
                graded = self._graded(task, answer)
                task.content = None  # the contents of a class take much memory
                if graded.state == FAILED and self._is_good(task, graded):
                    self.summary.kept.append(f"{graded.handin.id}: {graded.why}")
                else:
                    self._store(graded, number)
                yield graded
            present = {handin.id for handin in self.handins}
            before = {id for id, submission in self._before.items() if submission.present}
            self.record.note(self.handins)
            self.record.finish(number, changed=bool(tasks) or present != before)
            self._write_missing()
        self._summarize(tasks, number)

    def _is_good(self, task: Task, failed: Graded) -> bool:
        """Whether the record has a result of the same bytes and kit, which a grader that fails does not replace."""
        before = task.before
        is_same = before is not None and self.record.digest(failed.handin.id) == failed.digest
        return is_same and before is not None and before.state != FAILED and before.kit == failed.kit

    def _store(self, graded: Graded, run: int) -> None:
        """Store and write a result. If a run is killed in between, no older file is left, and the next writes it."""
        path = self.out / RESULTS / f"{graded.handin.id}.json"
        if refused := files.refusal(path, MARK):
            raise BatchError(f"{path} cannot be written: {refused}; move it away, or name another folder")
        path.unlink(missing_ok=True)
        self.record.add(graded, run)
        if graded.results is not None:
            _write_results(path, graded.results)

    def _graded(self, task: Task, answer: Answer) -> Graded:
        """What the record stores of an answer."""
        id, done = task.handin.id, task.content or self.read(task.handin)
        stored = Graded(
            task.handin, done.digest, task.circumstances, GRADED, self.kit.digest,
            files=done.sources, notes=done.notes, notebooks=done.notebooks,
        )  # fmt: skip
        if "failed" in answer:
            return replace(stored, state=FAILED, why=f"The grader failed twice: {answer['failed']}")
        if not done.files:
            stored = replace(stored, state=UNREADABLE, why=" ".join(done.notes))
        kits = {} if task.runs is None else {item.test: item.kit for item in self.record.items(submission=id)}
        kits |= dict.fromkeys(task.runs or (), self.kit.digest)
        pairs = zip(answer["results"]["tests"], answer["rows"], strict=True)
        stored = replace(
            stored,
            grades=answer["grades"],
            results=answer["results"],
            items=tuple(_item(id, row, more, kits.get(row["number"], self.kit.digest)) for row, more in pairs),
            isolation=tuple(answer["isolation"]),
            memory=answer["memory"],
            unexplained={test: (name, base64.b64decode(data)) for test, (name, data) in answer["unexplained"].items()},
        )
        if task.runs is None or task.before is None:
            return replace(stored, seconds=answer["seconds"])
        isolation = tuple(dict.fromkeys((*task.before.isolation, *stored.isolation)))  # that of other rows counts, too
        return replace(stored, seconds=task.before.seconds, kit=task.before.kit, ran=task.runs, isolation=isolation)

    def _write_missing(self) -> None:
        """Write results that an earlier run stored but, being killed, did not write."""
        for handin in self.handins:
            path = self.out / RESULTS / f"{handin.id}.json"
            if not path.exists() and (results := self.record.results(handin.id)):
                _write_results(path, results)

    def _summarize(self, tasks: Sequence[Task], number: int) -> None:
        ran = {task.handin.id: task for task in tasks}
        scores, summary = self.record.scores_before(number), self.summary
        for submission in self.record.submissions():
            id, task = submission.id, ran.get(submission.id)
            group = summary.unchanged
            if task:
                group = summary.settled if task.runs == () else summary.graded
            group.append(id)
            if submission.state == UNREADABLE:
                summary.unreadable.append(id)
            if submission.state == FAILED:
                summary.failed.append(id)
            if any(sentence.startswith("not isolated") for sentence in submission.isolation):
                summary.not_isolated.append(id)
            if id in scores and scores[id] != submission.score:
                summary.changed[id] = (scores[id], submission.score)
        present = {handin.id for handin in self.handins}
        summary.gone = sorted(id for id, submission in self._before.items() if submission.present and id not in present)


def _write_results(path: Path, results: Mapping[str, Any]) -> None:
    files.replace(path, json.dumps(results, indent=1).encode())


def _item(id: str, row: Mapping[str, Any], more: Mapping[str, Any], kit: str) -> Item:
    """A row of results.json with what the staff know beside it."""
    return Item(
        submission=id,
        test=row["number"],
        points=row["score"],
        max=row["max_score"],
        kind=more["kind"],
        inputs=more["inputs"],
        misconception=more["misconception"],
        message=row["output"].split("\n\n", 1)[-1],
        seconds=more["seconds"],
        kit=kit,
    )


def _chosen(handins: Sequence[HandIn], names: Collection[str]) -> set[str]:
    """The submissions of these students, or all.

    Raises:
        BatchError: for a name that nobody has, or several.
    """
    if not names:
        return {handin.id for handin in handins}
    members = Members(handins)
    try:
        return {members.find(name)[0] for name in names}
    except LookupError as error:
        raise BatchError(f"--student: {error}") from None


def _has_all(submission: Submission, record: Record) -> bool:
    """Whether every test of a submission has passed."""
    items = list(record.items(submission=submission.id))
    return submission.state == GRADED and all(item.kind == Kind.PASSED for item in items)


def _while_there_is_room(tasks: Iterable[Task], out: Path) -> Iterator[Task]:
    """The tasks, as long as results and temporary folders find room on the disk."""
    for task in tasks:
        for place in (out, Path(TEMPORARY)):
            if shutil.disk_usage(place).free < LEAST_FREE:
                raise OSError(errno.ENOSPC, "less than 64 MiB are left", str(place))
        yield task


@contextlib.contextmanager
def full_disk_in_words(out: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        is_full = error.errno in content.FULL if isinstance(error, OSError) else "full" in str(error)
        if not is_full:
            raise
        place = (isinstance(error, OSError) and error.filename) or out
        raise BatchError(
            f"The disk of {place} is full. Nothing that is stored is lost: make room, and the same command goes on."
        ) from None
