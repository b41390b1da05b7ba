"""Writing a file whole or not at all."""

import os
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Write a file in one step: whoever reads it finds the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
