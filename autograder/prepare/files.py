"""Reading folders, and packing archives."""

import io
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from harness.files import refusal, replace

__all__ = ["read_folder", "refusal", "replace", "rezipped", "update", "zipped"]


def update(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, unless it has this content."""
    if not path.exists() or path.read_bytes() != content:
        replace(path, content)


def read_folder(root: Path, folder: str = "", suffix: str = "") -> dict[str, bytes]:
    """The files in a folder below root, by their path from root, sorted; no caches and no hidden files."""
    paths = sorted(path.relative_to(root) for path in (root / folder).rglob(f"*{suffix}") if path.is_file())
    return {
        path.as_posix(): (root / path).read_bytes()
        for path in paths
        if path.suffix != ".pyc" and not any(part.startswith((".", "__pycache__")) for part in path.parts)
    }


def zipped(files: Mapping[str, bytes], executable: Collection[str] = (), private: Collection[str] = ()) -> bytes:
    """Pack files into a zip: the same files give the same bytes, wherever and whenever.

    Args:
        files: path in the archive -> content.
        executable: paths with mode 755.
        private: paths with mode 600. All others have 644.
    """
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(files.items()):
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3  # Unix, wherever this runs, so that the permissions count
            member.external_attr = (0o100755 if name in executable else 0o100600 if name in private else 0o100644) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data)
    return content.getvalue()


def rezipped(archive: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """Write a copy of a zip, with the same permissions, in which each file's content is what `change` returns.

    Args:
        change: called with a file's path in the archive and its content.
    """
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member, change(member.filename, old.read(member)))
    return target
