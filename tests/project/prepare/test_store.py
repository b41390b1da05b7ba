"""Public and hidden answers are made again where something has changed that they depend on, and nowhere else."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

import autograder.__main__ as commands
from autograder.prepare import answers, kit, mistakes, provenance, store
from autograder.prepare.answers import AnswersError, Mapper
from harness.answers import Answers
from harness.answers import public as public_answers
from harness.graded import GradedTest
from harness.hints import public as public_hints
from tests.project.conftest import ROOT, RUBRIC

ALL = {each.tests for each in (*RUBRIC.deliverables, *RUBRIC.off)}
RNN = "models/naive/test_RNN.py"
LSTM = "models/naive/test_LSTM.py"
RNN_FILE = "solution/models/naive/RNN.py"
RNN_MISTAKES = "autograder/prepare/misconceptions/naive.RNN.toml"
FOLDERS = (
    "solution",
    "harness",
    "tests/models",
    "tests/reference",
    "autograder/prepare/misconceptions",
    "docs/ta-guide",
)


def copy_of(folder: Path) -> Path:
    """What answers depend on and where they are kept, without what belongs to no part."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "autograder/rubric.toml", folder / "autograder/rubric.toml")
    return folder


def edit(path: Path, pattern: str, to: str) -> None:
    text, found = re.subn(pattern, to, path.read_text(encoding="utf-8"), count=1)
    assert found, f"{path.name} has no {pattern!r}"
    path.write_text(text, encoding="utf-8")


# What is stale.


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return copy_of(tmp_path)


def test_stored_answers_are_of_this_state() -> None:
    store.check_public(ROOT)


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
def test_what_changes_no_outcome_makes_nothing_stale(repository: Path, file: str, pattern: str, to: str) -> None:
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


def test_hints_that_are_switched_off_are_kept_but_not_loaded(repository: Path, graded: list[GradedTest]) -> None:
    rnn = [test for test in graded if test.module == RNN]
    assert store.load_public(repository, rnn).hints.known
    edit(repository / "autograder/rubric.toml", r'(?m)^hints = ".*?"', 'hints = "off"')
    assert store.load_public(repository, rnn).hints.known == []


def test_what_is_gone_or_new_is_stale(repository: Path) -> None:
    (repository / RNN_MISTAKES).unlink()
    public_hints(LSTM, repository / "tests").unlink()
    assert store.stale(repository) == {
        RNN: [RNN_MISTAKES],
        "models/naive/test_LSTM.py": ["tests/models/naive/test_LSTM.py"],
    }


def test_another_version_of_torch_concerns_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance.importlib.metadata, "version", lambda name: "0.1")
    assert store.stale(ROOT) == {module: ["torch"] for module in ALL}


def test_a_digest_is_of_what_python_reads(tmp_path: Path) -> None:
    def parts(source: str) -> dict[str, str]:
        (tmp_path / "one.py").write_text(source, encoding="utf-8")
        return dict(provenance._read(tmp_path / "one.py").parts)

    one = parts('class A:\n    """Doc."""\n    x = 1\n    def f(self, a = 1):\n        return a\n')
    assert one.keys() == {"", "A.f"}
    assert parts("class A:\n    x = 1  # one\n    def f(self, a=1):\n        'Doc.'\n        return (a)\n") == one
    other = parts("class A:\n    x = 2\n    def f(self, a=1):\n        return a\n")
    assert other[""] != one[""]
    assert other["A.f"] == one["A.f"]


# What is made.


@contextmanager
def here() -> Iterator[Mapper]:
    """In place of a pool of processes."""
    yield map


@pytest.fixture
def make(tmp_path: Path, graded: list[GradedTest], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A repository with the RNN's tests and three misconceptions, and the command that makes its answers."""
    repository = copy_of(tmp_path)
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


def test_an_answer_that_is_another_is_written(make: Callable[..., str], tmp_path: Path) -> None:
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


def test_what_ran_is_noted(make: Callable[..., str], tmp_path: Path) -> None:
    ran = set(provenance.ran_for(provenance.read(tmp_path / "tests/reference")[RNN]))
    file = "models/naive/RNN.py"
    packages = {"models/__init__.py", "models/naive/__init__.py"}
    assert ran - packages == {file, f"{file}::VanillaRNN.__init__", f"{file}::VanillaRNN.forward"}
