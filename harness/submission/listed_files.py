"""The listed files of a tree, and what keeps one from being taken."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from harness.contract import Assignment
from harness.submission.encoding import LIMIT
from harness.submission.findings import Finding, Severity, price
from harness.words import joined, shown


def read_tree(tree: Path | str, assignment: Assignment) -> dict[str, bytes]:
    """The listed files of a tree by contract path; of a file above LIMIT one byte more, so that `inspect` notices."""
    files: dict[str, bytes] = {}
    for path in assignment.files:
        if not obstacle(Path(tree), path):
            with Path(tree, path).open("rb") as stream:
                files[path] = stream.read(LIMIT + 1)
    return files


def irregular(tree: Path | str, assignment: Assignment) -> list[Finding]:
    """Faults for listed files that cannot be taken: links out of the tree, folders, no access, renamed copies."""
    findings: list[Finding] = []
    for path in assignment.files:
        reason = obstacle(Path(tree), path)
        if reason == "missing":
            copies = _copies(Path(tree, path))
            name = PurePosixPath(path).name
            reason = f"missing, but {joined(copies[:3])} is there: rename it to {name}" if copies else ""
        elif reason:
            reason += ", so it is not packed"
        if reason:
            affected = assignment.by_file(path)
            message = f"{reason}. {price(assignment, affected)}"
            findings.append(Finding(Severity.FAULT, path, 0, message, tuple(d.id for d in affected), "irregular"))
    return findings


def _copies(missing: Path) -> list[str]:
    """The names of copies beside a missing file."""
    try:
        return sorted(shown(path.name) for path in missing.parent.iterdir() if original(path.name) == missing.name)
    except OSError:
        return []


def original(path: str) -> str:
    """The path without what a browser, a system or an editor adds to the name of a copy.

    For example "Encoder (1).py", "Encoder-1.py", "Encoder copy.py" and "Encoder.py.txt" come from "Encoder.py".
    """
    return _COPY.sub(".py", path)


_COPY = re.compile(r"( ?\(\d+\)|-\d+| \d+|( -)? ([Cc]opy|Kopie)( \d+| \(\d+\))?)?\.py(\.txt)?$")


def obstacle(tree: Path, path: str) -> str:
    """Say why a listed file cannot be taken from a tree, or ""."""
    target = tree / path
    try:
        if not os.path.lexists(target):
            return "missing"
        if not target.resolve(strict=True).is_relative_to(tree.resolve()):
            return "a symbolic link that leads out of the folder (put the file itself here)"
        if not target.is_file():
            return "not a file"
        with target.open("rb"):
            return ""
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        return f"cannot be read: {getattr(error, 'strerror', None) or 'links in a circle'}"
