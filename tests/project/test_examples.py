"""With each example rubric a course is built (handout, kit, demonstration) and its kit grades as the rubric says."""

import copy
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from autograder.grade import main
from autograder.grade.engine import Engine
from autograder.grade.kit import PUBLIC, Kit
from autograder.grade.policy import NOT_SAID, cents
from autograder.prepare import demonstration, handout, kit, rehearsal, store
from autograder.prepare.answers import hidden_answers
from autograder.prepare.files import zipped
from autograder.rubric import Limits, Rubric
from harness.answers import Answers
from harness.contract import Assignment
from harness.graded import GradedTest
from harness.submission.archive import pack
from harness.submission.listed_files import read_tree
from tests.project.conftest import ROOT, SECRET
from tests.project.grade.test_engine import HIDDEN, LSTM, RNN, at_import, in_forward, public_inputs
from tests.project.grade.test_policy import forged
from tests.project.grade.test_results import SCHEMA
from tests.project.test_rubric import switched_off

EXAMPLES = ROOT / "autograder" / "examples"
OFF = {"groups": ("seq2seq",)}  # the parts that an example has switched off, as its first lines say
DONE = ("naive.RNN", "naive.LSTM")  # handed in; the other deliverables are not started, so that no test of theirs runs


@dataclass(frozen=True)
class Course:
    """A repository with an example's rubric, and its kit."""

    root: Path
    rubric: Rubric
    tests: Sequence[GradedTest]
    public: Answers
    kit: dict[str, bytes]

    @property
    def points(self) -> float:
        """What there is to earn in the course."""
        return sum(deliverable.points for deliverable in self.rubric.deliverables)

    @property
    def earned(self) -> float:
        """What a submission earns in which all is right that is handed in."""
        return sum(self.rubric.deliverable(id).points for id in DONE)

    @property
    def mistaken(self) -> dict[str, bytes]:
        """The solution, but for an LSTM that is right with the published inputs alone."""
        own_tests = [test for test in self.tests if test.module == self.rubric.deliverable("naive.LSTM").tests]
        return in_forward(HIDDEN.format(public_sums=public_inputs(own_tests, self.public.seeds), attack="x = x * 0.9"))


@pytest.fixture(scope="module", autouse=True)
def few_zygotes() -> Iterator[None]:
    """Kits with the same tests and limits are graded with one zygote; an engine reads the rest from its kit."""
    engines: dict[tuple[tuple[str, ...], Limits], Engine] = {}

    def engine(kit: Kit) -> Engine:
        key = (tuple(test.key for test in kit.tests), kit.rubric.grading.limits)
        if key not in engines:
            engines[key] = Engine(kit)
        shared = copy.copy(engines[key])
        shared.kit, shared.answers = kit, kit.answers()
        shared.close = lambda: None  # type: ignore[method-assign]
        return shared

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "Engine", engine)
        yield
    for shared in engines.values():
        shared.close()


def example(name: str) -> str:
    """An example's text as a whole rubric: it goes above the real rubric's parts."""
    parts = (ROOT / handout.RUBRIC).read_text(encoding="utf-8").partition("[[part]]")
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8") + "\n[[part]]" + parts[2]
    return switched_off(text, *OFF.get(name, ()))


@pytest.fixture(scope="module")
def course(
    request: pytest.FixtureRequest, graded: Sequence[GradedTest], tmp_path_factory: pytest.TempPathFactory
) -> Course:
    """The course of an example; its kit has the hidden answers of what is handed in, and no others."""
    root = tmp_path_factory.mktemp("course")
    for name in ("solution", "student", "tests", "autograder", "harness", "workbench"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "project"))
    for name in ("collect_submission.py", "requirements.txt"):
        shutil.copy(ROOT / name, root)
    (root / handout.RUBRIC).write_text(example(request.param), encoding="utf-8")
    student = handout.derive(root)
    handout.write(root, student)
    rubric = Rubric.load(root / handout.RUBRIC)
    tests = kit.graded_by(rubric, graded)
    stored, secret = store.load_public(root, tests), SECRET.encode()
    hidden = {f"hidden-{n + 1}": Answers() for n in range(rubric.grading.hidden_seeds)}
    for module in (rubric.deliverable(id).tests for id in DONE):
        own_tests = [test for test in tests if test.module == module]
        for name, made in hidden_answers(root, own_tests, secret, len(hidden), stored.answers.of(module)).items():
            hidden[name] |= made
    files = kit.kit_files(root, student, tests, {PUBLIC: stored.answers, **hidden}, stored.hints, "")
    return Course(root, rubric, tests, stored.answers, files)


def grade(
    course: Course, folder: Path, files: dict[str, bytes], metadata: dict[str, object], notebook: bytes = b""
) -> dict[str, Any]:
    """The results of what is handed in of these files with the course's kit, as on the platform."""
    (folder / "kit.zip").write_bytes(zipped(course.kit))
    (folder / "upload").mkdir()
    assignment = Assignment.load(course.root / "student" / "assignment.json")
    skeleton = read_tree(course.root / "student", assignment)
    pack({**skeleton, RNN: files[RNN], LSTM: files[LSTM]}, assignment, ["x"], folder / "upload" / "x.zip")
    if notebook:
        (folder / "upload" / "work.ipynb").write_bytes(notebook)
    (folder / "autograder").mkdir()
    rehearsal.lay_out(folder / "autograder", folder / "kit.zip", folder / "upload")
    (folder / "autograder" / "submission_metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    assert main.main(str(folder / "autograder"), here=True) == 0
    read = json.loads((folder / "autograder" / "results" / "results.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(read)
    assert [row["number"] for row in read["tests"]] == [test.number for test in course.tests]
    return read


def failed_of(read: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of what is handed in that failed."""
    return [row for row in read["tests"] if row["status"] == "failed" and row["number"].startswith("1.")]


def test_the_examples_differ_and_are_valid():
    kind, strict, groups = (Rubric.parse(example(name)) for name in ("kind", "strict", "groups"))
    assert {path.stem for path in EXAMPLES.iterdir()} == {"kind", "strict", "groups"}
    assert (kind.grading.public_share, kind.late.tiers) == (0.2, ())
    decided = (strict.assignment.output, strict.assignment.strict, strict.assignment.hints)
    assert decided == ("zero", "submission", "local")
    tiers = [(tier.up_to, tier.deduct) for tier in strict.late.tiers]
    assert tiers == [(timedelta(minutes=10), 0.0), (timedelta(days=3), 0.3)]
    assert (groups.assignment.group_size, groups.late.group_date) == (2, "earliest")


@pytest.mark.parametrize("course", ["kind"], indirect=True)
def test_a_kind_course(course, tmp_path):
    """Wrong for hidden values alone: a fifth of each row; five hours late: said, nothing more."""
    read = grade(course, tmp_path, course.mistaken, forged(5, total_points=f"{course.points}.0"))
    failed = failed_of(read)
    assert len(failed) >= 3
    assert {row["number"].rpartition(".")[0] for row in failed} == {"1.2"}
    assert all(row["score"] == cents(0.2 * row["max_score"]) > 0 for row in failed)
    assert read["score"] == cents(course.earned - sum(row["max_score"] - row["score"] for row in failed))
    assert "Handed in 5 h after your due date" in read["output"]
    assert "This assignment deducts nothing for that." in read["output"]
    assert read["extra_data"]["notes"] == []


@pytest.mark.parametrize("course", ["strict"], indirect=True)
def test_a_strict_course(course, tmp_path):
    """The fourth submission of a day, without its notebook, two hours late."""
    metadata = forged(2, before=(-1, 0.5, 1), total_points=f"{course.points}.0")
    read = grade(course, tmp_path, course.mistaken, metadata)
    failed = failed_of(read)
    earned = cents(course.earned - sum(row["max_score"] for row in failed))
    without = cents(0.9 * earned)
    assert len(failed) >= 3
    assert all(row["score"] == 0 and row["output"].endswith(NOT_SAID) for row in failed)
    assert read["score"] == cents(0.7 * without)
    assert f"That costs 10 %. {earned:g} -> {without:g} points." in read["output"]
    assert f"that costs 30 %. {without:g} -> {read['score']:g} points." in read["output"]
    assert "3 submissions in 1 day" in read["output"]


@pytest.mark.parametrize("course", ["strict"], indirect=True)
def test_a_strict_course_gives_nothing_when_a_file_does_not_run(course, tmp_path, capsys):
    files = at_import("raise RuntimeError")
    read = grade(course, tmp_path, files, forged(-1, total_points="90.0"), notebook=b"{}")
    assert read["score"] == 0
    left = sum(row["score"] for row in read["tests"])
    assert left == course.rubric.deliverable("naive.RNN").points
    note = f"Gradescope's assignment has 90 points, the rubric {course.points}: set them equal"
    assert read["extra_data"]["notes"] == [note]
    assert f"\nnote: {note}\n" in capsys.readouterr().out
    assert "90 points" not in read["output"]
    lost = f"This assignment gives no points when any file does not run. {left:g} -> 0"
    assert f"{LSTM} cannot be run. {lost}" in read["output"]


@pytest.mark.parametrize("course", ["groups"], indirect=True)
def test_a_course_in_groups_without_a_part(course, tmp_path):
    """47 hours after the earlier of two dates; it prints, and a notebook came along."""
    files = at_import("print('loaded')")
    metadata = forged(47, own=(72, 0), total_points=f"{course.points}.0", group_size=2)
    read = grade(course, tmp_path, files, metadata, notebook=b"not even JSON")
    assert [part.id for part in course.rubric.parts][:2] == ["naive", "transformer"]
    assert read["score"] == course.earned
    assert sum(row["max_score"] for row in read["tests"]) == course.points
    assert not [row for row in read["tests"] if row["number"].startswith("2.")]
    assert "the earliest in your group). Up to 2 days late, nothing is deducted." in read["output"]
    assert "work.ipynb was not read" in read["output"]
    assert "prints" not in read["output"]
    assert read["extra_data"]["notes"] == []


@pytest.mark.parametrize("course", ["kind", "strict", "groups"], indirect=True)
def test_a_course_is_made_of_the_parts_that_are_on(course, request, tmp_path):
    off = OFF.get(request.node.callspec.params["course"], ())
    files = handout.handout_files(course.root)
    here = [*files, *course.kit]
    assert not [file for file in here for part in off if f"/{part}/" in file or f"/stress/{part}" in file]
    readme = files["README.md"].decode()
    assert f"1/{len(course.tests)} tests, 1 of {course.points:g} points" in readme
    assert re.findall(r"part (\d): (.*)", readme) == [(part.number, part.title) for part in course.rubric.parts]
    assert ("answers/public.hints.safetensors" in course.kit) == (course.rubric.assignment.hints == "everywhere")
    contract = json.loads(files["student/assignment.json"])
    assert (contract["hints"], contract["group_size"]) == (
        course.rubric.assignment.hints,
        course.rubric.assignment.group_size,
    )
    shown = demonstration.submissions(course.root, tmp_path)
    assert shown.keys() == {"solution", "skeleton", "one-file", "half-done"}
