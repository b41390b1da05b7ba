"""Every score that a corrected kit changes, listed before it is published, while the graded class stays as it is."""

import hashlib
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from autograder import commands
from autograder.course import kits
from autograder.course.correct import CorrectError, is_graded_by, load
from autograder.course.record import NAME, Record, RecordError
from autograder.rubric import Excused
from tests.project.course.conftest import Shared
from tests.project.course.exports import packed
from tests.project.grade.test_engine import LSTM, SOLUTION

WRONG = {**SOLUTION, LSTM: SOLUTION[LSTM].replace(b"c = f * c + i * g", b"c = i * g")}
OVERRIDES = "student,test,points,reason\nben,1.1.2,1,Copied\n"


class Term:
    """A class that was graded with a kit, and a corrected kit in which test 1.2.4 decides nothing."""

    def __init__(self, folder: Path, kit: Path, shared: Shared) -> None:
        self.source, self.out, self.old, self.new = (folder / name for name in ("class", "out", "old.zip", "new.zip"))
        self.source.mkdir()
        for name, files in (("ann", SOLUTION), ("ben", WRONG), ("cy", {})):
            content = {path: content.decode() for path, content in files.items()}
            (self.source / f"{name}.zip").write_bytes(packed(content))
        shutil.copy(kit, self.old)
        self.new.write_bytes(kit.read_bytes() + b"another digest")
        shared.excused["new.zip"] = (Excused("1.2.4", "given", "Its reference was wrong"),)
        self.out.mkdir()
        (self.out / "overrides.csv").write_text(OVERRIDES, encoding="utf-8")
        call("batch", self.source, "--out", self.out, "--kit", self.old)

    def correct(self) -> str:
        return call("correct", self.out, "--old", self.old, "--new", self.new).output

    def changes(self) -> list[str]:
        return (self.out / "corrected" / "changes.csv").read_text(encoding="utf-8").splitlines()

    def state(self) -> dict[str, str]:
        """The digests of what stands in the class's folder."""
        files = [
            path
            for path in self.out.rglob("*")
            if path.is_file() and not path.relative_to(self.out).parts[0].startswith("corrected")
        ]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def call(*words: object) -> Result:
    result = CliRunner().invoke(commands.app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def term(tmp_path: Path, kit_zip: Path, shared: Shared) -> Term:
    return Term(tmp_path, kit_zip, shared)


def test_every_changed_score_is_listed_and_the_class_stays_as_it_is(term: Term, shared: Shared) -> None:
    before = term.state()
    shutil.rmtree(term.source)  # all that is needed is in the record
    shared.asked.clear()
    said = term.correct()
    assert term.state() == before
    assert len(shared.asked) == 3, "under the new kit alone"
    assert term.changes() == [
        "student,submission,test,old points,new points,old score,new score",
        "ben,ben,1.2.4,0,9.33,5.67,15",
        "cy,cy,1.2.4,0,9.33,0,9.33",
    ]
    assert "   +9.33  ben: 5.67 -> 15 (1.2.4 0 -> 9.33)\n" in said
    assert "2 of 3 scores rise, 0 fall, 1 stay as they are.\n" in said
    assert f"python -m autograder batch {term.source} --out {term.out} --kit {term.new}" in said
    shared.asked.clear()
    assert "2 of 3 scores rise" in term.correct()
    assert shared.asked == [], "a second run has nothing to do"


def test_a_class_that_another_kit_has_graded_is_graded_with_the_old_one_first(term: Term, shared: Shared) -> None:
    term.old.write_bytes(term.old.read_bytes() + b"yet another digest")
    shared.excused["old.zip"] = (Excused("1.2.2", "given", "Unclear"), *shared.excused["new.zip"])
    before = term.state()
    assert "0 of 3 scores rise, 1 fall, 2 stay as they are." in term.correct()
    assert term.changes()[1:] == ["cy,cy,1.2.2,4.67,0,14,9.33"]
    with Record(term.out / "corrected-old" / NAME) as record:
        assert record.kit() == kits.facts(term.old).digest
    assert term.state() == before


def test_times_and_overrides_are_those_of_the_last_run(term: Term) -> None:
    (term.out / "overrides.csv").unlink()  # which no run has seen yet
    graded = load(term.out, kits.facts(term.new))
    assert graded.overrides == {"ann": {}, "ben": {"1.1.2": {"points": 1.0, "reason": "Copied"}}, "cy": {}}
    assert is_graded_by(graded, kits.facts(term.old))
    assert not is_graded_by(graded, kits.facts(term.new))
    call("batch", term.source, "--out", term.out, "--kit", term.new, "--test", "1.1.2")
    assert not is_graded_by(graded, kits.facts(term.old)), "one row is of the new kit"


def test_what_cannot_be_graded_again_is_named(term: Term, tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(RecordError, match="grade a class first"):
        load(tmp_path, kits.facts(term.new))
    new = kits.facts(term.new)
    monkeypatch.setattr(Record, "assignment", lambda *_: type(new.assignment)(**{**vars(new.assignment), "files": ()}))
    with pytest.raises(CorrectError, match=r"new\.zip grades .* and \d+ more, which .* was not graded for"):
        load(term.out, new)
