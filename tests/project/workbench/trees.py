"""Trees of models that a test opens in its own process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOLUTION = ROOT / "solution"


@contextmanager
def forgotten() -> Iterator[None]:
    """What is opened inside is gone afterwards: every tree calls its package models, so the next needs the name."""
    path, before = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in sys.modules.keys() - before:
            if name.split(".")[0] == "models":
                del sys.modules[name]
