"""Files of data sets from a folder, and from a server that breaks off, sends something else or does not answer."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from workbench.datasets.sources import Source
from workbench.errors import DataError
from workbench.folders import cache_folder

CONTENTS = {"a.txt.gz": gzip.compress(b"Eins.\nZwei.\n" * 9, mtime=0), "b.txt": b"One.\n\n Two.\n"}
LINES = {"a.txt": ["Eins.", "Zwei."] * 9, "b.txt": ["One.", "", " Two."]}


def git_id(content: bytes) -> str:
    """As `git hash-object` has it."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


CHECKSUMS = {"a.txt.gz": hashlib.sha256(CONTENTS["a.txt.gz"]).hexdigest(), "b.txt": git_id(CONTENTS["b.txt"])}
SOURCE = Source("letters", "http://127.0.0.1:1", "https://example.org/letters", CHECKSUMS, "--data numbers")


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_the_id_is_that_of_git() -> None:
    """`printf 'hello\n' | git hash-object --stdin`"""
    assert git_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"


# From a folder.


def test_plain_and_compressed_files(tmp_path: Path) -> None:
    assert SOURCE.lines(write(tmp_path / "as they are", CONTENTS)) == LINES
    turned = {"a.txt": gzip.decompress(CONTENTS["a.txt.gz"]), "b.txt.gz": gzip.compress(CONTENTS["b.txt"])}
    assert SOURCE.lines(write(tmp_path / "turned", turned)) == LINES


def test_line_ends_of_other_systems(tmp_path: Path) -> None:
    """CR LF, a byte order mark, no newline at the end; and U+2028, which splits lines in Python alone."""
    content = "\ufeffEin\u2028e.\r\n Zwei. \r\n\r\n".encode()
    lines = SOURCE.lines(write(tmp_path, CONTENTS | {"a.txt": content, "b.txt": b"One.\nTwo."}))
    assert lines == {"a.txt": ["Ein\u2028e.", " Zwei. ", ""], "b.txt": ["One.", "Two."]}


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"expected the files of letters, plain or with \.gz; these are missing: a\.txt\. Name the folder",
    ):
        SOURCE.lines(write(tmp_path, {"b.txt": b""}))
    with pytest.raises(DataError, match=r"nowhere: expected .* missing: a\.txt, b\.txt\. Name the folder"):
        SOURCE.lines(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(CONTENTS["a.txt.gz"][:20], id="cut off"),
        pytest.param(b"no gzip", id="no gzip"),
        pytest.param(CONTENTS["a.txt.gz"][:-9] + b"012345678", id="wrong checksum"),
        pytest.param(gzip.compress(b"\xe4"), id="no UTF-8"),
    ],
)
def test_a_broken_file(tmp_path: Path, broken: bytes) -> None:
    with pytest.raises(DataError, match=r"a\.txt\.gz: expected sentences in UTF-8, could not read them"):
        SOURCE.lines(write(tmp_path, CONTENTS | {"a.txt.gz": broken}))


# From a server.


@dataclass
class Server:
    """What a test server sends, and what it was asked for."""

    files: dict[str, bytes]
    source: Source = SOURCE
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
    """A server with the files, and a cache folder of its own."""
    state = Server(dict(CONTENTS))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, state)) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.source = replace(SOURCE, address=f"http://127.0.0.1:{running.server_port}")
        monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        try:
            yield state
        finally:
            running.shutdown()
            thread.join()


def cached(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / "cache" / "letters").iterdir()}


def test_download_once(server: Server, tmp_path: Path) -> None:
    assert server.source.lines() == LINES
    assert server.asked == [("a.txt.gz", ""), ("b.txt", "")]
    assert cached(tmp_path) == CONTENTS
    assert server.source.lines() == LINES
    assert len(server.asked) == 2


@pytest.mark.parametrize("name", CONTENTS)
def test_a_damaged_file_in_the_cache_is_downloaded_again(server: Server, tmp_path: Path, name: str) -> None:
    server.source.lines()
    (tmp_path / "cache/letters" / name).write_bytes(CONTENTS[name][:-1])
    assert server.source.lines() == LINES
    assert server.asked[2:] == [(name, "")]
    assert cached(tmp_path) == CONTENTS


def test_an_interrupted_download_goes_on(server: Server, tmp_path: Path) -> None:
    server.break_after = 30
    with pytest.raises(DataError, match="the connection broke after 30 of"):
        server.source.lines()
    assert cached(tmp_path) == {"a.txt.gz.part": CONTENTS["a.txt.gz"][:30]}
    server.break_after = None
    assert server.source.lines() == LINES
    assert server.asked[:2] == [("a.txt.gz", ""), ("a.txt.gz", "bytes=30-")]
    assert cached(tmp_path) == CONTENTS


def test_a_server_that_knows_no_ranges(server: Server, tmp_path: Path) -> None:
    write(tmp_path / "cache/letters", {"a.txt.gz.part": CONTENTS["a.txt.gz"][:30]})
    server.ranges = False
    assert server.source.lines() == LINES
    assert cached(tmp_path) == CONTENTS


def test_a_partial_file_that_is_complete_is_used(server: Server, tmp_path: Path) -> None:
    """The last run was stopped before it could rename the file."""
    write(tmp_path / "cache/letters", {"a.txt.gz.part": CONTENTS["a.txt.gz"]})
    assert server.source.lines() == LINES
    assert cached(tmp_path) == CONTENTS


def test_a_partial_file_of_something_else_is_thrown_away(server: Server, tmp_path: Path) -> None:
    """It cannot be told before all has come; then it is thrown away, and the next try is right."""
    write(tmp_path / "cache/letters", {"a.txt.gz.part": b"something else"})
    with pytest.raises(DataError, match="another checksum"):
        server.source.lines()
    assert cached(tmp_path) == {}
    assert server.source.lines() == LINES


def test_concurrent_calls_wait_for_one_download(server: Server, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(lambda _: server.source.lines(), range(4))) == [LINES] * 4
    assert server.asked == [("a.txt.gz", ""), ("b.txt", "")]
    assert cached(tmp_path) == CONTENTS


@pytest.mark.parametrize("name", CONTENTS)
def test_a_wrong_checksum(server: Server, tmp_path: Path, name: str) -> None:
    """Of either kind."""
    server.files[name] = CONTENTS[name][:-1] + b"?"
    with pytest.raises(DataError, match=rf"Could not download {name}: .*another checksum than expected"):
        server.source.lines()
    assert not {name, f"{name}.part"} & set(cached(tmp_path))


def test_what_to_do_without_a_connection(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        SOURCE.lines()  # nobody listens there
    message = str(error.value)
    for words in ("a.txt.gz", "b.txt", "--data numbers", "https://example.org/letters", "--data-root", str(tmp_path)):
        assert words in message
    assert SOURCE.lines(write(tmp_path / "by_hand", CONTENTS)) == LINES


def test_files_put_into_the_cache_folder_by_hand(server: Server, tmp_path: Path) -> None:
    write(tmp_path / "cache" / "letters", CONTENTS)
    assert server.source.lines() == LINES
    assert server.asked == []


def test_a_file_that_the_server_has_not(server: Server) -> None:
    del server.files["b.txt"]
    with pytest.raises(DataError, match=r"Could not download b\.txt: HTTP Error 404"):
        server.source.lines()


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", "/somewhere")
    assert cache_folder() == Path("/somewhere")
    monkeypatch.delenv("WORKBENCH_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "sequence-models"
