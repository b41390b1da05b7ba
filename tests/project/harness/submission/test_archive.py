"""The zip: what is in it, and what it may replace."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest

from harness.submission.archive import archive_name, pack
from harness.submission.encoding import LIMIT
from tests.project.harness.submission.made_up import ASSIGNMENT, LSTM, RNN, SOLVED, TRANSFORMER, contract, run

BYTES = {path: text.encode() for path, text in SOLVED.items()}


def test_the_archive_holds_the_listed_files_and_a_manifest(tmp_path):
    files = {**BYTES, "models/other.py": b"", LSTM: b"\xff\r\n"}
    path = pack(files, ASSIGNMENT, ["ab123"], tmp_path / "sub" / "x.zip")
    assert path == tmp_path / "sub" / "x.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [TRANSFORMER, LSTM, RNN, "manifest.json"]
        assert archive.read(LSTM) == b"\xff\r\n"
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["version"] == "1.0+3f2a91c4"
    assert manifest["name"] == "sequence-models"
    assert manifest["ids"] == ["ab123"]
    assert set(manifest["files"]) == set(BYTES)
    assert manifest["files"][LSTM] == {"sha256": hashlib.sha256(b"\xff\r\n").hexdigest(), "size": 3}


def test_the_same_files_give_the_same_bytes(tmp_path):
    one = pack(BYTES, ASSIGNMENT, ["ab"], tmp_path / "one.zip")
    two = pack(dict(reversed(BYTES.items())), ASSIGNMENT, ["ab"], tmp_path / "two.zip")
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes() != pack(BYTES, ASSIGNMENT, ["cd"], tmp_path / "two.zip").read_bytes()


def test_the_bytes_do_not_depend_on_clock_machine_or_version(tmp_path, monkeypatch):
    """Two runs of one minute on one machine also agree where time stamp, umask or zlib leak in."""
    monkeypatch.setattr(zipfile.sys, "platform", "win32")
    path = pack({RNN: b"a = 1\n"}, contract(deliverables=[]), [], tmp_path / "x.zip")
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            assert member.date_time == (1980, 1, 1, 0, 0, 0)
            assert (member.create_system, member.external_attr >> 16) == (3, 0o100644)
            assert member.compress_type == zipfile.ZIP_STORED
            assert not member.extra
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:16] == "64e58e0fcf62d4fe"


def test_a_failed_write_leaves_the_old_archive_and_no_rest(tmp_path, monkeypatch):
    target = pack(BYTES, ASSIGNMENT, ["old"], tmp_path / "x.zip")
    old = target.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    for owner, name in ((zipfile.ZipFile, "writestr"), (Path, "replace")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, fail)
            with pytest.raises(OSError, match="disk full"):
                pack(BYTES, ASSIGNMENT, [], target)
    assert target.read_bytes() == old
    assert list(tmp_path.iterdir()) == [target]
    pack(BYTES, ASSIGNMENT, [], target)
    assert zipfile.is_zipfile(target)
    assert list(tmp_path.iterdir()) == [target]


def test_the_target_is_a_file_or_a_folder(tmp_path):
    (tmp_path / "folder.zip").mkdir()
    assert pack(BYTES, ASSIGNMENT, ["ab"], tmp_path) == tmp_path / "sequence-models_ab.zip"
    assert pack(BYTES, ASSIGNMENT, ["ab"], tmp_path / "new") == tmp_path / "new" / "sequence-models_ab.zip"
    assert pack(BYTES, ASSIGNMENT, ["ab"], tmp_path / "folder.zip").parent.name == "folder.zip"
    assert pack(BYTES, ASSIGNMENT, ["ab"], tmp_path / "Mine.ZIP").name == "Mine.ZIP"


def test_a_huge_file_is_left_out_and_nothing_at_all_is_an_error(tmp_path):
    with zipfile.ZipFile(pack({**BYTES, LSTM: b"#" * (LIMIT + 1)}, ASSIGNMENT, [], tmp_path)) as archive:
        assert LSTM not in archive.namelist()
    with pytest.raises(ValueError, match="no file"):
        pack({"models/other.py": b""}, ASSIGNMENT, [], tmp_path)


@pytest.mark.parametrize(
    ("template", "ids", "name"),
    [
        ("seq_{ids}.zip", ["a", "b"], "seq_a_b.zip"),
        ("seq_{ids}.zip", [], "seq.zip"),
        ("{ids}.zip", [], "sequence-models.zip"),
        ("{ids}-seq.zip", ["a"], "a-seq.zip"),
        ("fixed {0}.zip", ["a"], "fixed {0}.zip"),
    ],
)
def test_the_archives_name(template, ids, name):
    assert archive_name(contract(archive_name=template), ids) == name


@pytest.mark.parametrize("name", ["sub.tar", "sub.tar.gz", "week3.1"])
def test_another_kind_of_archive_is_no_folder(capsys, tmp_path, student, name):
    code, text = run(capsys, "--tree", student, "--out", tmp_path / name, "--id", "ab123")
    assert code == 1
    assert "UNUSABLE: --out" in text
    assert "expected a file whose name ends in .zip, or a folder that is there already" in " ".join(text.split())
    assert not (tmp_path / name).exists()
    (tmp_path / name).mkdir()
    assert run(capsys, "--tree", student, "--out", tmp_path / name, "--id", "ab123")[0] == 0


@pytest.mark.parametrize("content", [b"my photos", b"PK\5\6" + bytes(18)])
def test_only_an_archive_of_ours_is_replaced(capsys, tmp_path, student, content):
    target = tmp_path / "x.zip"
    target.write_bytes(content)
    code, text = run(capsys, "--tree", student, "--out", target, "--id", "ab123")
    assert code == 1
    assert "was not packed by this script, so it is not replaced" in " ".join(text.split())
    assert target.read_bytes() == content
    target.unlink()
    for _ in range(2):
        assert run(capsys, "--tree", student, "--out", target, "--id", "ab123")[0] == 0


def test_what_is_no_file_is_never_replaced_and_a_link_stays_one(capsys, tmp_path, student):
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "file").write_text("mine")
    for name in ("pipe.zip", "file"):
        assert run(capsys, "--tree", student, "--out", tmp_path / name)[0] == 1
    assert (tmp_path / "pipe.zip").is_fifo()
    (tmp_path / "disk").mkdir()
    (tmp_path / "x.zip").symlink_to(tmp_path / "disk" / "x.zip")
    (tmp_path / "disk" / "x.zip").write_bytes(b"mine")
    assert run(capsys, "--tree", student, "--out", tmp_path / "x.zip")[0] == 1
    (tmp_path / "disk" / "x.zip").unlink()
    pack({LSTM: b""}, ASSIGNMENT, ["ab"], tmp_path / "disk" / "x.zip")
    assert run(capsys, "--tree", student, "--out", tmp_path / "x.zip", "--id", "ab123")[0] == 0
    assert (tmp_path / "x.zip").is_symlink()


def test_an_archive_that_cannot_be_written_is_told(capsys, tmp_path, student):
    (tmp_path / "file").write_text("")
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "file" / "x.zip")
    assert code == 1
    assert "--out" in text
