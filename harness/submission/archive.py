"""The archive: one zip, the same bytes on every machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.contract import Assignment
from harness.submission.encoding import LIMIT


def pack(
    files: Mapping[str, bytes],
    assignment: Assignment,
    ids: Sequence[str],
    out: Path | str,
    notebooks: Mapping[str, bytes] | None = None,
) -> Path:
    """Write files and notebooks into a zip and return its path.

    The same files give the same bytes on any machine: nothing is compressed, because versions of zlib differ. The zip
    appears only when it is whole.

    Args:
        out: a file if it ends in .zip, else a folder, which is made if needed.

    Raises:
        ValueError: there is nothing to pack.
        OSError: writing fails, or a file that `pack` has not made would be replaced.
    """
    paths = [path for path in sorted(assignment.files) if path in files and len(files[path]) <= LIMIT]
    members = {path: files[path] for path in paths}
    if not members:
        raise ValueError("there is no file to pack")
    members |= notebooks or {}
    members["manifest.json"] = _manifest(members, assignment, ids)
    target = target_of(Path(out), assignment, ids)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for path, data in members.items():
                archive.writestr(_member(path), data)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def target_of(out: Path, assignment: Assignment, ids: Sequence[str]) -> Path:
    """The path of the archive that `pack` writes, with links resolved.

    Raises:
        OSError: `out` is neither a name that ends in .zip nor a folder, or the archive would replace a file that `pack`
            has not made. The message is a sentence for the student.
    """
    target = out if out.suffix.lower() == ".zip" and not out.is_dir() else out / archive_name(assignment, ids)
    if out.suffix and target != out and not out.exists():
        raise OSError(f"--out {out}: expected a file whose name ends in .zip, or a folder that is there already.")
    if target != out and out.exists() and not out.is_dir():
        raise OSError(f"--out {out} is a file: expected a name that ends in .zip, or a folder.")
    if target.exists() and not _is_packed(target):
        raise OSError(
            f"{target} was not packed by this script, so it is not replaced. Move it, or choose another name."
        )
    return target.resolve()  # so that the target of a link is replaced and not the link


def _is_packed(path: Path) -> bool:
    """Whether a file is an archive that `pack` has made."""
    try:
        if not path.is_file():
            return False
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
        return bool({"name", "version", "ids", "files"} <= manifest.keys())
    except (OSError, ValueError, KeyError, AttributeError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False


def _manifest(members: Mapping[str, bytes], assignment: Assignment, ids: Sequence[str]) -> bytes:
    sums = {path: hashlib.sha256(data).hexdigest() for path, data in members.items()}
    files = {path: {"sha256": sums[path], "size": len(data)} for path, data in members.items()}
    manifest = {"name": assignment.name, "version": assignment.version, "ids": list(ids), "files": files}
    return (json.dumps(manifest, indent=1) + "\n").encode("ascii")


def _member(path: str) -> zipfile.ZipInfo:
    """A zip entry that is the same on every machine: stored, 1 January 1980, mode 0644, as if made on Unix."""
    member = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_STORED
    member.create_system = 3
    member.external_attr = 0o100644 << 16
    return member


def archive_name(assignment: Assignment, ids: Sequence[str]) -> str:
    """The archive's file name; without ids also without the separator before them."""
    if ids:
        return assignment.archive_name.replace("{ids}", "_".join(ids))
    name = re.sub(r"[-_. ]*\{ids\}", "", assignment.archive_name)
    return f"{assignment.name}.zip" if name.lower() == ".zip" else name
