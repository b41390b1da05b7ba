"""Multi30k from a folder and from a server that breaks off, sends something else or does not answer."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from workbench.errors import DataError
from workbench.translation.data import Pair, load, multi30k

REAL = Path(__file__).parents[3] / "shared" / "data" / "multi30k"
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


# From a folder.


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data are not at ../shared/data/multi30k")
def test_the_real_data() -> None:
    corpus = load("multi30k", REAL)
    assert [len(corpus.split(name)) for name in ("train", "validation", "test")] == [29000, 1014, 1000]
    assert corpus.train[0].target == "Two young, White males are outside near many bushes."
    assert corpus.test[-1].source == "Ein Mädchen an einer Küste mit einem Berg im Hintergrund."
    for pair in (*corpus.train, *corpus.validation, *corpus.test):
        assert all(side and side == side.strip() and "\n" not in side for side in pair)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data are not at ../shared/data/multi30k")
def test_the_checksums_are_those_of_the_real_files() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in REAL.glob("*.gz")}
    assert found == multi30k.CHECKSUMS


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
    with pytest.raises(DataError, match=r"these are missing: train\.de, val\.en$"):
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


@pytest.mark.parametrize("broken", [PACKED["val.de.gz"][:20], b"no gzip", PACKED["val.de.gz"][:-9] + b"012345678"])
def test_a_broken_file(tmp_path: Path, broken: bytes) -> None:
    write(tmp_path, PACKED | {"val.de.gz": broken})
    with pytest.raises(DataError, match=r"val\.de\.gz: expected sentences in UTF-8, could not read them"):
        load("multi30k", tmp_path)


def test_another_encoding(tmp_path: Path) -> None:
    write(tmp_path, CONTENTS | {"train.de": "Zwei Männer.\nEin Mann.\n".encode("latin-1")})
    with pytest.raises(DataError, match=r"train\.de: expected sentences in UTF-8"):
        load("multi30k", tmp_path)


# From a server.


@dataclass
class Server:
    """What a test server sends, and what it was asked for."""

    files: dict[str, bytes]
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)  # file, Range
    break_after: int | None = None  # bytes of each answer
    ranges: bool = True


class Handler(http.server.BaseHTTPRequestHandler):
    """Sends files, with or without knowing what a Range is."""

    def __init__(self, state: Server, *arguments: object) -> None:
        self.state = state
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        state, name = self.state, self.path.removeprefix("/")
        wanted = self.headers["Range"] or ""
        state.asked.append((name, wanted))
        if name not in state.files:
            return self.send_error(404)
        content = state.files[name]
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and state.ranges else 0
        if start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = None if state.break_after is None else start + state.break_after
        self.wfile.write(content[start:end])
        return None

    def log_message(self, *arguments: object) -> None:
        """No words."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """A server with the files and their checksums, and a cache folder of its own."""
    state = Server(dict(PACKED))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, state)) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.address = f"http://127.0.0.1:{running.server_port}"
        monkeypatch.setattr(multi30k, "ADDRESS", state.address)
        checksums = {name: hashlib.sha256(PACKED[name]).hexdigest() for name in multi30k.CHECKSUMS}
        monkeypatch.setattr(multi30k, "CHECKSUMS", checksums)
        monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        try:
            yield state
        finally:
            running.shutdown()
            thread.join()


def cached(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / "cache" / "multi30k").iterdir()}


def test_download_once(server: Server, tmp_path: Path) -> None:
    check(load("multi30k"))
    assert server.asked == [(name, "") for name in multi30k.CHECKSUMS]
    assert cached(tmp_path) == PACKED
    check(multi30k.load())
    assert len(server.asked) == 6


def test_a_damaged_file_in_the_cache_is_downloaded_again(server: Server, tmp_path: Path) -> None:
    load("multi30k")
    (tmp_path / "cache/multi30k/val.de.gz").write_bytes(PACKED["val.de.gz"][:-1])
    check(multi30k.load())
    assert server.asked[6:] == [("val.de.gz", "")]
    assert cached(tmp_path) == PACKED


def test_an_interrupted_download_goes_on(server: Server, tmp_path: Path) -> None:
    server.break_after = 30
    with pytest.raises(DataError, match="the connection broke after 30 of"):
        load("multi30k")
    assert cached(tmp_path) == {"train.de.gz.part": PACKED["train.de.gz"][:30]}
    server.break_after = None
    check(load("multi30k"))
    assert server.asked[:2] == [("train.de.gz", ""), ("train.de.gz", "bytes=30-")]
    assert cached(tmp_path) == PACKED


def test_a_server_that_knows_no_ranges(server: Server, tmp_path: Path) -> None:
    write_part(tmp_path, PACKED["train.de.gz"][:30])
    server.ranges = False
    check(load("multi30k"))
    assert cached(tmp_path) == PACKED


def test_a_part_that_is_whole(server: Server, tmp_path: Path) -> None:
    """The last run was stopped before it could rename the file."""
    write_part(tmp_path, PACKED["train.de.gz"])
    check(load("multi30k"))
    assert cached(tmp_path) == PACKED


def test_a_part_of_something_else(server: Server, tmp_path: Path) -> None:
    """It cannot be told before all has come; then it is thrown away, and the next try is right."""
    write_part(tmp_path, b"something else")
    with pytest.raises(DataError, match="another SHA-256"):
        load("multi30k")
    assert cached(tmp_path) == {}
    check(load("multi30k"))


def write_part(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "cache" / "multi30k").mkdir(parents=True)
    write(tmp_path / "cache" / "multi30k", {"train.de.gz.part": content})


def test_a_wrong_checksum(server: Server, tmp_path: Path) -> None:
    server.files["val.en.gz"] = gzip.compress(b"A wolf.\n", mtime=0)
    with pytest.raises(DataError, match=r"Could not download val\.en\.gz: .*another SHA-256 than expected"):
        load("multi30k")
    assert "val.en.gz" not in cached(tmp_path)
    assert "val.en.gz.part" not in cached(tmp_path)


def test_what_to_do_without_a_connection(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi30k, "ADDRESS", "http://127.0.0.1:1")  # nobody listens there
    with pytest.raises(DataError) as error:
        load("multi30k")
    message = str(error.value)
    for words in ("train.de.gz", "--data captions", "github.com/multi30k/dataset", "--data-root", str(tmp_path)):
        assert words in message
    for name in multi30k.CHECKSUMS:
        assert name in message
    check(load("multi30k", write(tmp_path / "by_hand", PACKED)))


def test_files_put_into_the_cache_folder_by_hand(server: Server, tmp_path: Path) -> None:
    write_part(tmp_path, b"")
    write(tmp_path / "cache" / "multi30k", PACKED)
    check(load("multi30k"))
    assert server.asked == []


def test_a_file_that_the_server_has_not(server: Server) -> None:
    del server.files["train.en.gz"]
    with pytest.raises(DataError, match=r"Could not download train\.en\.gz: HTTP Error 404"):
        load("multi30k")


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", "/somewhere")
    assert multi30k.cache_folder() == Path("/somewhere")
    monkeypatch.delenv("WORKBENCH_CACHE")
    assert multi30k.cache_folder() == Path.home() / ".cache" / "sequence-models"
