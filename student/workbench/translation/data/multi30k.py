"""Multi30k: 31,014 descriptions of photographs in German and English (Elliott et al. 2016, task 1).

The files come from a folder, or once from the data set's public repository to a cache folder. They are for
non-commercial research and education.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import urllib.error
import urllib.request
import zlib
from pathlib import Path

from tqdm import tqdm

from workbench.errors import DataError
from workbench.folders import cache_folder
from workbench.translation.data import Corpus, Pair

# One commit of github.com/multi30k/dataset, so that its bytes are those of the checksums.
ADDRESS = "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw"
STEMS = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
LANGUAGES = ("de", "en")
CHECKSUMS = {  # SHA-256 of the compressed files
    "train.de.gz": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "train.en.gz": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "val.de.gz": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "val.en.gz": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "test_2016_flickr.de.gz": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2016_flickr.en.gz": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
}
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 14


def load(data_root: Path | None = None) -> Corpus:
    """Load the corpus: 29,000 pairs to train on, 1,014 to validate and 1,000 to test.

    Args:
        data_root: folder with train, val and test_2016_flickr in .de and .en, plain or with .gz. Without one the files
            are downloaded to `cache_folder()`, where they stay.

    Raises:
        DataError: for missing files, and files that are not pairs of lines.
    """
    folder = data_root if data_root is not None else download(cache_folder())
    missing = [name for name in CHECKSUMS if _find(folder, name) is None]
    if missing:
        names = ", ".join(name.removesuffix(".gz") for name in missing)
        raise DataError(f"{folder}: expected the files of multi30k, plain or with .gz; these are missing: {names}")
    return Corpus("multi30k", *(_pairs(folder, stem) for stem in STEMS.values()))


# Reading.


def _pairs(folder: Path, stem: str) -> tuple[Pair, ...]:
    sides = [_lines(folder, f"{stem}.{language}.gz") for language in LANGUAGES]
    if len(sides[0]) != len(sides[1]):
        raise DataError(
            f"{folder}: expected as many lines in {stem}.de as in {stem}.en, got {len(sides[0])} and {len(sides[1])}; "
            "copy both files again"
        )
    return tuple(Pair(*pair) for pair in zip(*sides, strict=True))


def _lines(folder: Path, name: str) -> list[str]:
    """The lines of a file, without what ends them. Other separators that Unicode knows stay within a line."""
    path = _find(folder, name)
    assert path is not None, "load() has looked"
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: expected sentences in UTF-8, could not read them: {error}; copy it again") from error
    lines = [line.strip() for line in text.removesuffix("\n").split("\n")]
    empty = [number for number, line in enumerate(lines, start=1) if not line]
    if empty:
        raise DataError(f"{path}: expected a sentence in every line, line {empty[0]} is empty; copy the file again")
    return lines


def _find(folder: Path, name: str) -> Path | None:
    """The plain file, or the compressed one of this name."""
    return next((path for path in (folder / name.removesuffix(".gz"), folder / name) if path.is_file()), None)


# Downloading.


def download(folder: Path) -> Path:
    """Bring the files that are not in the cache yet, each whole or not at all, and return their folder.

    Raises:
        DataError: without a connection, and for bytes that are not the expected ones. What has come stays beside as
            .part, and the next call goes on there.
    """
    target = folder / "multi30k"
    for name, checksum in CHECKSUMS.items():
        path = target / name
        if path.is_file() and _checksum(path) == checksum:
            continue
        try:
            target.mkdir(parents=True, exist_ok=True)
            part = _fetch(f"{ADDRESS}/{name}", path.with_name(f"{name}.part"))
        except (OSError, http.client.HTTPException) as error:  # urllib's own errors are among the former
            raise DataError(_what_to_do(name, target, error)) from error
        if _checksum(part) != checksum:
            part.unlink()
            raise DataError(_what_to_do(name, target, "what came has another SHA-256 than expected"))
        part.replace(path)
    return target


def _fetch(address: str, part: Path) -> Path:
    """Download to a file, from where an earlier download stopped."""
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


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _what_to_do(name: str, folder: Path, why: object) -> str:
    files = ", ".join(f"{stem}.de.gz, {stem}.en.gz" for stem in STEMS.values())
    return (
        f"Could not download {name}: {why}. Use --data captions, which needs no download, or get {files} from "
        f"https://github.com/multi30k/dataset (data/task1/raw), and put them into {folder} or name their folder with "
        "--data-root."
    )
