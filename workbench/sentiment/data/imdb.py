"""The Large Movie Review Dataset (Maas et al. 2011, "Learning Word Vectors for Sentiment Analysis").

Its layout is aclImdb/{train,test}/{pos,neg}/ID_RATING.txt, one review a file. It is read from a folder or from the
archive, which is not unpacked.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from workbench.errors import DataError
from workbench.sentiment.data import Review

HOME = "https://ai.stanford.edu/~amaas/data/sentiment/"
FOLDERS = {"neg": 0, "pos": 1}
MEMBER = re.compile(r"(?:.*/)?(train|test)/(neg|pos)/([^/]+\.txt)")
OFFICIAL = 25_000  # reviews of each half
WANTED = (
    f"aclImdb_v1.tar.gz from {HOME}, packed or unpacked. Name it, or the folder that holds it, with --data-root, or "
    "use --data reviews, which needs no download"
)


def read(data_root: Path | None) -> tuple[list[Review], list[Review], str]:
    """The reviews to learn from and those to test with, each by class and name of file, and a note on them.

    Args:
        data_root: aclImdb, its archive, or the folder that holds one of them.

    Raises:
        DataError: they are not there, or a file is not text.
    """
    if data_root is None:
        raise DataError(f"imdb is not downloaded by this program; get {WANTED}")
    place = _find(data_root)
    found: dict[str, dict[tuple[str, str], Review]] = {"train": {}, "test": {}}
    bar = tqdm(_files(place), f"reading {place.name}", unit=" reviews", delay=2, leave=False, disable=None)
    for half, kind, name, content in bar:
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"{place}: {half}/{kind}/{name} is not UTF-8: {error}; get the data again") from error
        found[half][kind, name] = Review(text, FOLDERS[kind])
    for half, reviews in found.items():
        if len({review.label for review in reviews.values()}) < 2:
            raise DataError(f"{place}: expected reviews in {half}/pos and {half}/neg; get {WANTED}")
    learn, test = ([reviews[key] for key in sorted(reviews)] for reviews in found.values())
    whole = len(learn) == len(test) == OFFICIAL
    note = "all of imdb" if whole else f"a part of imdb: {len(learn):,} and {len(test):,} of {OFFICIAL:,} reviews each"
    return learn, test, note


def _find(root: Path) -> Path:
    """The folder with train/ and test/, or the archive."""
    archives = sorted(root.glob("aclImdb*.tar*")) if root.is_dir() else [root]
    for place in (root, root / "aclImdb", *archives):
        if (place / "train").is_dir() or (place.is_file() and tarfile.is_tarfile(place)):
            return place
    raise DataError(f"{root}: expected imdb there; get {WANTED}")


def _files(place: Path) -> Iterator[tuple[str, str, str, bytes]]:
    """Half, class, name and content of every review."""
    try:
        if place.is_dir():
            for path in place.glob("t*/*/*.txt"):
                if match := MEMBER.fullmatch(path.relative_to(place).as_posix()):
                    yield match[1], match[2], match[3], path.read_bytes()
            return
        with tarfile.open(place) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file and (match := MEMBER.fullmatch(member.name)):
                    yield match[1], match[2], match[3], file.read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{place} cannot be read: {error}; get {WANTED}") from error
