"""Notebooks for students, made from plain Python files: cells between `# %%` lines (jupytext's percent format)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import jupytext
import nbformat

from autograder.prepare.readme import parts_in_words
from autograder.prepare.regions import HandoutError

SOURCES = "autograder/prepare/notebooks"
PARTS = re.compile(r"\A# parts: (.+)\n")  # the first line of a source: of which parts it is
NUMBERS = "{parts}"  # in a source: the parts that are on, such as "parts 1 to 3"
INCLUDE = re.compile(r"^# %% include (\S+)\n", re.MULTILINE)  # cells that several notebooks have
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def names(root: Path) -> dict[str, Path]:
    """Every notebook's name, and its source."""
    return {f"{path.stem}.ipynb": path for path in sorted((root / SOURCES).glob("*.py"))}


def notebooks(root: Path, parts: Mapping[str, str]) -> dict[str, bytes]:
    """The notebooks of these parts of the rubric, by their names.

    Args:
        parts: id -> number.
    """
    made: dict[str, bytes] = {}
    for name, path in names(root).items():
        ids, text = read(path)
        if numbers := [parts[id] for id in ids if id in parts]:
            made[name] = make(text.replace(NUMBERS, parts_in_words(numbers, "and")))
    return made


def parts(root: Path) -> dict[str, list[str]]:
    """Every notebook's name, and the ids of the parts that it is of."""
    return {name: read(path)[0] for name, path in names(root).items()}


def read(path: Path) -> tuple[list[str], str]:
    """The parts that a source is of, and its text with the cells that it shares with other notebooks in their places.

    Raises:
        HandoutError: for a source that does not say its parts.
    """
    text = path.read_text("utf-8")
    parts = PARTS.match(text)
    if parts is None:
        raise HandoutError(f"{path.name}:1: expected `# parts: ` and the ids of parts in the rubric; add it")
    text = INCLUDE.sub(lambda line: (path.parent / line[1]).read_text("utf-8"), text[parts.end() :])
    return parts[1].split(", "), text


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
