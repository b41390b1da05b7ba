"""A class from the export to the tables, with the real grader: killed on the way, again, with late ones and overrides.

CLASS=200 makes it as large; without it the class is small.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from autograder.bench.course import quick_kit
from autograder.course.record import GRADED, NAME, UNREADABLE, Record
from autograder.prepare.files import rezipped
from tests.project.conftest import ROOT
from tests.project.course import exports
from tests.project.course.classes import ABSENT, DUE, Member, members, write_roster

COUNT = int(os.environ.get("CLASS", "16"))
TIERS = '\n[[late.tier]]\nup_to = "24 hours"\ndeduct = 0.25\n'
HOURS = 24

pytestmark = [pytest.mark.needs("root"), pytest.mark.timeout(3600)]


class Course:
    """A class, the kit that it is graded with, and the command."""

    def __init__(self, folder: Path, kit: Path) -> None:
        self.folder = folder
        self.out = folder / "graded"
        self.kit = _with_tiers(quick_kit(kit, folder / "quick.zip"), folder / "autograder.zip")
        with zipfile.ZipFile(self.kit) as archive:
            public = Path(archive.extract("answers/public.safetensors", folder))
        self.members = members(COUNT, public)
        exports.gradescope(folder / "export", [member.handed for member in self.members])
        write_roster(folder / "roster.csv", self.members)

    def command(self, *options: str) -> list[str]:
        paths = [str(self.folder / "export"), "--out", str(self.out), "--kit", str(self.kit)]
        return [sys.executable, "-m", "autograder", "batch", *paths, "--due", DUE.isoformat(), "--jobs", "2", *options]

    def run(self, *options: str) -> str:
        done = subprocess.run(
            self.command(*options), cwd=ROOT, capture_output=True, text=True, check=False, timeout=3600
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def kill_after(self, results: int) -> int:
        """Kill the command with SIGKILL once there are so many results; return how many there are."""
        with subprocess.Popen(
            self.command(), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while len(self.results()) < results:
                assert process.poll() is None, "it has ended by itself"
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
        return len(self.results())

    def results(self) -> list[Path]:
        return sorted((self.out / "results").glob("*.json"))

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.out / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def _with_tiers(kit: Path, target: Path) -> Path:
    """A kit in whose rubric lateness costs points."""
    return rezipped(kit, target, lambda name, content: content + TIERS.encode() * (name == "autograder/rubric.toml"))


@pytest.fixture(scope="module")
def course(kit_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class that was graded by a command that was killed, and by the same command again."""
    made = Course(tmp_path_factory.mktemp("class"), kit_zip)
    made.killed_with = made.kill_after(COUNT // 4)
    made.said = made.run("--roster", str(made.folder / "roster.csv"))
    return made


def test_what_a_killed_run_has_graded_is_not_graded_again(course: Course) -> None:
    with Record(course.out / NAME) as record:
        runs = [submission.run for submission in record.submissions()]
    assert len(runs) == COUNT
    assert course.killed_with <= runs.count(1) <= course.killed_with + 2, "one more for each process may be stored"
    assert f"{COUNT - runs.count(1)} of {COUNT} submissions to be graded" in course.said


def test_every_submission_has_a_result_and_every_member_a_row(course: Course) -> None:
    assert [path.stem for path in course.results()] == sorted(member.id for member in course.members)
    assert "Gradescope export" in course.said
    emails = [row["email"] for row in course.table("grades.csv")]
    assert sorted(emails) == sorted(student.email for m in course.members for student in m.handed.students)


def raw(course: Course, member: Member) -> tuple[float, float]:
    """The points of a submission's rows, and the most that there are."""
    results = json.loads((course.out / "results" / f"{member.id}.json").read_text(encoding="utf-8"))
    return sum(row["score"] for row in results["tests"]), sum(row["max_score"] for row in results["tests"])


def test_right_ones_get_all_points_wrong_ones_less_and_broken_ones_are_named(course: Course) -> None:
    with Record(course.out / NAME) as record:
        states = {submission.id: submission.state for submission in record.submissions()}
    for member in course.members:
        got, full = raw(course, member)
        if member.sort == "right":
            assert got == full, member
        elif member.sort in ("broken", "begun", "attack"):  # what hangs may be in a function that these few tests spare
            assert got < full, member
        is_junk = member.handed.content[:4] in (b"PK\x05\x06", b"PK\x03\x04") and len(member.handed.content) < 100
        assert states[member.id] == GRADED or is_junk or member.sort == "attack", member
        assert not is_junk or states[member.id] == UNREADABLE


def test_student_code_was_isolated_in_every_submission(course: Course) -> None:
    with Record(course.out / NAME) as record:
        assert {submission.isolation for submission in record.submissions()} == {()}


def test_lateness_costs_what_the_rubric_says(course: Course) -> None:
    scores = {row["submission"]: float(row["score"]) for row in course.table("grades.csv")}
    for member in (member for member in course.members if member.sort == "right"):
        _, full = raw(course, member)
        share = 1 if member.hours_late <= 0 else 0.75 if member.hours_late <= HOURS else 0
        assert scores[member.id] == pytest.approx(share * full), member


def test_who_does_not_match_the_roster_is_listed_either_way(course: Course) -> None:
    first = course.members[0].handed.students[0]
    assert ABSENT in course.said
    assert first.name in course.said


def test_an_override_is_read_by_the_student_and_can_be_taken_back(course: Course) -> None:
    member = next(member for member in course.members if member.sort == "begun" and member.hours_late <= 0)
    rows = {row["test"]: row for row in course.table("items.csv") if row["submission"] == member.id}
    lost = next(row for row in rows.values() if row["points"] == "0")
    given = course.out / "overrides.csv"
    student = member.handed.students[0].email
    given.write_text(f"student,test,points,reason\n{student},{lost['test']},{lost['max']},It was ill.\n")
    tables = {name: course.table(name) for name in ("grades.csv", "items.csv")}
    before = {row["submission"]: float(row["score"]) for row in tables["grades.csv"]}
    assert f"0 of {COUNT} submissions to be graded, and the points of 1 to be computed again" in course.run()
    after = {row["submission"]: float(row["score"]) for row in course.table("grades.csv")}
    assert after == before | {member.id: pytest.approx(before[member.id] + float(lost["max"]))}
    assert "It was ill." in (course.out / "results" / f"{member.id}.json").read_text(encoding="utf-8")
    given.unlink()
    assert f"0 of {COUNT} submissions to be graded" in course.run()
    assert {name: course.table(name) for name in tables} == tables
