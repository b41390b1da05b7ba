"""The record of a class: one SQLite file that holds everything that grading has found out.

It holds the latest result of each submission, the files that were graded, wrong outcomes that no hint explains, and the
score of every run. A submission is stored in one transaction, so a run that is killed loses only what it was grading.
"""

import contextlib
import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from autograder.course.content import Content
from autograder.course.errors import CourseError
from autograder.course.handins import HandIn, Student, iso, named, storable
from harness.contract import Assignment
from harness.graded import GradedTest

NAME = "class.sqlite"
APPLICATION = 0x53514D4C  # "SQML": a database with another number is not ours
VERSION = 1  # of the tables below: raise it with each change of them
SCHEMA = """
CREATE TABLE kit (
    digest TEXT PRIMARY KEY, answers TEXT NOT NULL, assignment TEXT NOT NULL, tests TEXT NOT NULL, points TEXT NOT NULL
);
CREATE TABLE run (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, finished TEXT, source TEXT NOT NULL, format TEXT NOT NULL,
    kit TEXT NOT NULL, changed INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE submission (
    id TEXT PRIMARY KEY, place TEXT NOT NULL, created TEXT, due TEXT, notes TEXT NOT NULL,
    present INTEGER NOT NULL, digest TEXT NOT NULL, circumstances TEXT NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL,
    score REAL, late TEXT, isolation TEXT NOT NULL, seconds REAL, memory REAL, kit TEXT NOT NULL, run INTEGER NOT NULL,
    grades BLOB, results BLOB, taken TEXT NOT NULL
);
CREATE TABLE student (
    submission TEXT NOT NULL, position INTEGER NOT NULL, name TEXT, email TEXT, number TEXT, due TEXT,
    PRIMARY KEY (submission, position)
);
CREATE TABLE item (
    submission TEXT NOT NULL, test TEXT NOT NULL, points REAL NOT NULL, max REAL NOT NULL, kind TEXT NOT NULL,
    inputs TEXT NOT NULL, misconception TEXT NOT NULL, message TEXT NOT NULL, seconds REAL NOT NULL, kit TEXT NOT NULL,
    PRIMARY KEY (submission, test)
);
CREATE INDEX item_of_test ON item (test);
CREATE TABLE outcome (
    submission TEXT NOT NULL, test TEXT NOT NULL, identifier TEXT NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (submission, test)
);
CREATE TABLE content (digest TEXT PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE file (submission TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (submission, path));
CREATE TABLE score (submission TEXT NOT NULL, run INTEGER NOT NULL, score REAL, PRIMARY KEY (submission, run));
"""

# States of a submission.
GRADED, UNREADABLE, FAILED = "graded", "unreadable", "failed"


class RecordError(CourseError):
    """A file that is no record of ours, or a record that cannot be used; the message says which, and what to do."""


@dataclass(frozen=True)
class Item:
    """One test of one submission.

    Attributes:
        test: its number, such as "1.2.3".
        kind: the kind of verdict, a value of `harness.judge.Kind`.
        inputs: "public" or "hidden": the inputs with which it first failed; "" where it passed or was not run.
        misconception: the known mistake whose outcome it equals, as "deliverable/name"; "" where there is none.
        message: what the student reads below the test's summary.
        seconds: wall time of the runs that decided.
        kit: the digest of the kit that graded this row, which `--test` may have graded later than others.
    """

    submission: str
    test: str
    points: float
    max: float
    kind: str
    inputs: str
    misconception: str
    message: str
    seconds: float
    kit: str


@dataclass(frozen=True)
class Submission:
    """One submission as the record holds it.

    Attributes:
        present: whether the last run found it in the source.
        state: GRADED, UNREADABLE (none of the assignment's files could be taken) or FAILED (the grader failed).
        why: a sentence where the state is not GRADED.
        score: None where the grader has failed.
        late: what the policy says of lateness: due, own, seconds, deduct, before; None where no date is known.
        isolation: what the isolation probe of the process that graded it said.
        seconds, memory: wall time, and the most MiB that student code used beyond what torch takes.
    """

    id: str
    place: str
    students: tuple[Student, ...]
    created: datetime | None
    due: datetime | None
    notes: tuple[str, ...]
    present: bool
    state: str
    why: str
    score: float | None
    late: dict[str, Any] | None
    isolation: tuple[str, ...]
    seconds: float
    memory: float
    kit: str
    run: int

    def __str__(self) -> str:
        """The group's names, else the identifier."""
        return named(self.students, self.id)


@dataclass(frozen=True)
class Graded:
    """What grading a submission gave, ready to be stored.

    Attributes:
        digest: of what was graded.
        circumstances: what the rubric's policy was applied to beside the grades: metadata and overrides, as JSON.
        grades: the verdicts before the rubric's policy, from which the policy can be applied again.
        results: results.json.
        unexplained: test number -> identifier of the case and its encoded outcome, for failures without a hint.
        ran: numbers of the tests that have run; None for all. What is unexplained in others stays as it is.
        files: what was graded: path -> content; for a notebook the code of its cells.
        notes, notebooks: as `content.Content` has them.
    """

    handin: HandIn
    digest: str
    circumstances: str
    state: str
    kit: str
    why: str = ""
    grades: Mapping[str, Any] | None = None
    results: Mapping[str, Any] | None = None
    items: tuple[Item, ...] = ()
    isolation: tuple[str, ...] = ()
    seconds: float = 0.0
    memory: float = 0.0
    unexplained: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    ran: Sequence[str] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: Sequence[str] = ()
    notebooks: Sequence[str] = ()


class Record:
    """Reads and writes the record of a class. Reading methods may be called while a run writes."""

    def __init__(self, path: Path) -> None:
        """Open a record.

        Raises:
            RecordError: for a file that is missing or no record.
        """
        if not path.is_file():
            raise RecordError(f"{path} does not exist: grade a class first, with `python -m autograder batch`")
        self.path = path
        self._database = sqlite3.connect(path, timeout=60, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        try:
            self._database.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last results, nothing else
            number, version = self._database.execute(
                "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version"
            ).fetchone()
        except sqlite3.DatabaseError as error:
            raise RecordError(f"{path} cannot be read as a record of a class: {error}") from None
        if number != APPLICATION:
            raise RecordError(f"{path} is a database of another program: name another folder")
        if version != VERSION:
            raise RecordError(f"{path} was made by another version of this project: grade the class into a new folder")

    @classmethod
    def create(cls, path: Path) -> "Record":
        """Open a record, or make an empty one, also where a command was killed while it made one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
            try:
                if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    database.execute("PRAGMA journal_mode = WAL")
                    numbers = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"
                    database.executescript(f"BEGIN; {SCHEMA} {numbers} COMMIT;")
            except sqlite3.DatabaseError as error:
                if not isinstance(error, sqlite3.OperationalError):
                    raise RecordError(f"{path} cannot be read as a record of a class: {error}") from None
                raise
        return cls(path)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> "Record":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite has rolled back by itself if the disk is full
                self._database.execute("ROLLBACK")
            raise

    # What was graded with.

    def add_kit(self, digest: str, answers: str, assignment: str, tests: str, points: Mapping[str, float]) -> None:
        """Store a kit's contract and tests, as its assignment.json and kit.json have them."""
        with self._transaction() as database:
            values = (digest, answers, assignment, tests, json.dumps(points))
            database.execute("INSERT OR IGNORE INTO kit VALUES (?, ?, ?, ?, ?)", values)

    def kit(self) -> str:
        """The digest of the kit of the latest run. Raises RecordError if there was no run."""
        row = self._database.execute("SELECT kit FROM run ORDER BY id DESC LIMIT 1").fetchone()
        if row is None:
            raise RecordError(f"{self.path} holds no run yet: grade a class first, with `python -m autograder batch`")
        return str(row["kit"])

    def answers(self, kit: str | None = None) -> str:
        """The short identifier that students read as "answers" in their results."""
        return str(self._of_kit("answers", kit))

    def assignment(self, kit: str | None = None) -> Assignment:
        """The contract of a kit, by default of the latest run's."""
        return Assignment.parse(self._of_kit("assignment", kit))

    def tests(self, kit: str | None = None) -> list[GradedTest]:
        """The tests of a kit in the rubric's order, by default of the latest run's."""
        return [GradedTest.from_json(test) for test in json.loads(self._of_kit("tests", kit))]

    def points(self, kit: str | None = None) -> dict[str, float]:
        """Test number -> its full points."""
        return dict(json.loads(self._of_kit("points", kit)))

    def _of_kit(self, column: str, kit: str | None) -> str:
        row = self._database.execute(f"SELECT {column} FROM kit WHERE digest = ?", (kit or self.kit(),)).fetchone()
        if row is None:
            raise RecordError(f"{self.path} holds no kit {kit}")
        return str(row[0])

    # Runs.

    def begin(self, source: str, format: str, kit: str) -> int:
        """Note that a run begins; return its number."""
        with self._transaction() as database:
            cursor = database.execute(
                "INSERT INTO run (started, source, format, kit) VALUES (?, ?, ?, ?)", (_now(), source, format, kit)
            )
            return int(cursor.lastrowid or 0)

    def finish(self, run: int, changed: bool = True) -> None:
        """Note that a run has ended, whether it has changed a result, and the score of every submission in it."""
        with self._transaction() as database:
            database.execute("UPDATE run SET finished = ?, changed = ? WHERE id = ?", (_now(), changed, run))
            database.execute("INSERT OR REPLACE INTO score SELECT id, ?, score FROM submission WHERE present", (run,))

    def changed_after(self, time: float) -> bool:
        """Whether a run has changed a result after this time, in seconds since the epoch, or may have."""
        query = "SELECT max(coalesce(finished, started)) FROM run WHERE changed OR finished IS NULL"
        latest = _date(self._database.execute(query).fetchone()[0])
        return latest is not None and latest.timestamp() > time

    def source(self) -> str:
        """Where the latest run has read the submissions, for people."""
        row = self._database.execute("SELECT source FROM run ORDER BY id DESC LIMIT 1").fetchone()
        return "" if row is None else str(row["source"])

    def scores_before(self, run: int) -> dict[str, float | None]:
        """Submission -> its score in the last finished run before this one."""
        row = self._database.execute("SELECT max(id) FROM run WHERE finished IS NOT NULL AND id < ?", (run,)).fetchone()
        rows = self._database.execute("SELECT submission, score FROM score WHERE run = ?", (row[0],))
        return {row["submission"]: row["score"] for row in rows}

    # Submissions.

    def submissions(self, absent: bool = False) -> list[Submission]:
        """All submissions of the latest run's source, sorted; with `absent` also those that are there no more."""
        students: dict[str, list[Student]] = {}
        for row in self._database.execute("SELECT * FROM student ORDER BY submission, position"):
            student = Student(row["name"], row["email"], row["number"], _date(row["due"]))
            students.setdefault(row["submission"], []).append(student)
        where = "" if absent else "WHERE present"
        columns = (
            "id, place, created, due, notes, present, state, why, score, late, isolation, seconds, memory, kit, run"
        )
        rows = self._database.execute(f"SELECT {columns} FROM submission {where} ORDER BY id")
        return [_submission(row, tuple(students.get(row["id"], ()))) for row in rows]

    def items(self, test: str | None = None, submission: str | None = None) -> Iterator[Item]:
        """The rows of one submission, or of all that are present; of all tests, or of one."""
        which = "present" if submission is None else "1"
        query = f"SELECT item.* FROM item JOIN submission ON submission.id = item.submission WHERE {which}"
        asked = [(column, value) for column, value in (("test", test), ("submission", submission)) if value is not None]
        query += "".join(f" AND item.{column} = ?" for column, _ in asked)
        for row in self._database.execute(
            f"{query} ORDER BY item.submission, item.rowid", [value for _, value in asked]
        ):
            yield Item(*row)

    def results(self, submission: str) -> dict[str, Any] | None:
        """A submission's results.json, as the student sees it; None where the grader has failed."""
        return _unpacked(self._of_submission("results", submission))

    def grades(self, submission: str) -> dict[str, Any] | None:
        """A submission's verdicts before the rubric's policy; None where there are none."""
        return _unpacked(self._of_submission("grades", submission))

    def digest(self, submission: str) -> str:
        """The digest of what was graded; "" for a submission that is not in the record."""
        return str(self._of_submission("digest", submission) or "")

    def circumstances(self, submission: str) -> str:
        """What the policy was applied to beside the grades, as JSON; "" for a submission that is not in the record."""
        return str(self._of_submission("circumstances", submission) or "")

    def _of_submission(self, column: str, submission: str) -> Any:
        row = self._database.execute(f"SELECT {column} FROM submission WHERE id = ?", (submission,)).fetchone()
        return None if row is None else row[0]

    def files(self, submission: str) -> dict[str, bytes]:
        """The files of a submission that were graded, and the code of its notebooks' cells."""
        rows = self._database.execute(
            "SELECT path, content FROM file JOIN content USING (digest) WHERE submission = ? ORDER BY path",
            (submission,),
        )
        return {row["path"]: zlib.decompress(row["content"]) for row in rows}

    def content(self, submission: str) -> Content:
        """What a submission held when it was graded."""
        taken, sources = json.loads(self._of_submission("taken", submission)), self.files(submission)
        graded = self.assignment(self._of_submission("kit", submission)).files
        files = {path: sources.pop(path) for path in graded if path in sources}
        return Content(files, tuple(taken["notes"]), tuple(taken["notebooks"]), sources)

    def unexplained(self, test: str) -> Iterator[tuple[str, str, bytes]]:
        """Failures of a test that no hint explains: submission, identifier of the case, and the encoded outcome."""
        rows = self._database.execute(
            "SELECT submission, identifier, content FROM outcome WHERE test = ? ORDER BY submission", (test,)
        )
        for row in rows:
            yield row["submission"], row["identifier"], zlib.decompress(row["content"])

    def add(self, graded: Graded, run: int) -> None:
        """Store what grading a submission gave, in place of what was known of it."""
        handin, id = graded.handin, graded.handin.id
        late = (graded.results or {}).get("extra_data", {}).get("late")
        with self._transaction() as database:
            for table in ("student", "item", "file"):
                database.execute(f"DELETE FROM {table} WHERE submission = ?", (id,))
            _forget_outcomes(database, id, graded.ran)
            values = (
                id, storable(str(handin.place)), iso(handin.created), iso(handin.due), json.dumps(handin.notes), 1,
                graded.digest, graded.circumstances, graded.state, graded.why,
                None if graded.results is None else graded.results["score"], late and json.dumps(late),
                json.dumps(graded.isolation), graded.seconds, graded.memory, graded.kit, run,
                _packed(graded.grades), _packed(graded.results),
                json.dumps({"notes": [*graded.notes], "notebooks": [*graded.notebooks]}),
            )  # fmt: skip
            database.execute(f"INSERT OR REPLACE INTO submission VALUES ({', '.join('?' * len(values))})", values)
            _add_students(database, handin)
            database.executemany(
                "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [(i.submission, i.test, i.points, i.max, i.kind, i.inputs, i.misconception, i.message, i.seconds, i.kit)
                 for i in graded.items],
            )  # fmt: skip
            database.executemany(
                "INSERT INTO outcome VALUES (?, ?, ?, ?)",
                [(id, test, name, zlib.compress(data)) for test, (name, data) in graded.unexplained.items()],
            )
            for path, content in graded.files.items():
                digest = hashlib.sha256(content).hexdigest()
                database.execute("INSERT OR IGNORE INTO content VALUES (?, ?)", (digest, zlib.compress(content)))
                database.execute("INSERT INTO file VALUES (?, ?, ?)", (id, path, digest))

    def note(self, handins: Iterable[HandIn]) -> None:
        """Store what the source now says of all its submissions. Others stay in the record, as no longer present."""
        with self._transaction() as database:
            database.execute("UPDATE submission SET present = 0")
            for handin in handins:
                values = (
                    storable(str(handin.place)),
                    iso(handin.created),
                    iso(handin.due),
                    json.dumps(handin.notes),
                    handin.id,
                )
                database.execute(
                    "UPDATE submission SET present = 1, place = ?, created = ?, due = ?, notes = ? WHERE id = ?", values
                )
                database.execute("DELETE FROM student WHERE submission = ?", (handin.id,))
                _add_students(database, handin)


def _forget_outcomes(database: sqlite3.Connection, submission: str, tests: Sequence[str] | None) -> None:
    if tests is None:
        database.execute("DELETE FROM outcome WHERE submission = ?", (submission,))
    else:
        pairs = [(submission, test) for test in tests]
        database.executemany("DELETE FROM outcome WHERE submission = ? AND test = ?", pairs)


def _add_students(database: sqlite3.Connection, handin: HandIn) -> None:
    database.executemany(
        "INSERT INTO student VALUES (?, ?, ?, ?, ?, ?)",
        [
            (handin.id, position, student.name, student.email, student.number, iso(student.due))
            for position, student in enumerate(handin.students)
        ],
    )


def _submission(row: sqlite3.Row, students: tuple[Student, ...]) -> Submission:
    return Submission(
        id=row["id"],
        place=row["place"],
        students=students,
        created=_date(row["created"]),
        due=_date(row["due"]),
        notes=tuple(json.loads(row["notes"])),
        present=bool(row["present"]),
        state=row["state"],
        why=row["why"],
        score=row["score"],
        late=row["late"] and json.loads(row["late"]),
        isolation=tuple(json.loads(row["isolation"])),
        seconds=row["seconds"],
        memory=row["memory"],
        kit=row["kit"],
        run=row["run"],
    )


def _packed(content: Mapping[str, Any] | None) -> bytes | None:
    return None if content is None else zlib.compress(json.dumps(content).encode())


def _unpacked(content: bytes | None) -> dict[str, Any] | None:
    return None if content is None else dict(json.loads(zlib.decompress(content)))


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _date(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
