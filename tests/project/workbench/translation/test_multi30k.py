"""Multi30k: its files, and the pairs in them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.errors import DataError
from workbench.translation.data import Pair, load, multi30k

REAL = Path(__file__).parents[5] / "shared" / "data" / "multi30k"
GERMAN = {"train": ["Ein Mann.", "Zwei Männer."], "val": ["Eine Frau."], "test_2016_flickr": ["Ein Hund."]}
ENGLISH = {"train": ["A man.", "Two men."], "val": ["A woman."], "test_2016_flickr": ["A dog."]}
CONTENTS = {
    f"{stem}.{language}": "".join(f"{line}\n" for line in lines[stem]).encode()
    for stem in GERMAN
    for language, lines in (("de", GERMAN), ("en", ENGLISH))
}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENTS.items()}


def check(corpus: object) -> None:
    assert corpus == multi30k.Corpus(
        "multi30k",
        (Pair("Ein Mann.", "A man."), Pair("Zwei Männer.", "Two men.")),
        (Pair("Eine Frau.", "A woman."),),
        (Pair("Ein Hund.", "A dog."),),
    )


@pytest.fixture(autouse=True)
def read_anew() -> None:
    load.cache_clear()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.needs("data multi30k")
def test_the_real_data() -> None:
    corpus = load("multi30k", REAL)
    assert [len(corpus.split(name)) for name in ("train", "validation", "test")] == [29000, 1014, 1000]
    assert corpus.train[0].target == "Two young, White males are outside near many bushes."
    assert corpus.test[-1].source == "Ein Mädchen an einer Küste mit einem Berg im Hintergrund."
    for pair in (*corpus.train, *corpus.validation, *corpus.test):
        assert all(side and side == side.strip() and "\n" not in side for side in pair)


@pytest.mark.needs("data multi30k")
def test_the_checksums_are_those_of_the_real_files() -> None:
    checksums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in REAL.glob("*.gz")}
    assert checksums == multi30k.SOURCE.checksums


@pytest.mark.parametrize("files", [CONTENTS, PACKED, dict(list(CONTENTS.items())[:3]) | dict(list(PACKED.items())[3:])])
def test_plain_and_compressed_files(tmp_path: Path, files: dict[str, bytes]) -> None:
    check(load("multi30k", write(tmp_path, files)))


def test_line_ends_of_other_systems(tmp_path: Path) -> None:
    """CR LF, a byte order mark, no newline at the end; and U+2028, which splits lines in Python alone."""
    files = {name: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") for name, content in CONTENTS.items()}
    check(load("multi30k", write(tmp_path / "windows", files)))
    files = {name: content.removesuffix(b"\n") for name, content in CONTENTS.items()}
    check(load("multi30k", write(tmp_path / "open", files)))
    files["val.de"] = "Eine\u2028Frau.\n".encode()
    assert load("multi30k", write(tmp_path / "odd", files)).validation == (Pair("Eine\u2028Frau.", "A woman."),)


def test_missing_files_are_named(tmp_path: Path) -> None:
    write(tmp_path, CONTENTS)
    (tmp_path / "val.en").unlink()
    (tmp_path / "train.de").unlink()
    with pytest.raises(DataError, match=r"these are missing: train\.de, val\.en\. Name the folder"):
        load("multi30k", tmp_path)
    with pytest.raises(DataError, match="nowhere: expected the files"):
        load("multi30k", tmp_path / "nowhere")


def test_unequal_line_counts(tmp_path: Path) -> None:
    write(tmp_path, CONTENTS | {"train.en": b"A man.\n"})
    with pytest.raises(DataError, match=r"as many lines in train\.de as in train\.en, got 2 and 1"):
        load("multi30k", tmp_path)


def test_an_empty_line(tmp_path: Path) -> None:
    write(tmp_path, CONTENTS | {"train.en": b"A man.\n \n"})
    with pytest.raises(DataError, match=r"train\.en: expected a sentence in every line, line 2 is empty"):
        load("multi30k", tmp_path)


def test_the_cache_folder_holds_the_files_that_were_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How they come there: test_sources.py."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    checksums = {name: hashlib.sha256(PACKED[name]).hexdigest() for name in multi30k.SOURCE.checksums}
    monkeypatch.setattr(multi30k, "SOURCE", replace(multi30k.SOURCE, checksums=checksums))
    write(tmp_path / "multi30k", PACKED)
    check(load("multi30k"))
