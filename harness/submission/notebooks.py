"""The notebooks of a submission. They are read as data; none of their code is run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from harness.contract import Assignment
from harness.submission.findings import Finding, Severity
from harness.submission.listed_files import obstacle
from harness.words import abridged, printable

NOTEBOOK_LIMIT = 20 * 1024 * 1024  # bytes in a notebook, which holds its pictures
# Found in the cell that starts the packager, which is still running then.
PACKING = re.compile(
    r"notebook\.pack\(|^\s*[!%].*collect_submission|(python|executable|import).*\bcollect_submission", re.MULTILINE
)


def read_notebooks(tree: Path | str) -> dict[str, bytes]:
    """The notebooks at the top of a tree, by name; of one above NOTEBOOK_LIMIT one byte more, so that it is noticed."""
    contents: dict[str, bytes] = {}
    for path in sorted(Path(tree).glob("*.ipynb")):
        if not obstacle(Path(tree), path.name):
            with path.open("rb") as stream:
                contents[path.name] = stream.read(NOTEBOOK_LIMIT + 1)
    return contents


def inspect_notebooks(notebooks: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """What is wrong with the notebooks. They are read as data; none of their code is run."""
    required = assignment.notebook == "required"
    if required and not notebooks:
        message = (
            "this assignment asks for your notebook (*.ipynb), and there is none beside models/. Put it there, or "
            "upload it beside the archive."
        )
        return [Finding(Severity.FAULT, "", 0, message, (), "notebook")]
    findings: list[Finding] = []
    for name, data in notebooks.items():
        weight, message = Severity.FAULT if required else Severity.WARNING, ""
        cells = _never_run(data)
        if assignment.notebook == "refused":
            weight, message = Severity.WARNING, "this assignment takes no notebooks, so it is not packed."
        elif len(data) > NOTEBOOK_LIMIT:
            message = f"is larger than {NOTEBOOK_LIMIT >> 20} MiB, so it is not packed. Clear the largest outputs."
        elif cells is None:
            message = "is no notebook that can be read (nbformat 4), so it is not packed. Save it again in Jupyter."
        elif cells and required:
            weight = Severity.UNUSABLE
            message = f"not run: {abridged(cells)}. Run all cells from the top, save, and start this again."
            message += " (Or move it elsewhere to pack without it.)"
        elif cells:
            message = f"code cells that were not run: {len(cells)}."
        if message:
            findings.append(Finding(weight, name, 0, message, (), "notebook"))
    return findings


def packable(notebooks: Mapping[str, bytes], assignment: Assignment) -> dict[str, bytes]:
    """The notebooks that go into the archive."""
    taken = {} if assignment.notebook == "refused" else notebooks
    return {name: data for name, data in taken.items() if len(data) <= NOTEBOOK_LIMIT and _never_run(data) is not None}


def _never_run(data: bytes) -> list[str] | None:
    """The code cells of a notebook that were not run, in words; None where it cannot be read."""
    try:
        code = [cell for cell in json.loads(data)["cells"] if cell["cell_type"] == "code"]
        texts = ["".join(cell["source"]).strip() for cell in code]
        asked = [text and not PACKING.search(text) for text in texts]
        waiting = [i for i, cell in enumerate(code) if asked[i] and cell.get("execution_count") is None]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    lines = [printable(texts[i].split("\n")[0])[:40] for i in waiting]
    return [f'code cell {i + 1} of {len(code)} ("{line}")' for i, line in zip(waiting, lines, strict=True)]
