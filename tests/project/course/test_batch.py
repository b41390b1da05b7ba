"""What a run grades again and what it leaves alone, what it stores, and how it ends. Nothing is graded here."""

import errno
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.course import batch as batches
from autograder.course.batch import Batch, BatchError, Summary, Task, Wanted
from autograder.course.handins import HandIn, Student
from autograder.course.kits import KitFacts
from autograder.course.record import FAILED, GRADED, UNREADABLE, Record, RecordError
from tests.project.conftest import ROOT
from tests.project.course import records
from tests.project.course.exports import packed

TESTS = {"1.1.1": 2.0, "1.1.2": 4.0}
FILE = "models/naive/RNN.py"


def kit(digest: str = "kit", points: dict[str, float] = TESTS) -> KitFacts:
    contract = (ROOT / "student" / "assignment.json").read_text(encoding="utf-8")
    listed = json.dumps(
        [replace(records.TESTS[0], number=number, name=f"test_{number}").to_json() for number in points]
    )
    return KitFacts(Path("autograder.zip"), digest, "answers", contract, listed, points, 240.0, ("public",))


KIT = kit()


class FakeGraders:
    """Answers as `serve` does: a test passes if its number stands in the file."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.is_isolated = False

    def answers(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, dict]]:
        for task in tasks:
            request = task.request()
            how = "all" if request["grades"] is None else ",".join(request["only"]) or "settle"
            self.asked.append((task.handin.id, how))
            yield task, self.answer(task, request)

    def answer(self, task: Task, request: dict) -> dict:
        assert task.content is not None
        text = task.content.files.get(FILE, b"").decode()
        if "poison" in text:
            return {"failed": "the process has ended"}
        before = request["grades"] or {"passed": {}}
        ran = request["only"] or ([] if request["grades"] else TESTS)
        passed = before["passed"] | {number: number in text for number in ran}
        scores = {number: TESTS[number] * passed[number] for number in TESTS}
        scores |= {number: override["points"] for number, override in request["overrides"].items()}
        rows = [
            {"number": number, "score": scores[number], "max_score": TESTS[number], "output": "About.\n\nSaid."}
            for number in TESTS
        ]
        kinds = {number: "passed" if passed[number] else "values" for number in TESTS}
        return {
            "results": {"score": sum(scores.values()), "tests": rows, "extra_data": {}},
            "grades": {"passed": passed},
            "rows": [{"kind": kinds[number], "inputs": "", "misconception": "", "seconds": 0.1} for number in TESTS],
            "unexplained": {number: ["x", ""] for number in ran if not passed[number]},
            "isolation": ["not isolated: student code can sing"] if "sings" in text and not self.is_isolated else [],
            "seconds": 1.0,
            "memory": 250.0,
        }


class Klass:
    """A class in a folder, and its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out"
        (folder / "source").mkdir()
        self.graders = FakeGraders()

    def hand_in(self, id: str, text: str) -> None:
        (self.folder / "source" / f"{id}.zip").write_bytes(packed({FILE: text}))

    def run(
        self, wanted: Wanted | None = None, kit: KitFacts = KIT, overrides: dict | None = None, **more: HandIn
    ) -> Summary:
        """One run; returns its summary. `asked` holds what the graders were asked."""
        self.graders.asked.clear()
        handins = [more.get(path.stem, HandIn(path.stem, path)) for path in sorted((self.folder / "source").iterdir())]
        with batches.opened(self.out) as record:
            run = Batch(record, self.out, kit, handins, overrides or {}, wanted or Wanted())
            tasks = [task for task in run.plan() if task]
            for _ in run.run(tasks, self.graders, "source", "zips"):
                pass
        return run.summary

    @property
    def asked(self) -> dict[str, str]:
        return dict(self.graders.asked)

    def record(self) -> Record:
        return Record(self.out / "class.sqlite")

    def scores(self) -> dict[str, float | None]:
        with self.record() as record:
            return {submission.id: submission.score for submission in record.submissions()}


@pytest.fixture
def klass(tmp_path: Path) -> Klass:
    made = Klass(tmp_path)
    made.hand_in("ann", "1.1.1 1.1.2")
    made.hand_in("ben", "1.1.1")
    return made


def test_each_submission_has_its_results_its_items_and_its_files(klass: Klass) -> None:
    assert klass.run().graded == ["ann", "ben"]
    assert klass.scores() == {"ann": 6.0, "ben": 2.0}
    assert json.loads((klass.out / "results" / "ben.json").read_text())["score"] == 2.0
    with klass.record() as record:
        items = [(item.test, item.points, item.kind, item.message, item.kit) for item in record.items(submission="ben")]
        assert items == [("1.1.1", 2.0, "passed", "Said.", "kit"), ("1.1.2", 0.0, "values", "Said.", "kit")]
        assert record.files("ben") == {FILE: b"1.1.1"}
        assert [submission for submission, _, _ in record.unexplained("1.1.2")] == ["ben"]


def test_only_what_has_changed_is_graded_again(klass: Klass) -> None:
    klass.run()
    klass.hand_in("ben", "1.1.2")
    klass.hand_in("cy", "")
    summary = klass.run()
    assert klass.asked == {"ben": "all", "cy": "all"}
    assert (summary.unchanged, summary.changed) == (["ann"], {"ben": (2.0, 4.0)})
    klass.run()
    assert klass.asked == {}


def test_another_kit_grades_all_again(klass: Klass) -> None:
    klass.run()
    klass.run(kit=kit("other"))
    assert klass.asked == {"ann": "all", "ben": "all"}


def test_other_times_and_overrides_compute_points_again_and_run_nothing(klass: Klass) -> None:
    klass.run()
    source = klass.folder / "source"
    group = HandIn("ann", source / "ann.zip", (Student("Ann"), Student("Amy")))
    summary = klass.run(overrides={"ben": {"1.1.2": {"points": 3.0, "reason": "The test was unclear."}}}, ann=group)
    assert klass.asked == {"ann": "settle", "ben": "settle"}
    assert summary.settled == ["ann", "ben"]
    assert klass.scores() == {"ann": 6.0, "ben": 5.0}
    with klass.record() as record:
        assert [str(submission) for submission in record.submissions()] == ["Ann, Amy", "ben"]
        assert len(list(record.unexplained("1.1.2"))) == 1  # nothing ran, so what was wrong is still known
    klass.run()
    assert klass.scores() == {"ann": 6.0, "ben": 2.0}


def test_one_row_again_for_all_leaves_other_rows_and_their_versions(klass: Klass) -> None:
    klass.run()
    klass.run(Wanted(tests=("1.1.2",)), kit("new"))
    assert klass.asked == {"ann": "1.1.2", "ben": "1.1.2"}
    with klass.record() as record:
        assert {item.test: item.kit for item in record.items(submission="ann")} == {"1.1.1": "kit", "1.1.2": "new"}
    klass.run(kit=kit("new"))
    assert klass.asked == {"ann": "all", "ben": "all"}, "other rows are still of the old kit"


def test_a_row_that_no_test_has_and_a_kit_with_other_tests_are_refused(klass: Klass) -> None:
    klass.run()
    with pytest.raises(BatchError, match=r"--test 9\.9\.9: this kit has no such test; it has 1\.1\.1, 1\.1\.2"):
        klass.run(Wanted(tests=("9.9.9",)))
    with pytest.raises(BatchError, match="leave --test out once"):
        klass.run(Wanted(tests=("1.1.1",)), kit("new", TESTS | {"1.1.3": 1.0}))
    with pytest.raises(BatchError, match="leave --test out once"):
        klass.run(Wanted(tests=("1.1.1",)), kit("new", dict(reversed(TESTS.items()))))


def test_only_failed_and_only_some_students(klass: Klass) -> None:
    klass.hand_in("cy", "poison")
    assert klass.run().failed == ["cy"]
    klass.run(Wanted(failed=True))
    assert klass.asked == {"ben": "all", "cy": "all"}
    jane = HandIn("ann", klass.folder / "source" / "ann.zip", (Student("Jane Doe", "jane@example.edu", "77"),))
    for name in ("ann", "jane doe", "JANE@example.edu", "77"):
        klass.run(Wanted(students=(name,)), ann=jane)
        assert klass.asked == {"ann": "all"}
    with pytest.raises(BatchError, match="--student: no submission has a student nobody"):
        klass.run(Wanted(students=("nobody",)))


def test_a_poisonous_submission_costs_only_itself_and_is_tried_again(klass: Klass) -> None:
    klass.run()
    klass.hand_in("ann", "poison")
    summary = klass.run()
    assert (summary.failed, summary.changed) == (["ann"], {"ann": (6.0, None)})
    assert not (klass.out / "results" / "ann.json").exists()
    with klass.record() as record:
        ann, ben = record.submissions()
        assert (ann.state, ann.why, ben.state) == (FAILED, "The grader failed twice: the process has ended", GRADED)
    klass.run()
    assert klass.asked == {"ann": "all"}


def test_what_cannot_be_read_is_named(klass: Klass) -> None:
    (klass.folder / "source" / "dan.zip").write_bytes(b"no zip")
    assert klass.run().unreadable == ["dan"]
    with klass.record() as record:
        dan = record.submissions()[-1]
        assert (dan.state, dan.score) == (UNREADABLE, 0.0)
        assert "not a zip archive" in dan.why
    klass.run()
    assert klass.asked == {}


def test_what_was_not_isolated_is_listed(klass: Klass) -> None:
    klass.hand_in("ben", "sings")
    assert klass.run().not_isolated == ["ben"]


def test_a_submission_that_is_gone_stays_in_the_record_and_leaves_the_table(klass: Klass) -> None:
    klass.run()
    (klass.folder / "source" / "ann.zip").unlink()
    summary = klass.run()
    assert summary.gone == ["ann"]
    assert klass.scores() == {"ben": 2.0}
    with klass.record() as record:
        assert [submission.id for submission in record.submissions(absent=True)] == ["ann", "ben"]
    assert klass.run().gone == []


def test_a_run_that_stops_goes_on_where_it_was(klass: Klass) -> None:
    """As after Ctrl-C or SIGKILL: what was yielded is stored, and a result that was not written is written later."""
    with batches.opened(klass.out) as record:
        source = klass.folder / "source"
        handins = [HandIn(path.stem, path) for path in sorted(source.iterdir())]
        run = Batch(record, klass.out, kit(), handins, {}, Wanted())
        next(run.run([task for task in run.plan() if task], klass.graders, "source", "zips"))
    (klass.out / "results" / "ann.json").unlink()
    summary = klass.run()
    assert klass.asked == {"ben": "all"}
    assert (summary.graded, summary.unchanged, summary.changed) == (["ben"], ["ann"], {})
    assert (klass.out / "results" / "ann.json").exists()


def test_a_result_whose_file_a_killed_run_did_not_write_is_written_by_the_next(klass: Klass, monkeypatch) -> None:
    klass.run()
    klass.hand_in("ann", "1.1.1")
    with monkeypatch.context() as patched:
        patched.setattr(batches, "_write_results", interrupted)
        with pytest.raises(KeyboardInterrupt):
            klass.run()
    assert not (klass.out / "results" / "ann.json").exists(), "it would be the older result"
    assert klass.run().graded == []
    assert json.loads((klass.out / "results" / "ann.json").read_text())["score"] == klass.scores()["ann"] == 2.0


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_grader_that_fails_does_not_replace_a_result_of_the_same_bytes(klass: Klass, monkeypatch) -> None:
    klass.run()
    monkeypatch.setattr(klass.graders, "answer", lambda task, request: {"failed": "out of memory"})
    summary = klass.run(Wanted(students=("ann",)))
    assert summary.kept == ["ann: The grader failed twice: out of memory"]
    assert klass.scores() == {"ann": 6.0, "ben": 2.0}
    assert (klass.out / "results" / "ann.json").exists()


def test_a_submission_that_comes_back_counts_as_a_change(klass: Klass) -> None:
    klass.run()
    path = klass.folder / "source" / "ann.zip"
    content = path.read_bytes()
    path.unlink()
    klass.run()
    path.write_bytes(content)
    with klass.record() as record:
        before = time.time()
        assert not record.changed_after(before)
    klass.run(Wanted(failed=True))
    assert klass.asked == {"ben": "all"}, "that Ann passes all is still known"
    with klass.record() as record:
        assert record.changed_after(before)


def test_isolation_that_was_missing_for_other_rows_is_still_reported(klass: Klass) -> None:
    klass.hand_in("ben", "sings")
    klass.run()
    klass.graders.is_isolated = True
    assert klass.run(Wanted(tests=("1.1.2",))).not_isolated == ["ben"]
    assert klass.run(Wanted(students=("ben",))).not_isolated == []


def test_a_name_that_is_not_utf_8_and_a_file_that_cannot_be_read_cost_only_themselves(klass: Klass) -> None:
    folder = klass.folder / "source" / "dan"
    folder.mkdir()
    name = os.fsdecode(b"caf\xe9.ipynb")
    (folder / name).write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1"]}]}))
    gone = HandIn("eve", klass.folder, files=(("LSTM.py", klass.folder / "gone.py"),))
    (klass.folder / "source" / "eve.zip").write_bytes(b"")
    summary = klass.run(eve=gone)
    assert summary.unreadable == ["dan", "eve"]
    with klass.record() as record:
        assert record.files("dan") == {"caf\\udce9.ipynb": b"x = 1\n"}
        assert "cannot be read" in record.submissions()[-1].why


class FullDisk(FakeGraders):
    def answer(self, task: Task, request: dict) -> dict:
        if task.handin.id == "ben":
            raise self.error
        return super().answer(task, request)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp"), sqlite3.OperationalError("database or disk is full")],
)
def test_a_full_disk_stops_the_run_and_loses_nothing(klass: Klass, error: Exception) -> None:
    klass.graders = FullDisk()
    klass.graders.error = error
    with pytest.raises(BatchError, match=r"is full.*the same command goes on"):
        klass.run()
    klass.graders = FakeGraders()
    klass.run()
    assert klass.asked == {"ben": "all"}


def test_no_submission_is_begun_where_the_disk_is_nearly_full(klass: Klass, monkeypatch) -> None:
    monkeypatch.setattr(batches, "LEAST_FREE", 1 << 62)
    with pytest.raises(BatchError, match="is full"):
        klass.run()
    assert klass.asked == {}


def test_the_folder_of_something_else_is_left_alone(klass: Klass) -> None:
    klass.out.mkdir()
    (klass.out / "thesis.tex").write_text("mine")
    with pytest.raises(BatchError, match="holds other files and no graded class"):
        klass.run()
    assert [path.name for path in klass.out.iterdir()] == ["thesis.tex"]


def test_a_result_that_somebody_else_has_written_is_not_overwritten(klass: Klass) -> None:
    klass.run()
    (klass.out / "results" / "ben.json").write_text("mine")
    klass.hand_in("ben", "1.1.2")
    with pytest.raises(BatchError, match=r"ben\.json cannot be written"):
        klass.run()
    assert (klass.out / "results" / "ben.json").read_text() == "mine"


def test_a_disk_that_is_full_inside_a_transaction_is_said_in_words(klass: Klass, monkeypatch) -> None:
    klass.run()
    klass.hand_in("ann", "1.1.1 " + str([*range(10_000)]))
    connect = sqlite3.connect

    def small(*arguments, **options) -> sqlite3.Connection:
        database = connect(*arguments, **options)
        pages = database.execute("PRAGMA page_count").fetchone()[0]
        database.execute(f"PRAGMA max_page_count = {pages}")
        return database

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", small)
        with pytest.raises(BatchError, match=r"is full.*the same command goes on"):
            klass.run()
    assert klass.run().graded == ["ann"]


def test_a_record_that_a_killed_command_has_only_begun_is_made(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "class.sqlite") as database:
        database.execute("PRAGMA journal_mode = WAL")
    with batches.opened(tmp_path) as record:
        assert record.submissions() == []


def test_one_run_at_a_time(klass: Klass) -> None:
    with batches.opened(klass.out), pytest.raises(BatchError, match="another run writes"):
        klass.run()


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "class.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (x)")
    with pytest.raises(RecordError, match="of another program"), batches.opened(tmp_path):
        pass
    path.write_bytes(b"text " * 1000)
    with pytest.raises(RecordError, match="cannot be read"), batches.opened(tmp_path):
        pass


def test_a_record_of_another_version_is_refused(tmp_path: Path) -> None:
    with batches.opened(tmp_path) as record, sqlite3.connect(record.path) as database:
        database.execute("PRAGMA user_version = 999")
    with pytest.raises(RecordError, match="another version of this project"), batches.opened(tmp_path):
        pass
