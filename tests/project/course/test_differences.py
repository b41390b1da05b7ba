"""How code differs from the solution's, whatever its local names, and however broken it is."""

import ast
from pathlib import Path

import pytest

from autograder.course.differences import Differences, Solved, Vocabulary, lines_of
from harness.contract import Assignment
from tests.project.conftest import ROOT

RNN = "models/naive/RNN.py"
FILE = """\
import torch

def cut(values):
    return values.detach()

class VanillaRNN:
    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()

    def forward(self, input, hidden):
{body}
"""
RIGHT = """\
combined = torch.cat((input, hidden), dim=1)
new_hidden = torch.tanh(self.hidden_layer(combined))
output = torch.log_softmax(self.output_layer(combined), dim=1)
return output, new_hidden
"""


class Files:
    """A record that holds files alone."""

    def __init__(self, **bodies: str) -> None:
        self._bodies = bodies

    def files(self, submission: str) -> dict[str, bytes]:
        body = "\n".join(f"        {line}" for line in self._bodies[submission].splitlines())
        return {RNN: FILE.format(body=body).encode()}


@pytest.fixture
def solved(assignment: Assignment) -> Solved:
    return Solved(ROOT, assignment, assignment.deliverable("naive.RNN"))


def function(text: str) -> ast.FunctionDef:
    [made] = ast.parse(text).body
    assert isinstance(made, ast.FunctionDef)
    return made


def renamed(solution: str, text: str) -> list[str]:
    """The lines of a function with the solution's names, without that of `def`."""
    made = function(text)
    Vocabulary(function(solution)).give(made)
    return [line.text for line in lines_of(made)[1:]]


def test_local_names_become_those_of_the_solution() -> None:
    solution = (
        "def f(x, y):\n    both = x + y\n    half = both / 2\n    for row in half: total = row\n    return half, total"
    )
    text = "def f(a, b):\n    t = a + b\n    h = t / 3\n    for r in h: s = r\n    return h, s"
    assert renamed(solution, text) == [
        "both = x + y",
        "half = both / 3",
        "for row in half:",
        "total = row",
        "return (half, total)",
    ]


def test_names_stay_where_they_stand_for_nothing_and_no_two_become_one() -> None:
    solution = "def f(x):\n    y = g(x)\n    return y"
    assert renamed(solution, "def f(x):\n    a = g(x)\n    y = 1\n    self.a = other\n    return a") == [
        "y = g(x)", "y_ = 1", "self.a = other", "return y",
    ]  # fmt: skip
    swapped = "def f(y, x):\n    return y - x"
    assert renamed("def f(x, y):\n    return x - y", swapped) == ["return x - y"]


def test_statements_are_shown_without_those_in_them() -> None:
    text = (
        "def f(x):\n    '''Docstring.'''\n    if x > 1:  # much\n        y = (x +\n             1)\n"
        "    elif x: pass\n    else: y = 2\n"
        "    try:\n        g()\n    except ValueError as error: raise\n    finally: h()\n"
        "    match x:\n        case [1, _]: z = 1\n    with open(x) as file, b: pass\n    while True: break\n"
        "    for i in x: continue\n    def inner(a=1): return a\n"
    )
    lines = [(line.number, line.text) for line in lines_of(function(text))]
    assert lines == [
        (1, "def f"), (3, "if x > 1:"), (4, "y = x + 1"), (6, "if x:"), (6, "pass"), (7, "y = 2"), (8, "try:"),
        (9, "g()"), (10, "except ValueError as error:"), (10, "raise"), (11, "h()"), (12, "match x:"),
        (13, "case [1, _]:"), (13, "z = 1"), (14, "with open(x) as file, b:"), (14, "pass"), (15, "while True:"),
        (15, "break"), (16, "for i in x:"), (16, "continue"), (17, "def inner(a=1):"), (17, "return a"),
    ]  # fmt: skip


def test_what_most_have_in_common_is_neither_the_solutions_nor_of_right_code(solved: Solved) -> None:
    wrong = RIGHT.replace("tanh", "sin")
    record = Files(
        one=f"print(1)\n{wrong}",
        two=f"assert input.dim() == 2\n{wrong.replace('combined', 'x')}",
        three=f"assert input.dim() == 2\n{wrong.replace('new_hidden', 'h')}",
        other=RIGHT,
        another=f"assert input.dim() == 2\n{RIGHT}",
    )
    differences = Differences(record, solved)
    tanh, sin = (f"new_hidden = torch.{name}(self.hidden_layer(combined))" for name in ("tanh", "sin"))
    common = differences.common(["one", "two", "three"], ["other", "another"])
    assert common == [f"+ {sin}", f"- {tanh}"]
    assert [str(line) for line in differences.shown(["one", "two", "three"], ["other", "another"], common)] == [
        "one models/naive/RNN.py:13: new_hidden = torch.sin(self.hidden_layer(combined))",
        "two models/naive/RNN.py:13: new_hidden = torch.sin(self.hidden_layer(x))",
        "three models/naive/RNN.py:13: h = torch.sin(self.hidden_layer(combined))",
    ]


def test_without_a_common_line_lines_that_no_right_code_has_are_shown(solved: Solved) -> None:
    wrong = [RIGHT.replace("tanh", f"tanh({n} + 0 *").replace("combined))", "combined)))") for n in range(3)]
    record = Files(a=wrong[0], b=wrong[1], c=wrong[2], right=RIGHT)
    differences = Differences(record, solved)
    common = differences.common(["a", "b", "c"], ["right"])
    assert common == ["- new_hidden = torch.tanh(self.hidden_layer(combined))"]
    shown = list(differences.shown(["a", "b", "c"], ["right"], common))
    assert [(line.submission, line.place) for line in shown] == [(id, f"{RNN}:12") for id in "abc"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "content",
    [
        b"def (",
        b"\0",
        b"\xff\xfe\x00",
        b"x = " + b"(" * 5000,
        b"x = " + b"-" * 90 + b"1",
        b"x = 1;" * 12_000,
        b"",
        b"x = '\\d' is 1",
    ],
    ids=["syntax", "null", "utf16", "deep", "signs", "long", "empty", "warnings"],
)
def test_a_file_that_cannot_be_read_counts_as_empty(solved: Solved, content: bytes) -> None:
    code = solved.named({RNN: content})
    assert (code.functions, code.lines) == ({}, [])


def test_hostile_code_is_read_without_running_it(solved: Solved, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    huge = (
        f"def forward(self, input, hidden):\n  open({str(mark)!r}, 'w')\n  x = {'9' * 5000}\n  y = '\\x1b[2J\u202e'\n"
    )
    record = Files(a="pass", b="pass", c="pass")
    record.files = lambda id: {RNN: f"class VanillaRNN:\n def f(self): pass\n{huge}".encode()}  # type: ignore[method-assign]
    differences = Differences(record, solved)
    lines = [*differences.common("abc", []), *map(str, differences.shown("abc", [], []))]
    assert lines
    assert all(line.isprintable() for line in lines)
    assert not mark.exists()


def test_functions_of_other_deliverables_in_the_file_do_not_count(assignment: Assignment) -> None:
    attention = Solved(ROOT, assignment, assignment.deliverable("seq2seq.Attention"))
    assert list(attention.code.functions) == ["Decoder.compute_attention"]
