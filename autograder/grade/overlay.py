"""The tree that is graded: the pristine handout with the submission's listed files laid over it."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from collect_submission import to_utf8


@contextmanager
def overlay(handout: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    """Make the tree in a temporary folder that student code can read and not write; it is gone afterwards.

    Args:
        handout: the pristine `student/`.
        files: path in the tree -> content; only paths of the assignment's list may be given.
    """
    folder = Path(tempfile.mkdtemp(prefix="graded-"))
    try:
        tree = folder / "student"
        shutil.copytree(handout, tree, ignore=shutil.ignore_patterns("__pycache__"))
        for name, content in files.items():
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(to_utf8(content))
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        yield tree
    finally:
        shutil.rmtree(folder, ignore_errors=True)
