"""Drafts of misconceptions: the smallest change of the solution that gives a student's code, as TOML."""

import tomllib
from pathlib import Path

import pytest

from autograder.course import drafts
from autograder.course.differences import Differences, Solved
from autograder.course.drafts import Draft
from autograder.prepare import catalogue
from harness.contract import Assignment
from tests.project.course.test_differences import RIGHT, RNN, Files

CELL = """\
for step in range(3):
    if step:
        hidden = torch.tanh(hidden)
    else:
        hidden = hidden * 2
    outputs.append(hidden)
return outputs
"""


def solved(folder: Path, assignment: Assignment, body: str) -> Solved:
    """The RNN, whose solution's `forward` has this body."""
    file = folder / "solution" / RNN
    file.parent.mkdir(parents=True)
    file.write_bytes(Files(solution=body).files("solution")[RNN])
    return Solved(folder, assignment, assignment.deliverable("naive.RNN"))


def change(folder: Path, assignment: Assignment, right: str, *wrong: str, common: tuple[str, ...] = ()) -> Draft:
    """The draft for a cluster whose code has these bodies."""
    record = Files(**{f"s{place}": body for place, body in enumerate(wrong)})
    differences = Differences(record, solved(folder, assignment, right))
    return drafts.draft(differences, [f"s{place}" for place, _ in enumerate(wrong)], common, ())


@pytest.mark.parametrize(
    ("right", "wrong", "before", "after"),
    [
        (RIGHT, RIGHT.replace("tanh", "sin"), ["new_hidden = torch.tanh(self.hidden_layer(combined))"],
         ["new_hidden = torch.sin(self.hidden_layer(combined))"]),
        (RIGHT, RIGHT.replace("tanh", "sin").replace("combined", "x").replace("output", "y").replace("y_", "output_"),
         ["new_hidden = torch.tanh(self.hidden_layer(combined))"],
         ["new_hidden = torch.sin(self.hidden_layer(combined))"]),
        (RIGHT, RIGHT.replace("return", "x = 1\nreturn"),
         ["output = torch.log_softmax(self.output_layer(combined), dim=1)"],
         ["output = torch.log_softmax(self.output_layer(combined), dim=1)", "x = 1"]),
        (RIGHT, "hidden = hidden + 1\n" + RIGHT, ["combined = torch.cat((input, hidden), dim=1)"],
         ["hidden = hidden + 1", "combined = torch.cat((input, hidden), dim=1)"]),
        (RIGHT, RIGHT.replace("output, new_hidden", "output"), ["return output, new_hidden"], ["return output"]),
        (CELL, CELL.replace("* 2", "* 3"), ["        hidden = hidden * 2"], ["        hidden = hidden * 3"]),
        (CELL, CELL.replace("range(3)", "range(2)"), CELL.splitlines()[:6],
         [line.replace("range(3)", "range(2)") for line in CELL.splitlines()[:6]]),
        (CELL, CELL.replace("    outputs.append(hidden)\n", ""), ["    outputs.append(hidden)"], []),
    ],
    ids=["line", "names", "added", "first", "return", "nested", "head", "left out"],
)  # fmt: skip
def test_the_change_is_the_smallest(
    tmp_path: Path, assignment: Assignment, right: str, wrong: str, before: list[str], after: list[str]
) -> None:
    draft = change(tmp_path, assignment, right, wrong)
    lines = [[line[8:] for line in text.splitlines()] for text in (draft.before, draft.after)]
    assert lines == [before, after]


def test_a_text_that_stands_twice_gets_its_neighbour(tmp_path: Path, assignment: Assignment) -> None:
    draft = change(tmp_path, assignment, "a = 1\nx = f(x)\nx = f(x)\nreturn x", "a = 1\nx = f(x)\nx = g(x)\nreturn x")
    assert [line.strip() for line in draft.before.splitlines()] == ["x = f(x)", "x = f(x)"]
    assert [line.strip() for line in draft.after.splitlines()] == ["x = f(x)", "x = g(x)"]


def test_what_is_in_common_decides_whose_change_it_is(tmp_path: Path, assignment: Assignment) -> None:
    """A smaller change that is not in common is another habit of one student."""
    wrong = RIGHT.replace("torch.tanh(self.hidden_layer(combined))", "torch.sin(self.hidden_layer(combined) * 1.0)")
    line = "+ new_hidden = torch.sin(self.hidden_layer(combined) * 1.0)"
    draft = change(
        tmp_path, assignment, RIGHT, RIGHT.replace("dim=1)\nreturn", "dim=0)\nreturn"), wrong, common=(line,)
    )
    assert "torch.sin(" in draft.after


@pytest.mark.parametrize("wrong", [RIGHT, f"'''A docstring.'''\n{RIGHT}", f"x = '{'y' * drafts.LONGEST}'\n{RIGHT}"])
def test_without_a_small_change_a_person_has_to_write_it(tmp_path: Path, assignment: Assignment, wrong: str) -> None:
    draft = change(tmp_path, assignment, RIGHT, wrong)
    assert (draft.before, draft.after) == ("", "")
    assert f"# {catalogue.UNFILLED}: {drafts.NO_CHANGE}" in draft.toml()
    [entry] = tomllib.loads(draft.toml())["misconception"]
    assert (entry["before"], entry["after"]) == ("", "")


@pytest.mark.parametrize("text", ["it's", "'''", "\\n", '"', "\x7f\x1b[2J", "\u202e", "a\tb", "end'", "<what>"])
def test_any_text_can_be_written(text: str) -> None:
    draft = Draft("naive.RNN", f"  one {text}\n  two", f"{text}\n{text}", (f"{text}\nfact", "other"))
    [entry] = tomllib.loads(draft.toml("a_name", f"Hint {text}"))["misconception"]
    assert entry == {"name": "a_name", "before": draft.before, "after": draft.after, "hint": f"Hint {text}"}


def test_an_added_entry_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    path, entry = tmp_path / "naive.RNN.toml", Draft("naive.RNN", "a", "b").toml("c", "d")
    for content in (b"# odd  \r\n[[misconception]]\nname = 'x'\n", b"[[misconception]]\nname = 'x'", b""):
        path.write_bytes(content)
        drafts.add(path, entry)
        assert path.read_bytes().startswith(content)
        assert tomllib.loads(path.read_text(encoding="utf-8"))["misconception"][-1]["name"] == "c"
        assert path.read_text(encoding="utf-8").endswith(entry)
    assert list(tmp_path.iterdir()) == [path]
