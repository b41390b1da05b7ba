"""Public and hidden answers are kept, and made again where they are stale; test_provenance.py tests what is stale."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

import autograder.__main__ as commands
from autograder.prepare import answers, kit, mistakes, provenance, store
from autograder.prepare.answers import AnswersError, Mapper
from harness.answers import Answers
from harness.answers import public_file as public_answers
from harness.graded import GradedTest
from tests.project.conftest import ROOT
from tests.project.prepare.copied import RNN, RNN_FILE, RNN_MISTAKES, copy_into, edit


def test_stored_answers_are_fresh() -> None:
    store.check_public(ROOT)


def test_hints_that_are_switched_off_are_kept_but_not_loaded(repository: Path, graded: list[GradedTest]) -> None:
    rnn = [test for test in graded if test.module == RNN]
    assert store.load_public(repository, rnn).hints.known
    edit(repository / "autograder/rubric.toml", r'(?m)^hints = ".*?"', 'hints = "off"')
    assert store.load_public(repository, rnn).hints.known == []


# What is made.


@contextmanager
def here() -> Iterator[Mapper]:
    """In place of a pool of processes."""
    yield map


@pytest.fixture
def make(tmp_path: Path, graded: list[GradedTest], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A repository with the RNN's tests and three misconceptions, and the command that makes its answers."""
    repository = copy_into(tmp_path)
    entries = (repository / RNN_MISTAKES).read_text(encoding="utf-8").split("[[misconception]]")[:4]
    (repository / RNN_MISTAKES).write_text("[[misconception]]".join(entries), encoding="utf-8")
    tests = [test for test in graded if test.module == RNN]
    monkeypatch.setattr(commands, "REPOSITORY", repository)
    monkeypatch.setattr(answers, "graded_tests", lambda root: tests)
    monkeypatch.setattr(kit, "graded_by", lambda rubric, collected: collected)
    monkeypatch.setattr(store, "workers", here)

    def run(*options: str) -> str:
        done = CliRunner().invoke(commands.app, ["answers", "--secret", "any", *options])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return re.sub(r"\s+", " ", done.output)

    assert "again" in run()
    return run


def times(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_an_unchanged_repository_makes_nothing(make: Callable[..., str], tmp_path: Path, monkeypatch) -> None:
    before = times(tmp_path)
    monkeypatch.setattr(answers, "_run", None)
    monkeypatch.setattr(mistakes, "failures", None)
    assert make().startswith("nothing has changed; ")
    assert times(tmp_path) == before


def test_all_makes_everything_and_rewrites_nothing(make: Callable[..., str], tmp_path: Path) -> None:
    """References within the tolerance of the new ones stay: another processor rounds in another way."""
    path = public_answers(RNN, tmp_path / "tests")
    stored = Answers.load(path)
    for outcome in stored.outcomes.values():
        for value in outcome.shown.values():
            if not isinstance(value, str) and value.dtype.kind == "f":
                value *= 1 + 1e-7
    stored.save(path)
    before = times(tmp_path / "tests")
    assert "3 misconceptions made again" in make("--all")
    assert times(tmp_path / "tests") == before


def test_an_answer_that_differs_is_written(make: Callable[..., str], tmp_path: Path) -> None:
    right = public_answers(RNN, tmp_path / "tests").read_bytes()
    edit(tmp_path / RNN_FILE, "torch.tanh", "torch.sin")
    entries = tmp_path / RNN_MISTAKES
    entries.write_text(entries.read_text(encoding="utf-8").replace("torch.tanh", "torch.sin"), encoding="utf-8")
    assert f"{RNN_MISTAKES}, {RNN_FILE}::VanillaRNN.forward changed" in make()
    assert public_answers(RNN, tmp_path / "tests").read_bytes() != right
    assert store.stale(tmp_path).keys() == set()


def test_hidden_answers_are_made_again_with_the_public_ones(make: Callable[..., str], tmp_path: Path) -> None:
    (folder,) = (tmp_path / ".secrets").glob("answers-*")
    first = folder / "models/naive/test_RNN/hidden-1.safetensors"
    before = times(folder)
    edit(tmp_path / RNN_MISTAKES, 'hint = "', 'hint = "Well. ')
    make()
    assert times(folder) == before
    edit(tmp_path / f"tests/{RNN}", r"\nclass |\ndef ", r"\nSIZE = 1\n\g<0>")
    make()
    assert first.stat().st_mtime_ns > before[first]


def test_a_misconception_that_nothing_notices_keeps_its_module_from_being_written(
    make: Callable[..., str], tmp_path: Path
) -> None:
    before = times(tmp_path / "tests/reference")
    entry = "\n[[misconception]]\nname = 'same'\nbefore = 'torch.tanh('\nafter = '1 * torch.tanh('\nhint = 'h'\n"
    path = tmp_path / RNN_MISTAKES
    path.write_text(path.read_text(encoding="utf-8") + entry, encoding="utf-8")
    with pytest.raises(AnswersError, match=r"naive\.RNN/same: no test notices it"):
        make()
    edit(path, re.escape("'1 * torch.tanh('"), "'tanh('")
    with pytest.raises(AnswersError, match=r"naive\.RNN/same: .* stops with a NameError"):
        make()
    edit(path, r"'tanh\('", "'tanh(('")
    with pytest.raises(AnswersError, match="expected Python after the change"):
        make()
    assert times(tmp_path / "tests/reference") == before
    assert store.stale(tmp_path) == {RNN: [RNN_MISTAKES]}


def test_complaints_about_one_module_leave_others(make: Callable[..., str], tmp_path: Path, graded) -> None:
    """The RNN's solution fails; the feed-forward layer's answers are kept."""
    other = "models/transformer/test_feedforward.py"
    (tmp_path / "autograder/prepare/misconceptions/transformer.feedforward.toml").unlink()
    edit(tmp_path / RNN_FILE, "torch.tanh", "torch.tan_h")
    made = store.make_public(tmp_path, [test for test in graded if test.module in (RNN, other)], map)
    assert made.complaints.keys() == {RNN}
    assert "the solution fails" in made.complaints[RNN]
    store.keep_public(tmp_path, made)
    assert store.stale(tmp_path).keys() == {RNN}


def test_functions_that_ran_are_recorded(make: Callable[..., str], tmp_path: Path) -> None:
    ran = set(provenance.ran_for(provenance.read(tmp_path / "tests/reference")[RNN]))
    file = "models/naive/RNN.py"
    packages = {"models/__init__.py", "models/naive/__init__.py"}
    assert ran - packages == {file, f"{file}::VanillaRNN.__init__", f"{file}::VanillaRNN.forward"}
