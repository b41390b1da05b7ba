"""The instructor's commands: what they say, and that a mistake of a person's is a sentence and no traceback."""

import json
import os

import pytest
from typer.testing import CliRunner, Result

from autograder import commands
from autograder.prepare import demonstration, guide, handout, kit, proof, rehearsal, store
from harness.contract import Assignment
from tests.project.conftest import ROOT

FIRST = {
    "name": "RNN: x", "number": "1.1.1", "status": "failed", "score": 0.0, "max_score": 1.0, "output": "what\n\nwhy",
}  # fmt: skip


@pytest.fixture
def graded(monkeypatch):
    """Grading replaced by fixed results; what a kit was built from is what is here."""
    paragraphs = [
        "Title\nversion 1",
        "Total 1 of 2, late",
        "Part 1: RNN  0 of 1\nTotal",
        "A note.",
        "Take [bold]this[/bold] out.",
    ]
    output = "\n\n".join(paragraphs)
    results = {"output": output, "extra_data": {}, "score": 0.0, "tests": [FIRST]}
    monkeypatch.setattr(rehearsal, "rehearse", lambda *_, **__: rehearsal.Rehearsal(results, "", 0, 1.0, 2.0))
    monkeypatch.setattr(kit, "built_from", lambda _: kit.inputs(ROOT))
    monkeypatch.setattr(kit, "contract", lambda _: Assignment.load(ROOT / "student" / "assignment.json"))
    return results


def call(*arguments: object) -> Result:
    return CliRunner().invoke(commands.app, list(map(str, arguments)))


def said(result: Result) -> str:
    """The output in one line without the box around a mistake."""
    return " ".join(result.output.replace("│", " ").split())


def test_grade_prints_the_remarks_above_the_table(graded, tmp_path):
    text = call("grade", tmp_path, "--kit", __file__).output
    for remark in ("Total 1 of 2, late", "A note.", "Take [bold]this[/bold] out."):
        assert text.index(remark) < text.index("deliverable")
    assert "version 1" not in text
    assert "Part 1" not in text


def test_grade_writes_what_it_is_asked_for(graded, tmp_path):
    result = call("grade", tmp_path, "--kit", __file__, "--json", tmp_path / "r.json", "--picture", tmp_path / "p.svg")
    assert result.exit_code == 0
    assert json.loads((tmp_path / "r.json").read_text()) == graded
    assert "deliverable" in (tmp_path / "p.svg").read_text()


def test_grade_writes_a_test_report(graded, tmp_path):
    assert call("grade", tmp_path, "--kit", __file__, "--junit", tmp_path / "report.xml").exit_code == 0
    assert '<failure message="what">why</failure>' in (tmp_path / "report.xml").read_text()
    (tmp_path / "report.xml").write_text("mine")
    assert call("grade", tmp_path, "--kit", __file__, "--junit", tmp_path / "report.xml").exit_code == 2
    assert (tmp_path / "report.xml").read_text() == "mine"


def test_the_exit_status_can_depend_on_the_score(graded, tmp_path):
    graded["score"] = 59.5
    for points, status in ((59.5, 0), (0, 0), (60, 1)):
        result = call("grade", tmp_path, "--kit", __file__, "--at-least", points)
        assert result.exit_code == status
    assert "the score is 59.5, and --at-least asks for 60" in said(result)


def test_grade_uses_metadata_that_it_is_given(graded, tmp_path, monkeypatch):
    used = []
    rehearse = rehearsal.rehearse
    monkeypatch.setattr(rehearsal, "rehearse", lambda *a, metadata: used.append(metadata) or rehearse(*a))
    assert call("grade", tmp_path, "--kit", __file__, "--metadata", ROOT / "docs" / "late.json").exit_code == 0
    assert used == [ROOT / "docs" / "late.json"]
    for path, words in ((tmp_path / "none.json", "does not exist"), (tmp_path, "is a directory")):
        result = call("grade", tmp_path, "--kit", __file__, "--metadata", path)
        assert result.exit_code == 2
        assert words in said(result)


def test_what_metadata_do_not_say_is_noted(graded, tmp_path):
    graded["extra_data"] = {"notes": ["created_at: expected a date with time and offset, found nothing"]}
    late = ROOT / "docs" / "late.json"
    assert "note: created_at: expected" in said(call("grade", tmp_path, "--kit", __file__, "--metadata", late))
    assert "note:" not in said(call("grade", tmp_path, "--kit", __file__))


def build(root, target, *_):
    target.write_bytes(b"kit.json")
    return "a test"


def test_build_writes_only_a_kit_that_is_proven(tmp_path, monkeypatch):
    def refuse(*_):
        yield "solution 136 of 136"
        raise proof.ProofError("this kit gives the skeleton 3 of 136 points, and not 0")

    monkeypatch.setattr(kit, "build", build)
    monkeypatch.setattr(proof, "prove", lambda *_: ["solution 136 of 136", "skeleton 0 of 136"])
    result = call("build", "--out", tmp_path)
    assert "proof: solution 136 of 136; skeleton 0 of 136" in said(result)
    (tmp_path / "autograder.zip").write_bytes(b"kit.json, the one before")
    monkeypatch.setattr(proof, "prove", refuse)
    assert isinstance(call("build", "--out", tmp_path).exception, proof.ProofError)
    assert (tmp_path / "autograder.zip").read_bytes() == b"kit.json, the one before"


@pytest.mark.parametrize("score", [2.0, 1.0])
def test_the_demonstration_writes_only_a_kit_that_it_has_proven(graded, tmp_path, monkeypatch, score):
    """The solution has 2 points in all. If it gets fewer, the old kit stays."""
    monkeypatch.setattr(kit, "build", build)
    monkeypatch.setattr(handout, "write_zip", lambda root, target: None)
    monkeypatch.setattr(demonstration, "submissions", lambda root, out: {"solution": out / "solution.zip"})
    graded["tests"] = [{**FIRST, "score": score, "max_score": 2.0}]
    graded["score"] = score
    (tmp_path / "autograder.zip").write_bytes(b"kit.json, the one before")
    result = call("demo", "--out", tmp_path)
    if score == 2:
        assert "proof of the kit: solution 2 of 2, as it must be" in said(result)
        assert (tmp_path / "autograder.zip").read_bytes() == b"kit.json"
    else:
        assert "gives the solution 1 of 2 points" in str(result.exception)
        assert "It was not written." in str(result.exception)
        assert (tmp_path / "autograder.zip").read_bytes() == b"kit.json, the one before"


def test_the_demonstration_says_where_it_cannot_grade(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    result = call("demo", "--out", tmp_path)
    assert result.exit_code == 2
    assert "grading needs Linux; here, run the commands `handout --zip FILE` and `build`" in said(result)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("system", ["Darwin", "Windows"])
def test_where_nothing_can_be_graded_build_says_so_and_builds(tmp_path, monkeypatch, system):
    monkeypatch.setattr(kit, "build", build)
    monkeypatch.setattr("platform.system", lambda: system)
    result = call("build", "--out", tmp_path)
    assert result.exit_code == 0
    assert "not proven: grading needs Linux" in said(result)
    assert (tmp_path / "autograder.zip").read_bytes() == b"kit.json"


def test_a_kit_that_is_out_of_date_is_reported_with_its_path(graded, tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "built_from", lambda _: "other")
    archive = tmp_path / "[red]kit.zip"
    archive.touch()
    text = said(call("grade", tmp_path, "--kit", archive))
    assert "[red]kit.zip" in text.replace(" ", "")
    assert "build it again" in text


@pytest.mark.parametrize("option", ["--json", "--picture", "--junit"])
@pytest.mark.parametrize("name", ["file/results", "file", "pipe", "."])
def test_a_file_that_cannot_be_written_is_refused_before_the_work(tmp_path, option, name):
    (tmp_path / "file").write_text("mine")
    os.mkfifo(tmp_path / "pipe")
    result = call("grade", tmp_path, "--kit", tmp_path / "none.zip", option, tmp_path / name)
    assert result.exit_code == 2
    assert "cannot be written" in said(result)
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipe"]


def test_grade_replaces_its_own_files_and_keeps_links(graded, tmp_path):
    (tmp_path / "r.json").symlink_to(tmp_path / "elsewhere")
    for _ in range(2):
        files = ("--json", tmp_path / "r.json", "--picture", tmp_path / "p.svg")
        assert call("grade", tmp_path, "--kit", __file__, *files).exit_code == 0
    assert (tmp_path / "r.json").is_symlink()
    assert json.loads((tmp_path / "elsewhere").read_text()) == graded


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["handout", "--zip"], "handout.zip"),
        (["build", "--out"], "autograder.zip"),
        (["demo", "--out"], "handout.zip"),
        (["demo", "--out"], "autograder.zip"),
        (["demo", "--out"], "solution.zip"),
        (["demo", "--out"], "half-done.zip"),
        (["bench", "--quick", "--json"], "figures.json"),
    ],
)
def test_files_that_the_command_has_not_made_are_not_replaced(tmp_path, monkeypatch, command, name):
    (tmp_path / name).write_bytes(b"my photos")
    monkeypatch.setattr(handout, "write_zip", lambda root, target: None)
    if name != "autograder.zip":
        monkeypatch.setattr(kit, "build", lambda root, target, *_: target.write_bytes(b"kit.json") and "a test")
    result = call(*command, tmp_path if command[-1] == "--out" else tmp_path / name)
    assert result.exit_code == 2
    assert "cannot be written" in said(result)
    assert (tmp_path / name).read_bytes() == b"my photos"


def test_a_guide_that_somebody_else_wrote_is_not_replaced(tmp_path, monkeypatch):
    assert store.COMMAND in guide.ORIGIN
    mine = tmp_path / guide.FOLDER / "mine.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("what I tell my students")
    monkeypatch.setattr(commands, "REPOSITORY", tmp_path)
    result = call("answers")
    assert result.exit_code == 2
    assert "has not made it" in said(result)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]


@pytest.mark.parametrize("command", ["build", "demo"])
def test_a_zip_is_no_folder_to_write_to(tmp_path, command):
    result = call(command, "--out", tmp_path / "autograder.zip")
    assert result.exit_code == 2
    assert "expected a folder" in said(result)
    assert not list(tmp_path.iterdir())


def test_a_submission_that_is_no_file_is_refused_in_one_sentence(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nothing"):
        result = call("grade", tmp_path / name)
        assert result.exit_code == 2
        assert "is neither a zip nor a folder" in said(result)


def test_a_handout_that_is_out_of_date_stops_the_build(tmp_path, monkeypatch):
    """Else students would have another version than the grader."""
    derived = handout.derive(ROOT)
    monkeypatch.setattr(handout, "derive", lambda _: {**derived, "models/naive/RNN.py": b"changed since"})
    monkeypatch.setattr(kit, "graded", lambda _: pytest.fail("expected an error before the tests are collected"))
    result = call("build", "--out", tmp_path)
    assert "found differences; run `python -m autograder handout`" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_check_and_zip_exclude_each_other(tmp_path):
    result = call("handout", "--check", "--zip", tmp_path / "handout.zip")
    assert result.exit_code == 2
    assert "not both" in said(result)
