"""Notebooks for students, made from plain Python files: cells between `# %%` lines (jupytext's percent format)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import jupytext
import nbformat

SOURCES = "autograder/build/notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebooks(root: Path) -> dict[str, bytes]:
    """Every notebook, by its name: one for each source."""
    sources = sorted((root / SOURCES).glob("*.py"))
    return {f"{path.stem}.ipynb": make(path.read_text("utf-8")) for path in sources}


def make(source: str) -> bytes:
    """A notebook without outputs, as it is on disk; the same source gives the same bytes.

    Args:
        source: Python in the percent format, its magics commented out.
    """
    read = jupytext.reads(source, fmt="py:percent")
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    ids: set[str] = set()
    for cell in read.cells:
        id = _id(cell.source, ids)
        if cell.cell_type == "markdown":
            notebook.cells.append(nbformat.v4.new_markdown_cell(cell.source, id=id))
        else:
            notebook.cells.append(nbformat.v4.new_code_cell(cell.source, id=id))
    nbformat.validate(notebook)
    return f"{nbformat.writes(notebook).rstrip()}\n".encode()


def _id(source: str, taken: set[str]) -> str:
    """A cell's id from its text, so that a change of one cell changes no other."""
    digest = hashlib.sha256(source.encode()).hexdigest()
    id = next(digest[i : i + 8] for i in range(0, 56, 8) if digest[i : i + 8] not in taken)
    taken.add(id)
    return id
