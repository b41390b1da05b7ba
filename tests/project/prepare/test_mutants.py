"""Mutants: what is changed, that the graded tests notice it, and that a test which notices nothing is found out."""

from collections import Counter
from dataclasses import replace

import pytest
import typer

from autograder.commands import try_mutants
from autograder.prepare import answers, mutants
from autograder.prepare.mutants import Batch, mutants_of
from tests.project.conftest import ROOT

SOURCE = '''
class Cell:
    """Nothing above the mark is changed: 1 + 1."""

    def step(self, x: int, h: int = 0) -> int:
        # TODO(naive.RNN): a sum
        # BEGIN SOLUTION
        y = x + h
        if y > 2 and not x:
            raise ValueError(f"{x + 1} is wrong")
        return max(y, self.least)
        # END SOLUTION

    def __init__(self, least: float) -> None:
        # BEGIN SOLUTION
        self.least = 0.5 * least
        self.most = least
        # END SOLUTION
'''


def made(source: str) -> Counter[str]:
    mutants = list(mutants_of("models/cell.py", source))
    assert len({mutant.source for mutant in mutants}) == len(mutants)
    assert source not in {mutant.source for mutant in mutants}
    for mutant in mutants:
        assert mutant.source.splitlines()[mutant.line - 1].strip() == mutant.after
        assert source.splitlines()[mutant.line - 1].strip() == mutant.before
    return Counter(mutant.after for mutant in mutants)


def test_every_expression_and_statement_of_the_solution_is_changed():
    assert made(SOURCE) == Counter({
        "y = (x - h)": 1, "y = (x)": 1, "y = (h)": 1, "y = h + h": 1, "y = y + h": 1, "y = x + x": 1, "y = x + y": 1,
        "if (y > 2 or not x):": 1, "if (y > 2):": 1, "if (not x):": 1, "if True:": 1, "if False:": 1,
        "if (y >= 2) and not x:": 1, "if (y <= 2) and not x:": 1, "if y > 2 and (x):": 1,
        "if h > 2 and not x:": 1, "if x > 2 and not x:": 1, "if y > 2 and not h:": 1, "if y > 2 and not y:": 1,
        "if y > 3 and not x:": 1, "if y > 1 and not x:": 1, "if y > 0 and not x:": 1,
        "pass": 3,  # the error, and what is kept
        'raise (f"{x + 1} is wrong")': 1,
        "return (y)": 1, "return max(self.least, y)": 1, "return max(y)": 1,
        "return max(h, self.least)": 1, "return max(x, self.least)": 1, "return max(y, self.most)": 1,
        "self.least = (0.5 / least)": 1, "self.least = (0.5)": 1, "self.least = (least)": 1,
        "self.least = 1.0 * least": 1, "self.least = 0.25 * least": 1, "self.least = 0.0 * least": 1,
    })  # fmt: skip


def test_attributes_without_an_assignment_are_mixed_up_too():
    gates = """
class Gates:
    def forward(self, x):
        # BEGIN SOLUTION
        return self.mix(self.W_i, self.W_f, self.scale(x))
        # END SOLUTION
"""
    assert made(gates)["return self.mix(self.W_f, self.W_f, self.scale(x))"] == 1
    assert not [line for line in made(gates) if "self.W_i(x)" in line], "methods are none of what is kept"


def test_calls_lose_their_arguments():
    lines = made("# BEGIN SOLUTION\ny = x.sum(1, keepdim=True)[1:]\n# END SOLUTION\n")
    for line in ("y = x[1:]", "y = (1)[1:]", "y = x.sum(1)[1:]", "y = x.sum(1, keepdim=False)[1:]"):
        assert lines[line] == 1
    assert lines["y = x.sum(1, keepdim=True)[:]"] == 1


@pytest.fixture(scope="module")
def rnn(graded) -> Batch:
    batches = mutants.batches(ROOT, graded, "naive/RNN")
    assert {mutant.file for batch in batches for mutant in batch.mutants} == {"models/naive/RNN.py"}
    return replace(batches[0], mutants=[mutant for batch in batches for mutant in batch.mutants])


def test_every_mutant_of_a_file_is_noticed(rnn):
    assert len(rnn.mutants) > 50
    assert mutants.survivors(rnn) == []


def test_mutants_that_no_test_looks_at_survive(rnn):
    (named,) = [test for test in rnn.tests if test.number == "1.1.1"]
    survived = mutants.survivors(replace(rnn, tests=[named]))
    assert 0 < len(survived) < len(rnn.mutants)


def test_a_mutant_without_end_is_noticed(rnn, monkeypatch):
    monkeypatch.setattr(mutants, "SECONDS", 0.3)
    first = rnn.mutants[0]
    endless = replace(first, source="while True:\n    pass\n")
    assert mutants.survivors(replace(rnn, mutants=[endless])) == []


def test_all_batches_are_surveyed(rnn):
    first, second = (replace(rnn, mutants=rnn.mutants[at : at + 2], tests=[]) for at in (0, 2))
    tried: list[int] = []
    assert mutants.survey([first, second], map, tried.append) == [*first.mutants, *second.mutants]
    assert tried == [2, 2]


def test_the_command_shows_new_survivors_and_entries_that_are_noticed_now(rnn, monkeypatch, capsys):
    listed, new, gone, *_ = rnn.mutants
    monkeypatch.setattr(answers, "graded_tests", lambda root: [])
    monkeypatch.setattr(mutants, "batches", lambda *_: [replace(rnn, mutants=rnn.mutants[:4])])
    monkeypatch.setattr(mutants, "survey", lambda *_: [listed, new])
    monkeypatch.setattr(mutants, "unnoticed", lambda: {listed.key: "why", gone.key: "why"})
    with pytest.raises(typer.Exit) as ended:
        try_mutants(only="")
    assert ended.value.exit_code == 1
    shown = capsys.readouterr().out
    assert f"{new.file}:{new.line}\n  - {new.before}\n  + {new.after}" in shown
    assert f"noticed now, but still in unnoticed.toml\n  - {gone.before}\n  + {gone.after}" in shown
    assert "4 mutants: 2 noticed, 1 looked at before, 1 to be looked at" in shown

    monkeypatch.setattr(mutants, "survey", lambda *_: [listed])
    monkeypatch.setattr(mutants, "unnoticed", lambda: {listed.key: "why"})
    try_mutants(only="")
    assert capsys.readouterr().out == "4 mutants: 3 noticed, 1 looked at before, 0 to be looked at\n"

    monkeypatch.setattr(mutants, "batches", lambda *_: [])
    with pytest.raises(typer.BadParameter, match="'bert'"):
        try_mutants(only="bert")


def test_the_list_names_lines_of_the_solution_and_says_why():
    for (file, before, after), why in mutants.unnoticed().items():
        lines = [line.strip() for line in (ROOT / "solution" / file).read_text(encoding="utf-8").splitlines()]
        assert before in lines, f"unnoticed.toml, {file}: {before}"
        assert after != before
        assert why.strip()
