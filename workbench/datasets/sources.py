"""Files of public data sets: read from a folder, or downloaded once into a cache folder."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import urllib.error
import urllib.request
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from tqdm import tqdm

from workbench.errors import DataError
from workbench.folders import cache_folder

__all__ = ["Source"]

TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 14


@dataclass(frozen=True)
class Source:
    """Text files of a data set.

    Attributes:
        name: of the data set, and of its folder in the cache.
        address: URL of the folder with the files; it names a commit of a public repository, so the files never change.
        home: a page about the files, for people.
        checksums: file name -> SHA-256 (64 digits) or id in git (40 digits).
        instead: the option for data that need no download, named in errors.
    """

    name: str
    address: str
    home: str
    checksums: Mapping[str, str]
    instead: str

    def lines(self, data_root: Path | None = None) -> dict[str, list[str]]:
        """Read the files: name without ".gz" -> lines without line ends.

        Args:
            data_root: folder with the files, plain or with .gz; None downloads them to `cache_folder()` once.

        Raises:
            DataError: for missing files, and files that are not text in UTF-8.
        """
        folder = data_root if data_root is not None else self.download(cache_folder())
        names = [name.removesuffix(".gz") for name in self.checksums]
        paths = {name: _find(folder, name) for name in names}
        if missing := ", ".join(name for name, path in paths.items() if path is None):
            wanted = f"the files of {self.name}, plain or with .gz"
            raise DataError(
                f"{folder}: expected {wanted}; these are missing: {missing}. "
                "Name the folder that has them with --data-root, or leave it out to download them"
            )
        return {name: _lines(path) for name, path in paths.items() if path is not None}

    def download(self, cache: Path) -> Path:
        """Bring the files that are not in the cache yet, each whole or not at all, and return their folder.

        Raises:
            DataError: there is no connection, or a checksum is wrong. An interrupted download is kept as .part, and
                the next call continues it.
        """
        folder = cache / self.name
        if all(self._is_there(folder, name) for name in self.checksums):
            return folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(cache / f".{self.name}.lock"):  # processes that train together ask at the same time
                self._complete(folder)
        except OSError as error:
            raise DataError(self._what_to_do(", ".join(self.checksums), folder, error)) from error
        return folder

    def _is_there(self, folder: Path, name: str) -> bool:
        path, checksum = folder / name, self.checksums[name]
        return path.is_file() and _checksum(path, len(checksum)) == checksum

    def _complete(self, folder: Path) -> None:
        for name, checksum in self.checksums.items():
            path = folder / name
            if self._is_there(folder, name):
                continue
            try:
                part = _fetch(f"{self.address}/{name}", path.with_name(f"{name}.part"))
            except (OSError, http.client.HTTPException) as error:  # urllib's own errors are among the former
                raise DataError(self._what_to_do(name, folder, error)) from error
            if _checksum(part, len(checksum)) != checksum:
                part.unlink()
                raise DataError(self._what_to_do(name, folder, "what came has another checksum than expected"))
            part.replace(path)

    def _what_to_do(self, name: str, folder: Path, why: object) -> str:
        return (
            f"Could not download {name}: {why}. Use {self.instead}, which needs no download, or get "
            f"{', '.join(self.checksums)} from {self.home}, and put them into {folder} or name their folder with "
            "--data-root."
        )


def _find(folder: Path, name: str) -> Path | None:
    """The file of this name, plain or compressed."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _lines(path: Path) -> list[str]:
    """The lines of a file. Only newlines separate lines; other separators of Unicode do not."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected sentences in UTF-8, could not read them: {error}; copy it again") from error
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]


def _fetch(address: str, part: Path) -> Path:
    """Download to a file; an interrupted download is continued."""
    start = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send: the part is whole, or the checksum will tell
            return part
        raise
    with answer:
        if answer.status != 206:  # the server sends all of it
            start = 0
        length = answer.headers["Content-Length"]
        total = start + int(length) if length else None
        bar = tqdm(
            desc=part.stem, total=total, initial=start, unit="B", unit_scale=True, delay=2, leave=False, disable=None
        )
        with bar, part.open("ab" if start else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
    if total is not None and part.stat().st_size < total:
        raise OSError(
            f"the connection broke after {part.stat().st_size} of {total} bytes; run the command again to go on"
        )
    return part


def _checksum(path: Path, digits: int) -> str:
    """A file's SHA-256, or with 40 digits its id in git, which names a file by its length and its bytes."""
    data = path.read_bytes()
    if digits == 40:
        return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(data).hexdigest()
