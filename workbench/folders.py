"""Where things are: this project or handout, a student's tree, and what is kept between runs."""

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
    """A path as one types it in a command: in quotes, which every shell knows, where it holds a space or the like."""
    return f'"{path}"' if re.search(r"[^\w./\\:~-]", str(path)) else str(path)


def nearest(path: Path) -> Path:
    """An absolute path itself where it exists, else the innermost that does of the folders around it."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
