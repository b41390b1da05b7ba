"""To run the notebooks as on a student's computer, and to read what stands below their cells."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from autograder.prepare import handout
from autograder.prepare.files import zipped
from autograder.rubric import Rubric

ROOT = Path(__file__).resolve().parents[3]
POINTS = sum(deliverable.points for deliverable in Rubric.load(ROOT / "autograder" / "rubric.toml").deliverables)


@functools.cache
def shipped() -> dict[str, bytes]:
    return handout.handout_files(ROOT)


@functools.cache
def archive() -> bytes:
    return zipped({f"sequence-models/{name}": data for name, data in shipped().items()})


def fresh(folder: Path, name: str) -> Path:
    """A folder that holds nothing but the notebook and the handout's zip."""
    (folder / "handout.zip").write_bytes(archive())
    (folder / f"{name}.ipynb").write_bytes(shipped()[f"student/{name}.ipynb"])
    return folder


def executed(
    folder: Path, settings: dict[str, object], python: str, more: Sequence[str] = (), tree: str = ""
) -> NotebookNode:
    """The folder's notebook after all its cells, and some more, were run there; a cell with an error ends the test.

    Args:
        python: runs what the notebook runs by `sys.executable`.
        tree: whose models it uses; "" takes the student's.
    """
    environment = {"NOTEBOOK_SETTINGS": json.dumps(settings), "OMP_NUM_THREADS": "1", "IPYTHONDIR": str(folder / ".i")}
    (path,) = folder.glob("*.ipynb")
    notebook = nbformat.read(path, 4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"import sys\nsys.executable = {python!r}"))
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in more]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("ASSIGNMENT_TREE", tree) if tree else patch.delenv("ASSIGNMENT_TREE", raising=False)
        NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def printed(cell: NotebookNode) -> str:
    text = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def pictures(cell: NotebookNode) -> int:
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def table(cell: NotebookNode) -> list[list[str]]:
    """The cells of all tables below a cell, by rows."""
    html = "".join(output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {}))
    return [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]


def cell_with(notebook: NotebookNode, line: str) -> NotebookNode:
    (cell,) = [cell for cell in notebook.cells if cell.cell_type == "code" and line in cell.source.splitlines()]
    return cell
