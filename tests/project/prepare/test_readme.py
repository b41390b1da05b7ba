"""The handout's README speaks of what the rubric switches on, and of nothing else."""

import json
import re
from pathlib import Path

import pytest

from autograder.prepare import course, handout, notebook
from autograder.prepare.readme import render
from autograder.rubric import Deliverable, Rubric
from tests.project.conftest import ROOT, RUBRIC
from tests.project.test_rubric import switched_off
from workbench.parts import Part, all_parts

README = "autograder/prepare/handout_root/README.md"
PARTS = [part.id for part in RUBRIC.parts]
TRAINED = {"translation": {"seq2seq", "transformer"}}  # other folders of the workbench train the part that they name


def rendered(folder: Path, *off: str) -> tuple[str, Rubric]:
    """The README of a handout in which these are off, and the rubric; its title names no part."""
    text = switched_off((ROOT / course.RUBRIC).read_text(encoding="utf-8"), *off)
    (folder / "autograder").mkdir()
    (folder / course.RUBRIC).write_text(text.replace(RUBRIC.assignment.title, "Models"), encoding="utf-8")
    (folder / "autograder" / "prepare").symlink_to(ROOT / "autograder" / "prepare")
    for name in ("solution", "tests"):
        (folder / name).symlink_to(ROOT / name)
    rubric = Rubric.load(folder / course.RUBRIC)
    files = {f"student/{name}": data for name, data in handout.derive(folder).items()}
    files |= {
        (path := f"tests/{deliverable.tests}"): (folder / path).read_bytes() for deliverable in rubric.deliverables
    }
    return render((ROOT / README).read_text(encoding="utf-8"), files, notebook.parts(folder)), rubric


def names_of(deliverable: Deliverable) -> set[str]:
    part = deliverable.number.partition(".")[0]
    return {
        deliverable.id,
        deliverable.title,
        deliverable.file,
        f"part {part}",
        f"parts {part}",
        f"tests {deliverable.number}",
    }


def names_in(part: Part) -> set[str]:
    """What a part of the workbench brings: its models, data sets and commands."""
    commands = [command.name or command.callback.__name__ for command in part.own_commands().registered_commands]
    return {*part.models, *part.data, *(f"workbench {name}" for name in commands), *(f"`{name}`" for name in commands)}


@pytest.mark.parametrize("alone", PARTS)
def test_what_is_off_is_not_mentioned(alone, tmp_path):
    readme, rubric = rendered(tmp_path, *(id for id in PARTS if id != alone))
    on = {name for deliverable in rubric.deliverables for name in names_of(deliverable)}
    off = {name for deliverable in rubric.off for name in names_of(deliverable)}
    on.add(rubric.parts[0].title)
    off |= {part.title for part in RUBRIC.parts}
    for name, parts in notebook.parts(ROOT).items():
        (on if alone in parts else off).add(name)
    for part in all_parts():
        folder = part.trained.split(".")[1]
        (on if alone in TRAINED.get(folder, {folder}) else off).update(names_in(part))
    assert [name for name in off - on if re.search(rf"(?<![\w.-]){re.escape(name)}(?!\w)", readme)] == []
    prose = "".join(readme.split("```")[::2])
    assert [line for line in prose.splitlines() if len(line) > 100 and not line.startswith("|")] == []
    assert f"**3. Solve {'the RNN' if alone == 'naive' else rubric.deliverables[0].title}.**" in readme


def test_a_handout_of_one_deliverable_needs_no_other(tmp_path):
    (first, *others) = (deliverable.id for deliverable in RUBRIC.deliverables)
    readme, _ = rendered(tmp_path, *others)
    assert "Everything is done. Pack it: python collect_submission.py" in readme
    assert readme.count(first) == 1


def test_numbers_of_parts_in_words(tmp_path):
    readme, _ = rendered(tmp_path, "naive")
    assert "`student/Machine_Translation.ipynb` (parts 2 and 3)" in readme
    assert "When parts 2 or 3 pass their tests" in readme
    notebooks = notebook.notebooks(ROOT, {"transformer": "3", "language_model": "4"})
    assert b"goes through part 3 of" in notebooks["Machine_Translation.ipynb"]
    assert b"goes through part 4 of" in notebooks["Language_Modeling.ipynb"]
    assert "\n...\nNext: Encoder (student/models/seq2seq/Encoder.py:44)\n" in readme
    assert re.search(r"^\[#?-+\]  1/\d+ tests", readme, re.MULTILINE) is None  # of a watch that shows the RNN


def test_notebooks_come_in_the_order_of_the_parts_and_not_of_their_digits():
    contract = json.loads((ROOT / "student" / "assignment.json").read_text(encoding="utf-8"))
    for part, number in zip(contract["parts"], range(8, 8 + len(contract["parts"])), strict=True):
        part["number"] = str(number)
    files = {"student/assignment.json": json.dumps(contract).encode()}
    names = {"late.ipynb": ["transformer"], "early.ipynb": ["naive", "seq2seq"]}
    assert render("{{ notebooks | join(' ') }}", files, names) == "early.ipynb late.ipynb"
