"""With each example rubric a course is built (handout, kit, demonstration) and its kit grades as the rubric says.

So it is with a few overlays of our own, for what no example has.
"""

import copy
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from autograder.grade import main
from autograder.grade.engine import Engine
from autograder.grade.kit import PUBLIC, Kit
from autograder.grade.policy import NOT_SAID, cents
from autograder.prepare import course as prepared
from autograder.prepare import demonstration, handout, kit, rehearsal, store
from autograder.prepare.answers import hidden_answers
from autograder.prepare.files import zipped
from autograder.rubric import Limits, Rubric
from harness.answers import Answers
from harness.contract import Assignment
from harness.graded import GradedTest
from harness.submission.archive import pack
from harness.submission.findings import Severity
from harness.submission.identity import check_ids
from harness.submission.listed_files import read_tree
from harness.submission.notebooks import inspect_notebooks
from harness.submission.preflight import inspect
from tests.project.conftest import ROOT, SECRET
from tests.project.grade.test_engine import HIDDEN, LSTM, RNN, SOLUTION, at_import, in_forward, public_inputs
from tests.project.grade.test_policy import forged
from tests.project.grade.test_results import SCHEMA

EXAMPLES = ROOT / "autograder" / "examples"
OURS = {
    "kind": """
[grading]
public_share = 0.2
""",
    "limited": """
[assignment]
hints = "local"
notebook = "required"
notebook_deduct = 0.1

[grading]
hidden_seeds = 3
hidden_feedback = { count = 3, per = "24 hours" }

[[late.tier]]
up_to = "5 days"
deduct = 0.1
per = "1 day"
""",
    "groups": """
[assignment]
group_size = 2
output = "allow"
hints = "off"
notebook = "refused"

[grading]
hidden_seeds = 1

[late]
group_date = "earliest"

[[late.tier]]
up_to = "1 day 12 hours"
deduct = 0.0

[[part]]
id = "seq2seq"
enabled = false

[[excused]]
test = "1.2.4"
points = "spread"
why = "its reference was wrong"

[[excused]]
test = "3.1.1"
points = "given"
why = "Its text misled."
""",
}
ALL = [*(path.stem for path in sorted(EXAMPLES.iterdir())), *OURS]
OFF = {"groups": ("seq2seq",)}  # the parts that an overlay has switched off
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


@pytest.fixture(scope="module")
def course(
    request: pytest.FixtureRequest, graded: Sequence[GradedTest], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Course]:
    """The course of an overlay; its kit has the hidden answers of what is handed in, and no others."""
    root = tmp_path_factory.mktemp("course")
    overlay = EXAMPLES / f"{request.param}.toml"
    if request.param in OURS:
        overlay = tmp_path_factory.mktemp("overlay") / "overlay.toml"
        overlay.write_text(OURS[request.param], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(prepared.VARIABLE, str(overlay))
        yield made(root, graded)


def made(root: Path, graded: Sequence[GradedTest]) -> Course:
    for name in ("solution", "student", "tests", "autograder", "harness", "workbench"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "project"))
    for name in ("collect_submission.py", "requirements.txt"):
        shutil.copy(ROOT / name, root)
    student = handout.derive(root)
    handout.write(root, student)
    rubric = prepared.load(root)
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


def test_an_example_holds_only_what_differs():
    shipped = Rubric.load(ROOT / prepared.RUBRIC)
    for path in EXAMPLES.iterdir():
        rubric = Rubric.load(ROOT / prepared.RUBRIC, path)
        assert rubric.deliverables == shipped.deliverables
        assert (rubric.assignment, rubric.late) != (shipped.assignment, shipped.late)
        assert len(path.read_text(encoding="utf-8").splitlines()) < 20, path


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


@pytest.mark.parametrize("course", ["limited"], indirect=True)
def test_a_course_that_says_little_of_hidden_inputs(course, tmp_path):
    """The fourth submission of a day, without its notebook, 26 hours late: the second day has begun."""
    metadata = forged(26, before=(5, 10, 20), total_points=f"{course.points}.0")
    read = grade(course, tmp_path, course.mistaken, metadata)
    failed = failed_of(read)
    earned = cents(course.earned - sum(row["max_score"] for row in failed))
    without = cents(0.9 * earned)
    assert len(failed) >= 3
    assert all(row["score"] == 0 and row["output"].endswith(NOT_SAID) for row in failed)
    assert read["score"] == cents(0.8 * without)
    assert f"That costs 10 %. {earned:g} -> {without:g} points." in read["output"]
    costs = "that costs 10 % for each day or part of it: 20 %."
    assert f"Up to 5 days late, {costs} {without:g} -> {read['score']:g} points." in read["output"]
    assert "3 submissions in 1 day" in read["output"]


@pytest.mark.parametrize("course", ["cs7643"], indirect=True)
def test_cs7643_gives_nothing_when_a_file_does_not_run(course, tmp_path, capsys):
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
    """35 hours after the earlier of two dates; it prints, and a notebook came along."""
    files = at_import("print('loaded')")
    metadata = forged(35, own=(72, 0), total_points=f"{course.points}.0", group_size=2)
    read = grade(course, tmp_path, files, metadata, notebook=b"not even JSON")
    assert [part.id for part in course.rubric.parts][:2] == ["naive", "transformer"]
    (given,) = (row for row in read["tests"] if row["number"] == "3.1.1")
    assert read["score"] == cents(course.earned + given["score"])
    assert (given["status"], given["score"]) == ("passed", given["max_score"])
    assert given["output"].endswith("decides nothing: Its text misled. Everybody has its points.")
    (spread,) = (row for row in read["tests"] if row["number"] == "1.2.4")
    assert (spread["status"], spread["score"], spread["max_score"]) == ("passed", 0, 0)
    assert spread["output"].endswith("was wrong. Its points are spread over the tests beside it.")
    assert sum(row["max_score"] for row in read["tests"]) == course.points
    assert not [row for row in read["tests"] if row["number"].startswith("2.")]
    assert "the earliest in your group). Up to 1 day 12 h late, nothing is deducted." in read["output"]
    assert "work.ipynb was not read" in read["output"]
    assert "prints" not in read["output"]
    assert read["extra_data"]["notes"] == []


@pytest.mark.parametrize(
    ("course", "hours", "share", "words"),
    [
        ("cs7643", 47.9, 1.0, "Up to 2 days late, nothing is deducted."),
        ("cs7643", 48.1, 0.0, "More than 2 days late, that gives no points."),
        ("usi-lab", 0.1, 1.0, "Up to 10 min late, nothing is deducted."),
        ("usi-lab", 0.2, 0.7, "Up to 3 days late, that costs 30 %."),
        ("usi-lab", 72.1, 0.0, "More than 3 days late, that gives no points."),
    ],
    indirect=["course"],
)
def test_what_lateness_costs_in_a_course(course, hours, share, words, tmp_path):
    read = grade(course, tmp_path, SOLUTION, forged(hours), notebook=b"{}")
    assert read["score"] == cents(share * course.earned)
    assert words in read["output"]


@pytest.mark.parametrize("course", ["cs7643"], indirect=True)
def test_cs7643_gives_nothing_for_output(course, tmp_path):
    read = grade(course, tmp_path, at_import("print('loaded')"), forged(-1), notebook=b"{}")
    assert read["score"] == 0
    assert f"This assignment gives no points then. {course.earned:g} -> 0 points." in read["output"]


@pytest.mark.parametrize("course", ["cs7643"], indirect=True)
def test_cs7643_asks_for_a_notebook(course, tmp_path):
    read = grade(course, tmp_path, SOLUTION, forged(-1))
    assert read["score"] == course.earned
    assert "This assignment asks for a notebook (*.ipynb), and none was handed in." in read["output"]


@pytest.mark.parametrize("course", ["cs7643"], indirect=True)
def test_in_cs7643_imports_stay_as_handed_out_in_each_file(course, tmp_path):
    """The RNN may import neither what no file imports nor what another file does, and names no file the less."""
    contract = Assignment.load(course.root / "student" / "assignment.json")
    assert contract.imports_of[RNN] == ["from torch import Tensor", "from torch import nn", "import torch"]
    for added in ("import math", "from torch.nn import functional as F", "import torch as t"):
        faults = [str(finding) for finding in inspect(at_import(added, RNN), contract) if finding.rule == "import"]
        line = len(at_import(added, RNN)[RNN].splitlines())
        assert len(faults) == 1, faults
        assert faults[0].startswith(f"{RNN}:{line}: `{added}` was not handed out with this file.")
    assert [str(finding) for finding in inspect(SOLUTION, contract) if finding.rule == "import"] == []
    (fault,) = [finding for finding in inspect(at_import("import pandas", RNN), contract) if finding.rule == "import"]
    assert "pandas may not be imported" in str(fault)


@pytest.mark.parametrize("course", ["ee046211"], indirect=True)
def test_in_ee046211_pairs_hand_in_a_notebook_that_was_run(course, tmp_path):
    contract = Assignment.load(course.root / "student" / "assignment.json")
    (alone,) = check_ids(["ab12"], None, contract)
    assert str(alone) == "1 id is given, but a group has at least 2. Name each of you with --id."
    assert [*check_ids(["ab12", "cd34"], None, contract)] == []
    assert {finding.rule for finding in check_ids(["ab12", "cd34", "ef56"], None, contract)} == {"group"}
    read = grade(course, tmp_path, SOLUTION, forged(-1, group_size=2), notebook=b"{}")
    assert read["score"] == course.earned
    unrun = json.dumps({"cells": [{"cell_type": "code", "source": ["x = 1"], "execution_count": None}]}).encode()
    findings = inspect_notebooks({"work.ipynb": unrun}, contract)
    assert [finding.severity for finding in findings] == [Severity.UNUSABLE]


@pytest.mark.parametrize("course", ALL, indirect=True)
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
