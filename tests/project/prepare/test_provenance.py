"""Answers are stale where something has changed that they depend on, and nowhere else."""

import re
from pathlib import Path

import pytest

from autograder.prepare import provenance, store
from autograder.prepare.answers import AnswersError
from harness.hints import public_file as public_hints
from tests.project.conftest import ROOT, RUBRIC
from tests.project.prepare.copied import LSTM, RNN, RNN_FILE, RNN_MISTAKES, edit

ALL = {deliverable.tests for deliverable in (*RUBRIC.deliverables, *RUBRIC.off)}


@pytest.mark.parametrize(
    ("file", "pattern", "to"),
    [
        (RNN_FILE, r"\n        combined =", "\n        # joined\n        combined ="),
        (RNN_FILE, r'"""', '"""Another sentence. '),
        (f"tests/{RNN}", r'"""', '"""Another sentence. '),
        ("harness/given.py", r"\A", "# A comment.\n"),
        (RNN_MISTAKES, r"\A", "# A comment.\n"),
        ("autograder/rubric.toml", r'(?m)^hints = ".*?"', 'hints = "off"'),
        ("autograder/rubric.toml", r"(?m)^title = \"(.*)\"", r'title = "Another"'),
    ],
)
def test_changes_without_effect_on_outcomes_make_nothing_stale(
    repository: Path, file: str, pattern: str, to: str
) -> None:
    edit(repository / file, pattern, to)
    assert store.stale(repository) == {}
    store.check_public(repository)


def test_a_part_that_is_switched_off_makes_nothing_stale(repository: Path) -> None:
    edit(repository / "autograder/rubric.toml", r'\nid = "naive"', '\nid = "naive"\nenabled = false')
    assert store.stale(repository) == {}


@pytest.mark.parametrize(
    ("file", "pattern", "to", "modules", "name"),
    [
        (RNN_FILE, "torch.tanh", "torch.sin", {RNN}, f"{RNN_FILE}::VanillaRNN.forward"),
        (RNN_FILE, r"\nclass ", "\nSIZE = 1\n\n\nclass ", {RNN}, RNN_FILE),
        (RNN_MISTAKES, 'hint = "', 'hint = "Well. ', {RNN}, RNN_MISTAKES),
        (f"tests/{RNN}", r"\nclass |\ndef ", r"\nSIZE = 1\n\g<0>", {RNN}, f"tests/{RNN}"),
        (
            "solution/models/seq2seq/Decoder.py",
            r"(def compute_attention(.|\n)*?\n        return )",
            r"\1 1 * ",
            {"models/seq2seq/test_Attention.py", "models/seq2seq/test_Seq2Seq.py"},  # the decoder's own use a given one
            "solution/models/seq2seq/Decoder.py::Decoder.compute_attention",
        ),
        ("harness/given.py", r"\nclass ", "\nSIZE = 1\n\n\nclass ", ALL, "harness/given.py"),
    ],
)
def test_a_change_concerns_the_modules_that_depend_on_it(
    repository: Path, file: str, pattern: str, to: str, modules: set[str], name: str
) -> None:
    edit(repository / file, pattern, to)
    assert store.stale(repository) == {module: [name] for module in modules}
    with pytest.raises(AnswersError, match=rf"made before {re.escape(name)} changed; run `python -m autograder answ"):
        store.check_public(repository)


def test_removed_files_make_answers_stale(repository: Path) -> None:
    (repository / RNN_MISTAKES).unlink()
    public_hints(LSTM, repository / "tests").unlink()
    assert store.stale(repository) == {
        RNN: [RNN_MISTAKES],
        "models/naive/test_LSTM.py": ["tests/models/naive/test_LSTM.py"],
    }


def test_another_version_of_torch_concerns_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance.importlib.metadata, "version", lambda name: "0.1")
    assert store.stale(ROOT) == {module: ["torch"] for module in ALL}


def test_digests_ignore_comments_docstrings_and_layout(tmp_path: Path) -> None:
    def parts(source: str) -> dict[str, str]:
        (tmp_path / "one.py").write_text(source, encoding="utf-8")
        return dict(provenance._read(tmp_path / "one.py").parts)

    one = parts('class A:\n    """Doc."""\n    x = 1\n    def f(self, a = 1):\n        return a\n')
    assert one.keys() == {"", "A.f"}
    assert parts("class A:\n    x = 1  # one\n    def f(self, a=1):\n        'Doc.'\n        return (a)\n") == one
    other = parts("class A:\n    x = 2\n    def f(self, a=1):\n        return a\n")
    assert other[""] != one[""]
    assert other["A.f"] == one["A.f"]
