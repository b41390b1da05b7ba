"""The commands that make misconceptions of clusters."""

import base64
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from autograder.course import drafts, kits, misconception
from autograder.course.errors import CourseError
from autograder.course.graders import GraderDied
from autograder.course.record import NAME, Record
from autograder.prepare import catalogue
from autograder.prepare.catalogue import CatalogueError
from harness.outcome import Outcome, encode
from tests.project.conftest import ROOT, RUBRIC
from tests.project.course import records
from tests.project.course.test_clusters import RNN, VALUES, encoded, submission, wrong

ENTRY = "[[misconception]]\nname = 'known'\nbefore = 'torch.tanh('\nafter = '('\nhint = 'h'\n"
TEST = records.TESTS[0]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a rubric, the RNN's solution, and a catalogue of one entry."""
    root = tmp_path / "repository"
    for name in ("autograder/rubric.toml", f"solution/{RNN}"):
        (root / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, root / name)
    (root / catalogue.FOLDER).mkdir(parents=True)
    catalogue_file(root).write_text(ENTRY, encoding="utf-8")
    monkeypatch.setattr(misconception, "REPOSITORY", root)
    return root


def catalogue_file(root: Path) -> Path:
    return root / catalogue.FOLDER / "naive.RNN.toml"


@pytest.fixture
def graded_class(tmp_path: Path) -> Iterator[Record]:
    """Three students take a sine in place of the tanh."""
    source = (ROOT / "solution" / RNN).read_text(encoding="utf-8").replace("torch.tanh", "torch.sin").encode()
    submissions = [submission(f"s{n}", wrong(2), source=source) for n in range(3)]
    with records.record(tmp_path / "class", submissions) as record:
        yield record


def run(record: Record, command: str, *options: str) -> Result:
    arguments = [command, "--from", str(record.path.parent), *options]
    return CliRunner().invoke(misconception.app, arguments, catch_exceptions=False)


def test_clusters_are_listed(graded_class: Record, repository: Path) -> None:
    lines = run(graded_class, "list").output.splitlines()
    assert lines[0] == "Cluster 1: 3 submissions, naive.RNN, 1.1.1"
    assert "    1.1.1 fails" in lines
    assert "    + new_hidden = torch.sin(self.hidden_layer(combined))" in lines
    assert f"    s0 {RNN}:48: new_hidden = torch.sin(self.hidden_layer(combined))" in lines


def test_a_draft_is_added_and_has_to_be_completed(graded_class: Record, repository: Path) -> None:
    output = run(graded_class, "add", "--cluster", "1").output
    path = catalogue_file(repository)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(ENTRY)
    assert text.removeprefix(ENTRY) == f"\n{output[: output.index(chr(10) * 2)]}\n"
    assert f"{path}: added" in output
    assert "write the hint" in output
    assert "name the mistake" in output
    assert "read after" in output
    rnn = RUBRIC.deliverable("naive.RNN")
    with pytest.raises(CatalogueError, match=r"entry 2 .*: name: expected what the mistake is called"):
        catalogue.of(repository, rnn)
    path.write_text(text.replace(catalogue.UNNAMED, "hidden_with_sine"), encoding="utf-8")
    with pytest.raises(CatalogueError, match="hint: expected a hint for students, found a draft's TODO"):
        catalogue.load(repository)
    path.write_text(text.replace(catalogue.UNNAMED, "hidden_with_sine").replace("TODO", "Look"), encoding="utf-8")
    assert [entry.name for entry in catalogue.of(repository, rnn)] == ["known", "hidden_with_sine"]


def test_name_and_hint_may_be_given(graded_class: Record, repository: Path) -> None:
    output = run(graded_class, "add", "--cluster", "1", "--name", "sine", "--hint", 'A "sine"\nis none.').output
    entry = catalogue.of(repository, RUBRIC.deliverable("naive.RNN"))[1]
    assert (entry.name, entry.hint) == ("sine", 'A "sine"\nis none.')
    assert "write the hint" not in output


def test_a_dry_run_writes_nothing(graded_class: Record, repository: Path) -> None:
    output = run(graded_class, "add", "--cluster", "1", "--dry-run").output
    assert "torch.sin(" in output
    assert "Nothing is written" in output
    assert catalogue_file(repository).read_text(encoding="utf-8") == ENTRY


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--cluster", "2"], "has no such cluster, but\nCluster 1: 3 submissions, naive.RNN, 1.1.1"),
        (["--cluster", "1", "--name", "known"], "has an entry known: choose another --name"),
        (["--cluster", "1", "--name", "../x"], "--name: expected letters, digits and _, found ../x"),
    ],
)
def test_what_cannot_be_added_is_refused(
    graded_class: Record, repository: Path, options: list[str], complaint: str
) -> None:
    with pytest.raises(drafts.DraftError) as caught:
        run(graded_class, "add", *options)
    assert complaint in str(caught.value)
    assert catalogue_file(repository).read_text(encoding="utf-8") == ENTRY


def test_a_second_draft_waits_for_the_first(graded_class: Record, repository: Path) -> None:
    run(graded_class, "add", "--cluster", "1")
    with pytest.raises(drafts.DraftError, match="has an entry to_be_named: complete it"):
        run(graded_class, "add", "--cluster", "1")


def test_a_folder_without_a_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="grade a class first"):
        CliRunner().invoke(misconception.app, ["list", "--from", str(tmp_path)], catch_exceptions=False)


class Kit:
    """What is known of a kit that grades the RNN alone."""

    def __init__(self, digest: str) -> None:
        self.digest, self.seconds, self.assignment = digest, 1.0, self
        self.files = (RNN,)

    def deliverable(self, id: str):
        return RUBRIC.deliverable(id)


@pytest.mark.parametrize(
    ("digest", "answer", "said"),
    [
        (records.KIT, 2.0, "has the same outcome in 1.1.1."),
        (records.KIT, 3.0, "has another outcome than these submissions"),
        (records.KIT, None, "The draft was not tried: killed"),
        ("another", 2.0, "the class was graded with another kit than"),
    ],
)
def test_a_draft_is_tried_in_the_grader(graded_class, repository, monkeypatch, digest, answer, said) -> None:
    asked: list[str] = []

    class Grader:
        def __init__(self, *arguments: object) -> None:
            pass

        def ask(self, request: Mapping[str, Mapping[str, str]], seconds: float) -> Mapping[str, object]:
            asked.append(base64.b64decode(request["files"][RNN]).decode())
            if answer is None:
                raise GraderDied("killed")
            content = encoded({"h": VALUES * np.float32(answer)}, key=TEST.key)
            return {
                "unexplained": {TEST.number: [TEST.key, base64.b64encode(content).decode()]},
                "isolation": ["not isolated: without root"],
            }

        def close(self) -> None:
            asked.append("closed")

    kit = repository / "autograder.zip"
    kit.touch()
    monkeypatch.setattr(misconception, "Grader", Grader)
    monkeypatch.setattr(kits, "facts", lambda path: Kit(digest))
    output = run(graded_class, "add", "--cluster", "1", "--dry-run", "--kit", str(kit)).output
    assert said in output
    assert ("not isolated: without root" in output) == ("outcome" in said)
    solution = (ROOT / "solution" / RNN).read_text(encoding="utf-8")
    assert asked in ([], [solution.replace("torch.tanh", "torch.sin"), "closed"])
    assert bool(asked) == (digest == records.KIT)


def test_a_draft_without_a_change_says_what_to_write(tmp_path: Path, repository: Path) -> None:
    shown = {TEST.number: (TEST.key, encode({TEST.key: Outcome({"h": VALUES})}))}
    with records.record(tmp_path / "class", [submission(f"s{n}", shown, source=b"(") for n in range(3)]) as record:
        output = run(record, "add", "--cluster", "1", "--name", "unknown").output
    assert "write before and after" in output
    with pytest.raises(CatalogueError, match="before: expected text"):
        catalogue.load(repository)
    assert (tmp_path / "class" / NAME).exists()
