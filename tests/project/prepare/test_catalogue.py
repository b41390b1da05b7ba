"""The catalogue's files: one entry for several places, and entries that cannot be used."""

import shutil
from pathlib import Path

import pytest

from autograder.prepare import catalogue
from autograder.prepare.catalogue import CatalogueError
from tests.project.conftest import ROOT, RUBRIC


def write_entry(root: Path, entry: str) -> Path:
    """Write the RNN's file of a catalogue with this entry alone, beside the solution and the rubric that it needs."""
    for name in ("solution/models/naive/RNN.py", "autograder/rubric.toml"):
        (root / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, root / name)
    file = root / catalogue.FOLDER / "naive.RNN.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f"[[misconception]]\n{entry}\n", encoding="utf-8")
    return file


def test_one_entry_may_stand_for_several_places(tmp_path: Path) -> None:
    replacements = "each = [{ f = 'tanh' }, { f = 'log_softmax' }]"
    texts = "name = 'no_<f>'\nbefore = 'torch.<f>('\nafter = 'torch.exp('\nhint = 'No <f>.'"
    write_entry(tmp_path, f"{texts}\n{replacements}")
    entries = catalogue.load(tmp_path)
    assert [(entry.name, entry.before, entry.hint) for entry in entries] == [
        ("no_tanh", "torch.tanh(", "No tanh."), ("no_log_softmax", "torch.log_softmax(", "No log_softmax."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("name = 'n'\nbefore = 'absent text'\nafter = ''\nhint = 'h'", "once in models/naive/RNN.py, found it 0 times"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = '('", "expected the keys name, before, after, hint"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = '('\nhint = ''", "hint: expected text"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = '('\nhint = 'TODO: h'", "hint: expected a hint for students"),
        ("name = 'to_be_named'\nbefore = 'torch.tanh('\nafter = '('\nhint = 'h'", "name: expected what the mistake"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = 'torch.tanh(('\nhint = 'h'", "expected Python after the change"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = ' torch.tanh('\nhint = 'h'", "expected a change"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = '('\nhint = 'h'\nother = ''", "expected the keys"),
        (
            "name = 'n'\nbefore = 'torch.tanh('\nafter = 'torch.exp('\nhint = 'h'\nvaries = '('",
            "varies: expected a reg",
        ),
        (
            "name = 'n'\nrenamed = { hidden_layer = 'w' }\nhint = 'h'\nbefore = 'x'",
            "expected the keys name, renamed, hint",
        ),
        ("name = 'n'\nrenamed = { hidden_layer = 1 }\nhint = 'h'", "renamed: expected { right_name"),
        ("name = 'n'\nrenamed = {}\nhint = 'h'", "renamed: expected { right_name"),
        ("name = 'n'\nrenamed = { hidden = 'hidden_layer' }\nhint = 'h'", "is new to the file, found 'hidden_layer'"),
        ("name = 'n'\nrenamed = { hidden_layer = 'a b' }\nhint = 'h'", "is new to the file, found 'a b'"),
        ("name = 'n'\nrenamed = { absent = 'w' }\nhint = 'h'", "stands in the file, found 'absent'"),
        (
            "name = 'n'\nrenamed = { hidden_layer = 'w', output_layer = 'w' }\nhint = 'h'",
            "is new to the file, found 'w'",
        ),
        ("name =", "expected TOML"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = '('\nhint = 'h'\neach = ['a']", "each: expected a list like"),
        (
            "name = 'n'\nbefore = 'torch.<f>('\nafter = 'torch.exp('\nhint = 'h'\n"
            "each = [{ f = 'tanh' }, { f = 'log_softmax' }]",
            "expected a name that no other entry has",
        ),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(entry: str, complaint: str, tmp_path: Path) -> None:
    file = write_entry(tmp_path, entry)
    with pytest.raises(CatalogueError, match=complaint) as caught:
        catalogue.of(tmp_path, RUBRIC.deliverable("naive.RNN"))
    assert str(caught.value).startswith(str(file))
