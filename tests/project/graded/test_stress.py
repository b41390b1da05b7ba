"""`python -m tests --stress`: every property holds for the solution and catches what it is there for."""

import shutil
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from harness import command, stress
from harness.contract import Assignment
from harness.graded import TESTS
from harness.tree import PACKAGES, Tree

ROOT = TESTS.parent
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
PROPERTIES = {
    function.__name__: function for each in ASSIGNMENT.deliverables for function in stress.properties(each.id)
}
FOLDER = Path(__file__).parent / "stress_mutants"
RNN, LSTM = "models/naive/RNN.py", "models/naive/LSTM.py"
MUTANTS = [  # a property, its deliverable's file, and a change of the solution that the property has to notice
    (each["property"], deliverable.file, each["before"], each["after"])
    for part in ASSIGNMENT.parts
    for each in tomllib.loads((FOLDER / f"{part.id}.toml").read_text(encoding="utf-8"))["mutant"]
    for deliverable in ASSIGNMENT.deliverables
    if deliverable.id == getattr(PROPERTIES.get(each["property"]), stress.MARK, None)
]


@pytest.fixture
def activate(monkeypatch):
    """Import a tree's modules, for one test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] in PACKAGES}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def activate(root):
        tree = Tree(root)
        tree.activate()
        return tree

    yield activate
    for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
        del sys.modules[name]
    sys.modules.update(before)
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_holds_for_the_solution(name, activate):
    tree = activate(ROOT / "solution")
    assert [(str(each.drawn), each.message) for each in stress.failures(PROPERTIES[name], tree)] == []


def changed(tmp_path, file, before, after):
    """The solution with a change."""
    shutil.copytree(ROOT / "solution", tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / file
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1, f"{before!r} stands {source.count(before)} times in {file}"
    path.write_text(source.replace(before, after), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "file", "before", "after"), MUTANTS, ids=[f"{n} {m[0]}" for n, m in enumerate(MUTANTS)]
)
def test_a_property_notices_what_it_is_for(name, file, before, after, activate, tmp_path):
    tree = activate(changed(tmp_path, file, before, after))
    found = list(stress.failures(PROPERTIES[name], tree))
    assert found
    assert not any("NameError" in each.message or "SyntaxError" in each.message for each in found)


def test_what_fails_is_said_with_the_smallest_sizes(activate, tmp_path, capsys):
    activate(ROOT / "solution")
    tree = changed(tmp_path, LSTM, "x_t = x[:, t]", "x_t = x[:, t].squeeze()")
    assert command.main(["--stress", "LSTM", "--tree", str(tree)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1.2 LSTM"
    assert lines[1].startswith("  FAILS   Any batch, length and sizes")
    assert any("draws fail" in line and line.strip().startswith("With N = ") for line in lines)
    assert any("models/naive/LSTM.py:" in line for line in lines)
    assert all(len(line) <= 80 for line in lines)


def test_what_is_not_started_is_skipped_and_said(activate, capsys):
    activate(ROOT / "student")
    assert command.main(["--stress", "--tree", "student"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("Not started") == len(ASSIGNMENT.deliverables)
    assert "holds" not in printed


def test_what_is_refused_is_not_all_right(activate, tmp_path, capsys):
    tree = changed(tmp_path, RNN, "return output, new_hidden", "return output,, new_hidden")
    activate(tree)
    assert command.main(["--stress", "RNN", "--tree", str(tree)]) == 1
    assert "Python cannot read" in capsys.readouterr().out


@pytest.mark.parametrize("mode", [(), ("--stress",), ("--watch",)])
def test_a_tree_without_models_is_refused_in_a_sentence(mode, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main([*mode, "--tree", str(tmp_path)])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"--tree: {tmp_path} holds no folder 'models'; name the folder that does.\n"


def test_ctrl_c_ends_it(activate, monkeypatch, capsys):
    def stop(models, given):
        """Stops."""
        raise KeyboardInterrupt

    activate(ROOT / "solution")
    monkeypatch.setattr(stress, "properties", lambda deliverable: [stop])
    assert command.main(["--stress", "RNN", "--tree", "solution"]) == command.INTERRUPTED
    assert capsys.readouterr().out.endswith("  STOPPED Stops.\n\nStopped.\n")
