"""Public and hidden answers are kept, and made again where they are stale; test_provenance.py tests what is stale."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.prepare import answers, mistakes, provenance, store
from autograder.prepare.answers import AnswersError
from harness.answers import public_file as public_answers
from harness.graded import GradedTest
from tests.project.conftest import ROOT
from tests.project.prepare.copied import RNN, RNN_FILE, RNN_MISTAKES, edit, times


def test_stored_answers_are_fresh() -> None:
    store.check_public(ROOT)


def test_hints_that_are_switched_off_are_kept_but_not_loaded(repository: Path, graded: list[GradedTest]) -> None:
    rnn = [test for test in graded if test.module == RNN]
    assert store.load_public(repository, rnn).hints.known
    edit(repository / "autograder/rubric.toml", r'(?m)^hints = ".*?"', 'hints = "off"')
    assert store.load_public(repository, rnn).hints.known == []


# What is made.


def test_an_unchanged_repository_makes_nothing(make: Callable[..., str], tmp_path: Path, monkeypatch) -> None:
    before = times(tmp_path)
    monkeypatch.setattr(answers, "_run", None)
    monkeypatch.setattr(mistakes, "failures", None)
    assert make().startswith("nothing has changed; ")
    assert times(tmp_path) == before


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


def test_a_renamed_layer_gives_a_sentence(make: Callable[..., str], tmp_path: Path, graded) -> None:
    path = tmp_path / RNN_FILE
    path.write_text(path.read_text(encoding="utf-8").replace("hidden_layer", "layer"), encoding="utf-8")
    made = store.make_public(tmp_path, [test for test in graded if test.module == RNN], map)
    complaint = made.complaints[RNN]
    assert complaint.startswith(f"tests/{RNN}::")
    assert "the solution fails at " in complaint
    assert "hidden_layer" in complaint
    assert "Fault(" not in complaint


def test_functions_that_ran_are_recorded(make: Callable[..., str], tmp_path: Path) -> None:
    ran = set(provenance.ran_for(provenance.read(tmp_path / "tests/reference")[RNN]))
    file = "models/naive/RNN.py"
    packages = {"models/__init__.py", "models/naive/__init__.py"}
    assert ran - packages == {file, f"{file}::VanillaRNN.__init__", f"{file}::VanillaRNN.forward"}
