"""Paths: the project or handout, a student's tree, and the cache."""

from __future__ import annotations

import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STUDENT = ROOT / "student"


def cache_folder() -> Path:
    """Where downloads are kept: the environment variable WORKBENCH_CACHE, or ~/.cache/sequence-models."""
    return Path(os.environ.get("WORKBENCH_CACHE") or Path.home() / ".cache" / "sequence-models")


def typed(path: Path | str) -> str:
    """A path as it is typed in a command, quoted if it contains spaces or other special characters."""
    return f'"{path}"' if re.search(r"[^\w./\\:~-]", str(path)) else str(path)


def nearest(path: Path) -> Path:
    """An absolute path if it exists, else its nearest existing parent folder."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
