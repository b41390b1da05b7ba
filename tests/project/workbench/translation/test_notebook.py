"""Notebooks: how they are made; the first runs from top to bottom, unsolved and solved, as on a student's computer."""

import importlib.metadata
import re
import subprocess
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.prepare import handout
from autograder.prepare.files import zipped
from autograder.prepare.notebook import SOURCES, make, read
from autograder.prepare.notebook import notebooks as made_notebooks
from autograder.rubric import Rubric
from tests.project.workbench import notebooks
from tests.project.workbench.notebooks import POINTS, ROOT, cell_with, executed, pictures, printed, table

NAME = "Machine_Translation"
NAMES = (NAME, "Language_Modeling")
QUICK = {"epochs": 1, "first": 64}
PARTS = {part.id: part.number for part in Rubric.load(ROOT / "autograder" / "rubric.toml").parts}


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    return lambda: notebooks.fresh(tmp_path_factory.mktemp("Abgabe Übung"), NAME)


@pytest.fixture(scope="module")
def solved(fresh, warm_python) -> NotebookNode:
    return executed(fresh(), QUICK, warm_python, tree=str(ROOT / "solution"))


def test_solved_every_test_passes_and_every_model_is_trained(solved):
    words = "\n".join(printed(cell) for cell in solved.cells if cell.cell_type == "code")
    assert "Not trained yet" not in words
    assert "waits for" not in words
    assert f"{POINTS} of {POINTS} points" in printed(cell_with(solved, "notebook.check()"))
    for model in ("rnn", "lstm-attention", "transformer-encoder", "transformer", "tuned"):
        assert re.search(rf"^{model}:\n+epoch 1/1 .*validation [\d.]+ \(perplexity", words, re.MULTILINE), words


def test_solved_each_part_shows_its_own_checks(solved):
    for line, titles in (
        ('notebook.check("RNN")', ["1.1 RNN"]),
        ('notebook.check("LSTM")', ["1.2 LSTM"]),
        ('notebook.check("Encoder", "Decoder", "Attention", "Seq2Seq")', ["2.1 ", "2.2 ", "2.3 ", "2.4 "]),
        ('notebook.check("FullTransformerTranslator", "Generation")', ["3.5 ", "3.6 "]),
    ):
        rows = [row for row in printed(cell_with(solved, line)).splitlines() if re.match(r"\d\.\d ", row)]
        assert [row[: len(title)] for row, title in zip(rows, titles, strict=True)] == titles
        assert all(" done " in row for row in rows)


def test_solved_pictures_and_translations_are_shown_once(solved):
    for name in ("rnn_cell", "lstm_cell", "seq2seq", "attention", "embedding", "encoder_layer", "masks"):
        assert pictures(cell_with(solved, f"figures.{name}()")) == 1
    assert pictures(cell_with(solved, "positions()")) == 1
    assert pictures(cell_with(solved, "    plt.show()")) == 1
    for name in ("lstm-attention", "transformer"):
        assert pictures(cell_with(solved, f'notebook.attention(SENTENCES[0], "{name}")')) == 1
    comparison = cell_with(solved, 'notebook.curves("rnn", "lstm-attention", "transformer-encoder", "transformer")')
    assert pictures(comparison) == 1
    head, *rows = table(comparison)
    assert head == ["German", "lstm-attention", "transformer-encoder", "transformer"]
    assert [row[0] for row in rows][1] == "Im Park schläft eine Frau."
    assert len(rows) == 3
    assert all(re.search("[a-z]", cell) for row in rows for cell in row)


def test_solved_tuning_is_compared_with_what_was_before(solved):
    cell = cell_with(solved, 'notebook.compare(MODEL, "tuned")')
    rows = {row[0]: row[1:] for row in table(cell)}
    assert rows["learning_rate"] == ["0.001", "0.004"]
    assert rows["batch_size"] == ["32", "64"]
    assert all(re.fullmatch(r"[\d.]+", value) for value in rows["validation BLEU"])
    assert "does not accept" not in printed(cell)


def test_solved_the_demonstrations_of_part_1_learn_and_remember(solved):
    words = printed(cell_with(solved, "UPDATES = 200"))
    first_loss, last_loss = map(float, re.search(r"loss ([\d.]+) at first, ([\d.]+) after", words).groups())
    assert last_loss < 2.5 < 3.3 < first_loss  # knowing no more than how frequent each letter is: 2.9


# What a student does next: writes the RNN, which the notebook has imported already, and packs, on Colab.
LOOK = "from models.naive.RNN import VanillaRNN\nprint(len(list(VanillaRNN(2, 3, 4).parameters())))"
SOLUTION = (ROOT / "solution" / "models" / "naive" / "RNN.py").read_bytes()
SOLVE = f'(ROOT / "student" / "models" / "naive" / "RNN.py").write_bytes({SOLUTION!r})'
PACK = """
import types
downloads = []
files = types.SimpleNamespace(download=downloads.append)
sys.modules["google.colab"] = types.SimpleNamespace(files=files)
notebook.pack("ab12")
print(*downloads)
"""


@pytest.fixture(scope="module")
def untouched(fresh, warm_python) -> tuple[Path, NotebookNode]:
    return (path := fresh()), executed(path, QUICK, warm_python, (LOOK, SOLVE, LOOK, PACK))


def test_untouched_the_set_up_unpacks_the_handout_beside_the_notebook(untouched):
    folder, notebook = untouched
    assert printed(cell_with(notebook, "%matplotlib inline")).startswith(f"{folder}/sequence-models\n")
    assert (folder / "sequence-models" / "student" / "models" / "Transformer.py").is_file()


def test_untouched_what_is_not_implemented_is_said_in_one_line(untouched):
    _, notebook = untouched
    assert printed(cell_with(notebook, "UPDATES = 200")) == "This waits for your RNN: student/models/naive/RNN.py:28\n"
    trainings = printed(cell_with(notebook, 'notebook.train("rnn", **SETTINGS)')).splitlines()
    assert trainings == ["This waits for your Encoder: student/models/seq2seq/Encoder.py:44"] * 2
    shown = printed(cell_with(notebook, 'notebook.attention(SENTENCES[0], "transformer")'))
    assert shown == "Not trained yet: transformer. The cell that trains it is further up.\n"
    assert printed(cell_with(notebook, 'notebook.check("RNN")')) == (
        "This waits for your RNN: student/models/naive/RNN.py:28\n"
    )
    parts = printed(cell_with(notebook, 'notebook.check("Encoder", "Decoder", "Attention", "Seq2Seq")')).splitlines()
    assert [line.split(":")[0] for line in parts] == [
        f"This waits for your {title}" for title in ("Encoder", "Decoder", "Attention", "Seq2Seq")
    ]
    assert f"0 of {POINTS} points" in printed(cell_with(notebook, "notebook.check()"))
    assert "NOTHING IS STARTED" in printed(cell_with(notebook, "notebook.pack(ID)"))


def test_code_that_was_written_meanwhile_is_used(untouched):
    *_, before, _, after, _ = untouched[1].cells
    assert (printed(before), printed(after)) == ("0\n", "4\n")


def test_untouched_the_last_cell_packs_and_offers_the_download(untouched):
    folder, notebook = untouched
    archive = folder / "sequence-models" / "sequence-models_ab12.zip"
    assert printed(notebook.cells[-1]).splitlines()[-1] == str(archive)
    with zipfile.ZipFile(archive) as packed:
        assert {"models/naive/RNN.py", "models/Transformer.py"} < set(packed.namelist())


def test_untouched_every_picture_is_there(untouched):
    _, notebook = untouched
    assert sum(pictures(cell) for cell in notebook.cells if cell.cell_type == "code") == 8


# The set-up cell alone


def set_up(name: str = NAME) -> str:
    """The first code cell as it is in the source, where its magics are comments."""
    return read(ROOT / SOURCES / f"{name}.py")[1].split("# %%\n")[1].split("# %% [markdown]")[0]


@pytest.fixture
def run_set_up(monkeypatch) -> Callable[[Path], dict[str, object]]:
    """Run the cell in a folder; sys.path and the environment are as before afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delenv("ASSIGNMENT_TREE", raising=False)

    def run(folder: Path) -> dict[str, object]:
        monkeypatch.chdir(folder)
        names: dict[str, object] = {}
        exec(compile(set_up(), "set-up", "exec"), names)
        return names

    return run


def test_set_up_finds_the_handout_around_it_before_any_zip(fresh, run_set_up):
    """Work that is there is never overwritten by what lies in a zip."""
    folder = fresh()
    root = run_set_up(folder)["ROOT"]
    assert root == folder / "sequence-models"
    work = root / "student" / "models" / "naive" / "RNN.py"
    work.write_text("my work\n")
    assert run_set_up(folder)["ROOT"] == root
    assert run_set_up(root / "student")["ROOT"] == root
    assert work.read_text() == "my work\n"


def test_set_up_says_what_to_do_without_a_handout(tmp_path, run_set_up):
    (tmp_path / "other.zip").write_bytes(zipped({"models/RNN.py": b""}))
    with pytest.raises(FileNotFoundError, match="put its zip beside this notebook"):
        run_set_up(tmp_path)


def test_set_up_installs_only_what_is_missing_and_keeps_torch(fresh, run_set_up, monkeypatch):
    """As on Colab: another torch, a torchtext that does not work, and no sacrebleu."""
    on_colab, version, commands = {"torch": "2.6.0+cu124", "torchtext": "0.18.0"}, importlib.metadata.version, []

    def version_on_colab(name: str) -> str:
        if name == "sacrebleu":
            raise importlib.metadata.PackageNotFoundError(name)
        return on_colab.get(name) or version(name)

    monkeypatch.setattr(importlib.metadata, "version", version_on_colab)
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append((command, check)))
    run_set_up(fresh())
    install = [sys.executable, "-m", "pip", "install", "--quiet", "torchtext==0.6.0", "sacrebleu==2.6.0"]
    assert commands == [(install, True)]


def test_set_up_asks_for_the_zip_on_colab(fresh, run_set_up, monkeypatch, tmp_path):
    archive = (fresh() / "handout.zip").read_bytes()
    files = types.SimpleNamespace(upload=lambda: Path("uploaded (1).zip").write_bytes(archive))
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(files=files))
    assert run_set_up(tmp_path)["ROOT"] == tmp_path / "sequence-models"


# How it is made


@pytest.mark.parametrize("name", NAMES)
def test_the_notebooks_are_made_of_their_sources_and_only_they_are_shipped(name):
    content, shipped = made_notebooks(ROOT, PARTS)[f"{name}.ipynb"], notebooks.shipped()
    assert shipped[f"student/{name}.ipynb"] == content == (ROOT / "student" / f"{name}.ipynb").read_bytes()
    assert [path for path in shipped if name in path] == [f"student/{name}.ipynb"]
    notebook = nbformat.reads(content.decode(), 4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert b"\r" not in content


def test_notebooks_share_their_first_and_their_last_cells():
    """What the tests above say of one holds for all."""
    first, *others = (nbformat.reads(notebooks.shipped()[f"student/{name}.ipynb"].decode(), 4).cells for name in NAMES)
    for cells in others:
        assert [cell.source for cell in cells[1:3]] == [cell.source for cell in first[1:3]]
        assert [cell.source for cell in cells[-4:]] == [cell.source for cell in first[-4:]]
    assert first[2].source.startswith("import importlib.metadata")
    assert first[-1].source == 'ID = ""\nnotebook.pack(ID)'


def test_a_notebook_is_made_for_parts_that_are_on():
    other_parts = {id: number for id, number in PARTS.items() if id != "language_model"}
    everything = {*made_notebooks(ROOT, PARTS)}
    assert everything >= {f"{name}.ipynb" for name in NAMES}
    assert {*made_notebooks(ROOT, other_parts)} == everything - {"Language_Modeling.ipynb"}
    assert {*made_notebooks(ROOT, {"language_model": "4"})} == {"Language_Modeling.ipynb"}
    for name in NAMES:
        assert {*read(ROOT / SOURCES / f"{name}.py")[0]} <= PARTS.keys()


def test_a_source_has_to_say_its_parts(tmp_path):
    (tmp_path / "X.py").write_text("# %%\nx = 1\n")
    with pytest.raises(handout.HandoutError, match=r"X\.py:1: expected `# parts: `"):
        read(tmp_path / "X.py")


def test_shared_cells_come_where_they_are_included(tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "one.py").write_text("# %%\none = 1\n")
    (tmp_path / "X.py").write_text("# parts: a, b\n# %%\nzero = 0\n\n# %% include shared/one.py\n\n# %%\ntwo = 2\n")
    parts, text = read(tmp_path / "X.py")
    assert parts == ["a", "b"]
    assert [cell.source for cell in nbformat.reads(make(text).decode(), 4).cells] == ["zero = 0", "one = 1", "two = 2"]


def test_a_changed_cell_changes_no_other():
    source = "# %% [markdown]\n# One\n\n# %%\nx = 1\n\n# %%\nx = 1\n"
    before, after = (nbformat.reads(make(text).decode(), 4).cells for text in (source, source.replace("One", "Two")))
    assert [old.id == new.id for old, new in zip(before, after, strict=True)] == [False, True, True]
    assert len({cell.id for cell in before}) == 3


def test_magics_are_magics_in_the_notebook():
    (cell,) = nbformat.reads(make("# %%\n# %autoreload 2\n# plain\n").decode(), 4).cells
    assert cell.source == "%autoreload 2\n# plain"


def test_a_leak_in_a_notebook_is_found():
    secret = (ROOT / "solution/models/naive/LSTM.py").read_text().split("# BEGIN SOLUTION\n")[3].split("# END")[0]
    with pytest.raises(handout.HandoutError, match=r"student/X\.ipynb"):
        handout.check_leaks({"student/X.ipynb": make(f"# %%\nif True:\n{secret}")}, handout.solution_sources(ROOT))
