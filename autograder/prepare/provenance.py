"""What stored answers were made from, so that it shows when they are older than that."""

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from pathlib import Path

from autograder.prepare.files import read_folder, replace
from autograder.rubric import Rubric
from harness.tree import PACKAGES

NOTE = "made_from.json"
HARNESS = (  # the modules of harness that make, compare or sketch outcomes
    "answers", "doubles", "draws", "eager", "given", "graded", "hints", "judge", "marks", "outcome", "run", "seeds",
    "show", "tree",
)  # fmt: skip


def sources(root: Path, rubric: Rubric) -> dict[str, str]:
    """All that outcomes depend on: a file's path, or what it is -> its digest or version."""
    files = read_folder(root, "solution", ".py") | read_folder(root, "autograder/prepare/misconceptions", ".toml")
    for folder in PACKAGES:
        files |= read_folder(root, f"tests/{folder}", ".py")
    files |= {name: (root / name).read_bytes() for name in (f"harness/{module}.py" for module in HARNESS)}
    found = {name: hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()[:12] for name, data in files.items()}
    torch = importlib.metadata.version("torch").partition("+")[0]
    switched = "off" if rubric.assignment.hints == "off" else "on"
    return {**found, "torch": torch, "the rubric's hints": switched}


def note(folder: Path, made_from: Mapping[str, str]) -> None:
    """Keep with the answers in a folder what they were made from."""
    replace(folder / NOTE, (json.dumps(made_from, indent=1, sort_keys=True) + "\n").encode())


def changed(folder: Path, now: Mapping[str, str]) -> list[str]:
    """The names of what has changed since the answers in a folder were made; "answers" where there are none."""
    path = folder / NOTE
    if not path.exists():
        return ["answers"]
    then = json.loads(path.read_text(encoding="utf-8"))
    return [name for name in sorted(then.keys() | now.keys()) if then.get(name) != now.get(name)]
