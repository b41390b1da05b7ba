"""The command `batch` as a whole: overrides in everything that it writes, and rosters that do not fit."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder import commands
from autograder.course import batch as batches
from autograder.course.errors import CourseError
from autograder.course.record import NAME, Record
from tests.project.course.conftest import Shared
from tests.project.course.exports import packed
from tests.project.grade.test_engine import LSTM, SOLUTION

WRONG = {**SOLUTION, LSTM: SOLUTION[LSTM].replace(b"c = f * c + i * g", b"c = i * g")}
HEADER = "student,test,points,reason\n"
Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, kit_zip: Path, shared: Shared) -> Run:
    """Grade a class of two in `out`; returns what is said."""
    source = tmp_path / "class"
    source.mkdir()
    for name, files in (("ann", SOLUTION), ("ben", WRONG)):
        (source / f"{name}.zip").write_bytes(packed({path: content.decode() for path, content in files.items()}))

    def batch(*options: object) -> str:
        shared.asked.clear()
        words = ["batch", source, "--out", tmp_path / "out", "--kit", kit_zip, *options]
        return CliRunner().invoke(commands.app, list(map(str, words)), catch_exceptions=False).output

    return batch


def points(out: Path) -> dict[str, str]:
    """What grades.csv, items.csv and results.json agree on: submission -> points of each row."""
    with (out / "items.csv").open(encoding="utf-8") as file:
        items = {(row["submission"], row["test"]): float(row["points"]) for row in csv.DictReader(file)}
    with (out / "grades.csv").open(encoding="utf-8") as file:
        scores = {row["submission"]: float(row["score"]) for row in csv.DictReader(file)}
    for id, score in scores.items():
        results = json.loads((out / "results" / f"{id}.json").read_text(encoding="utf-8"))
        assert results["score"] == score
        assert {(id, row["number"]): row["score"] for row in results["tests"]}.items() <= items.items()
    return {id: "/".join(f"{value:g}" for (of, _), value in items.items() if of == id) for id in scores}


def test_an_override_is_in_everything_that_is_written_survives_reruns_and_can_be_taken_back(
    tmp_path: Path, run: Run, shared: Shared
) -> None:
    out = tmp_path / "out"
    run()
    assert points(out) == {"ann": "6/4.67/9.33", "ben": "6/4.67/0"}
    (out / "overrides.csv").write_text(f"{HEADER}ben,1.2.4,1.5,<b>We agreed</b> on 3 May\n", encoding="utf-8")
    assert "1  points computed again, since times, groups or overrides have changed: ben" in run()
    assert points(out) == {"ann": "6/4.67/9.33", "ben": "6/4.67/1.5"}
    results = json.loads((out / "results" / "ben.json").read_text(encoding="utf-8"))
    said = "The staff gave this test 1.5 of 9.33 points: <b>We agreed</b> on 3 May."
    assert said in results["tests"][2]["output"]
    with Record(out / NAME) as record:
        assert [said in item.message for item in record.items("1.2.4", "ben")] == [True]
    assert not any(request["grades"] is None or request["only"] for request in shared.asked)

    run("--student", "ben")  # graded again
    assert points(out)["ben"] == "6/4.67/1.5"
    (out / "overrides.csv").unlink()
    run()
    assert [(request["grades"] is None, request["only"]) for request in shared.asked] == [(False, [])]
    assert points(out)["ben"] == "6/4.67/0"


@pytest.mark.parametrize("name", ["grades.csv", "items.csv", "report.html", "summary.txt"])
def test_a_file_of_somebody_else_stops_the_command_before_anything_is_graded(
    tmp_path: Path, run: Run, shared: Shared, name: str
) -> None:
    out = tmp_path / "out"
    with batches.opened(out):
        pass
    (out / name).write_text("my notes", encoding="utf-8")
    with pytest.raises(CourseError, match=rf"{name} is there already, and this command has not made it; move it away"):
        run()
    assert shared.asked == []
    assert (out / name).read_text(encoding="utf-8") == "my notes"


def test_overrides_may_be_there_before_the_first_run(tmp_path: Path, run: Run) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "overrides.csv").write_text(f"{HEADER}ben,1.2.4,2,Shown in the office hour\n", encoding="utf-8")
    run()
    assert points(out)["ben"] == "6/4.67/2"


@pytest.mark.parametrize("row", ["ben,1.2.4,3,why", "ben,9.9.9,1,why", "eve,1.2.4,1,why", "ben,1.2.4,1,"])
def test_a_wrong_override_stops_the_run_before_anything_is_graded(
    tmp_path: Path, run: Run, shared: Shared, row: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "overrides.csv").write_text(f"{HEADER}ann,1.1.2,1,right\n{row}\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"overrides\.csv:3: "):
        run()
    assert shared.asked == []
    assert not (out / "grades.csv").exists()


CANVAS = """\
Student,ID,SIS Login ID,Section,HW (1)
    Points Possible,,,,4
"Ann",11,ann,S1,
"Cy",12,cy,S1,
"""


def test_a_roster_lists_who_does_not_match_either_way_and_gets_its_file(tmp_path: Path, run: Run) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(CANVAS, encoding="utf-8")
    for _ in range(2):  # a second run replaces what the first one has written
        said = run("--roster", roster, "--format", "canvas", "--assignment", "HW")
    assert "Not found among the enrolled students: ben." in said
    assert "1 of 2 enrolled students have no submission: Cy." in said
    with (tmp_path / "out" / "grades-canvas.csv").open(encoding="utf-8") as file:
        assert [row["HW (1)"] for row in csv.DictReader(file)] == ["4", "20", ""]
    assert points(tmp_path / "out") == {"ann": "6/4.67/9.33", "ben": "6/4.67/0"}


@pytest.mark.parametrize(
    ("text", "format", "message"),
    [
        ("Full Name\nAnn\n", "canvas", "for Canvas, expected its gradebook"),
        (CANVAS, "moodle", "for Moodle, expected its grading worksheet"),
        (CANVAS, "excel", "expected one of the formats plain, gradescope, canvas, moodle, found excel"),
        ("colour\nred\n", "plain", "expected Canvas' gradebook"),
    ],
)
def test_a_wrong_roster_stops_the_run_before_anything_is_graded(
    tmp_path: Path, run: Run, shared: Shared, text: str, format: str, message: str
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text(text, encoding="utf-8")
    with pytest.raises(CourseError, match=message):
        run("--roster", roster, "--format", format)
    assert shared.asked == []
