"""Notebooks beside the files."""

import hashlib
import json
import re
import zipfile

import pytest

from harness.submission.notebooks import NOTEBOOK_LIMIT, inspect_notebooks
from tests.project.harness.submission.made_up import CONTRACT, SCRIPT, SOLVED, contract, run, write


def notebook(*cells: tuple[str, int | None], **more: object) -> str:
    """A notebook of code cells, each its source and its execution count, after a cell of prose."""
    code = [{"cell_type": "code", "source": [text], "execution_count": count, "outputs": []} for text, count in cells]
    prose = {"cell_type": "markdown", "source": "Train the model.", "metadata": {}}
    return json.dumps({"nbformat": 4, "cells": [prose, *code], **more})


RUN_ALL = notebook(("import torch", 1), ("train()", 2), ("  \n", None))


def test_a_notebook_is_packed_and_listed_in_the_manifest(capsys, tmp_path, student):
    write(student, {"Work.ipynb": RUN_ALL, "models/inner.ipynb": RUN_ALL})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert re.search(r"Work.ipynb +all code cells were run\n", text)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert sorted(archive.namelist()) == sorted([*SOLVED, "Work.ipynb", "manifest.json"])
        assert archive.read("Work.ipynb") == RUN_ALL.encode()
        entry = json.loads(archive.read("manifest.json"))["files"]["Work.ipynb"]
    assert entry == {"sha256": hashlib.sha256(RUN_ALL.encode()).hexdigest(), "size": len(RUN_ALL)}


def test_a_required_notebook_with_cells_that_were_not_run_is_refused_and_they_are_named(capsys, tmp_path, student):
    cells = [("a = 1", 1), ("\nb = a + 1\nprint(b)", None), ("c = 3", 7), ("d()", None)]
    write(student, {"Work.ipynb": notebook(*cells)}, {**CONTRACT, "notebook": "required"})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 1
    assert not (tmp_path / "x.zip").exists()
    flat = " ".join(text.split())
    assert 'UNUSABLE: Work.ipynb: not run: code cell 2 of 4 ("b = a + 1"), code cell 4 of 4 ("d()").' in flat
    write(student, {"Work.ipynb": RUN_ALL}, None)
    assert run(capsys, "--tree", student, "--out", tmp_path / "x.zip")[0] == 0


def test_an_optional_notebook_with_cells_that_were_not_run_is_packed_with_a_warning(capsys, tmp_path, student):
    write(student, {"Work.ipynb": notebook(*[(f"x = {i}", None) for i in range(9)])})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--strict")
    assert code == 0
    assert "\nwarning: Work.ipynb: code cells that were not run: 9.\n" in text, "one line is enough"
    assert re.search(r"Work.ipynb +cells not run, see above\n", text)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "Work.ipynb" in archive.namelist()


def test_of_several_notebooks_each_is_judged_and_packed_for_itself(capsys, tmp_path, student):
    write(student, {"Done.ipynb": RUN_ALL, "Waiting.ipynb": notebook(("x = 1", None))})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert "warning: Waiting.ipynb: code cells that were not run: 1.\n" in text
    assert re.search(r"Done.ipynb +all code cells were run\n", text)
    assert re.search(r"Waiting.ipynb +cells not run, see above\n", text)
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert sorted(archive.namelist()) == sorted([*SOLVED, "Done.ipynb", "Waiting.ipynb", "manifest.json"])
        assert {"Done.ipynb", "Waiting.ipynb"} < json.loads(archive.read("manifest.json"))["files"].keys()
    write(student, {}, {**CONTRACT, "notebook": "required"})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "y.zip")
    assert code == 1
    assert "UNUSABLE: Waiting.ipynb: not run" in text
    assert "Done.ipynb" not in text


def shipped_cell():
    """The cell that packs, as notebooks ship it; a student fills in the id."""
    source = SCRIPT.parent / "autograder/prepare/notebooks/shared/hand_in.py"
    return source.read_text("utf-8").split("# %%\n")[-1].replace('""', '"ab123"')


def shipped_set_up():
    """The first code cell, which looks for collect_submission.py and does not run it."""
    source = SCRIPT.parent / "autograder/prepare/notebooks/shared/set_up.py"
    return source.read_text("utf-8").split("# %%\n")[1]


RUNNING = {
    "!": "!python collect_submission.py --id ab123",
    "run": "%run collect_submission.py --id ab123",
    "subprocess": 'subprocess.run([sys.executable, "collect_submission.py", "--id", "ab123"])',
    "shipped": shipped_cell(),
}


@pytest.mark.parametrize("packing", RUNNING.values(), ids=RUNNING)
def test_the_cell_that_packs_is_still_running(packing):
    required = contract(notebook="required")
    cells = ("import torch", 1), (packing, None)
    assert not inspect_notebooks({"Work.ipynb": notebook(*cells).encode()}, required)
    for other in ("notebook.check()", shipped_set_up()):
        (finding,) = inspect_notebooks({"Work.ipynb": notebook((other, None), *cells).encode()}, required)
        assert "code cell 1 of 3" in finding.message


def test_a_required_notebook_that_is_not_there_is_a_fault(capsys, tmp_path, student):
    write(student, {}, {**CONTRACT, "notebook": "required"})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert "FAULT: this assignment asks for your notebook" in text


def test_a_refused_notebook_stays_at_home(capsys, tmp_path, student):
    write(student, {"Work.ipynb": notebook(("x", None))}, {**CONTRACT, "notebook": "refused"})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--strict")
    assert code == 0
    assert "warning: Work.ipynb: this assignment takes no notebooks" in text
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "Work.ipynb" not in archive.namelist()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"cells": 5}',
        b'{"cells": [5]}',
        b'{"cells": [{"cell_type": "code", "source": 5}]}',
        b"[" * 200_000,
        b"x" * (NOTEBOOK_LIMIT + 1),
    ],
    ids=["empty", "bytes", "list", "no cells", "number", "no cell", "no text", "deep", "huge"],
)
def test_what_is_no_notebook_is_told_and_not_packed(capsys, tmp_path, student, data):
    write(student, {"Work.ipynb": data})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert "warning: Work.ipynb: is " in text
    assert "so it is not packed" in " ".join(text.split())
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert "Work.ipynb" not in archive.namelist()
