"""Writes files by rename, and refuses to replace files that somebody else has written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Write a file in one step, so that a reader finds the old content or the new.

    Raises:
        OSError: with the path that was asked for, also if the disk is full.
    """
    with replacing(path) as partial:
        partial.write_bytes(data)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give the block a path to write to, which takes the other's place when the block ends without an error.

    Raises:
        OSError: as `replace`.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None  # an error of write() names no file
        raise


def refusal(path: Path, mark: str) -> str:
    """Why a file that a person has named cannot be written; "" if it can.

    Args:
        mark: a text that every file of this kind holds. An existing file is replaced only if it holds the mark.
    """
    if path.is_dir():
        return f"{path} is a folder"
    if not path.exists():
        place = next(parent for parent in path.resolve().parents if parent.exists())
        return "" if place.is_dir() else f"{place} is no folder"
    if not path.is_file():
        return f"{path} is no ordinary file"
    return "" if mark.encode() in path.read_bytes() else f"{path} is there already, and this command has not made it"
