"""The tree that is graded: the pristine handout with the submission's listed files laid over it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.submission.encoding import to_utf8, unreadable

TEMPORARY = "/tmp"  # not TMPDIR, because the children's users must be able to open it


@contextmanager
def overlay(handout: Path, files: Mapping[str, bytes], user: int | None = None) -> Iterator[Path]:
    """Make the tree in a temporary folder that student code can read but not write, and remove it afterwards.

    Args:
        handout: the pristine `student/`.
        files: path in the tree -> content; only paths of the assignment's list. A file that Python cannot read on a
            student's computer stays as handed out.
        user: the user who may read the tree; None lets all users read it.
    """
    folder = Path(tempfile.mkdtemp(prefix="graded-", dir=TEMPORARY))
    try:
        tree = folder / "student"
        shutil.copytree(handout, tree, ignore=shutil.ignore_patterns("__pycache__"))
        for name, content in files.items():
            if unreadable(content):
                continue
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(to_utf8(content))
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        if user is not None:
            os.chown(folder, -1, user)
            folder.chmod(0o750)
        yield tree
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder and its content with `rm` where shutil fails, which it does after a thousand levels."""
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, capture_output=True)
