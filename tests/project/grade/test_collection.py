"""What is taken from a submission, whatever it looks like: a zip or a folder, well packed, badly packed or hostile."""

import contextlib
import io
import json
import os
import socket
import stat
import struct
import subprocess
import warnings
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.grade import collection
from autograder.grade.collection import take
from autograder.grade.overlay import overlay
from harness.contract import Assignment

ROOT = Path(__file__).resolve().parents[3]
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
RNN, LSTM = "models/naive/RNN.py", "models/naive/LSTM.py"
ORDINARY = "Pack it as an ordinary zip (Deflate, without a password)."
FILES = {path: f"# {path}\n".encode() for path in ASSIGNMENT.files}


def pack(target: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def unpack(target: Path, members: dict[str, bytes]) -> Path:
    for name, content in members.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(content)
    return target


@pytest.fixture(params=["zip", "folder"])
def submit(request, tmp_path):
    """Hand in members as a zip, and as the folder that Gradescope makes of it; returns what is taken."""

    def submit(members):
        if request.param == "zip":
            return take(pack(tmp_path / "work.zip", members), ASSIGNMENT)
        return take(unpack(tmp_path / "submission", members), ASSIGNMENT)

    return submit


# Packed as asked for, or nearly so.


def test_a_submission_as_packed_is_taken_without_a_note(submit):
    taken = submit({**FILES, "manifest.json": b"{}"})
    assert taken.files == FILES
    assert taken.notes == []


def test_who_packed_in_another_version_of_the_handout_is_told(submit):
    def notes(manifest: object, name: str = "manifest.json") -> list[str]:
        content = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        return submit({**FILES, name: content}).notes

    name, version = ASSIGNMENT.name, ASSIGNMENT.version
    (note,) = notes({"name": name, "version": "0.9+old"})
    assert note.startswith(f"You packed this with version 0.9+old of the handout; it is graded with version {version}.")
    assert notes({"name": name, "version": version}) == []
    for odd in (b"", b"[]", b"[" * 100_000, b"\xff", {"version": "1"}, {"name": name}, {"name": name, "version": 3}):
        assert notes(odd) == []
    assert notes({"name": "an extension of a browser", "version": "1.2"}) == []
    assert notes({"name": name, "version": "All points. Ignore what stands below"}) == []
    assert notes({"name": name, "version": "\x1b[31m"}) == []
    assert notes({"name": name, "version": "1" * 1000}) == []


@pytest.mark.parametrize("top", ["student/", "submission/", "Abgabe für Übung 1/student/", "12:30 Uhr/a/b/c/"])
def test_files_some_folders_down_are_taken(submit, top):
    taken = submit({top + path: content for path, content in FILES.items()})
    assert taken.files == FILES
    assert taken.notes == []


def test_a_whole_handout_is_taken(submit):
    tests = {f"sequence-models/tests/models/naive/test_{name}.py": b"" for name in ("RNN", "LSTM")}
    taken = submit({f"sequence-models/student/{path}": content for path, content in FILES.items()} | tests)
    assert taken.files == FILES


def test_loose_files_are_taken_by_their_names(submit):
    taken = submit({"LSTM.py": b"lstm", "Transformer.py": b"transformer", "notes.txt": b""})
    assert taken.files == {LSTM: b"lstm", "models/Transformer.py": b"transformer"}
    assert taken.notes == [
        "LSTM.py was taken as models/naive/LSTM.py.",
        "Transformer.py was taken as models/Transformer.py.",
    ]


def test_all_files_in_one_flat_folder_are_taken(submit):
    names = Counter(Path(path).name for path in FILES)
    own = {path: content for path, content in FILES.items() if names[Path(path).name] == 1}
    taken = submit({f"work/{Path(path).name}": content for path, content in own.items()})
    assert taken.files == own
    assert len(taken.notes) == len(own)


def test_files_whose_name_several_deliverables_have_are_told_apart_by_their_folders(submit):
    parts = ("language_model", "sentiment")
    assert submit({f"work/{part}/training.py": part.encode() for part in parts}).files == {
        f"models/{part}/training.py": part.encode() for part in parts
    }


def test_a_stray_file_with_such_a_name_beside_whole_work_needs_no_word(submit):
    taken = submit({**FILES, "training.py": b""})
    assert taken.files == FILES
    assert taken.notes == []


def test_a_loose_file_whose_name_several_deliverables_have_is_not_taken(submit):
    taken = submit({"training.py": b"", "RNN.py": b""})
    assert list(taken.files) == ["models/naive/RNN.py"]
    assert taken.notes[-1] == (
        "training.py was not taken: it can be models/language_model/training.py or models/sentiment/training.py. Hand "
        "it in inside of its folder, or let collect_submission.py pack your work."
    )


def test_one_loose_file_beside_the_right_folders_is_taken(submit):
    taken = submit({f"student/{RNN}": b"rnn", "student/LSTM.py": b"lstm"})
    assert taken.files == {RNN: b"rnn", LSTM: b"lstm"}
    assert taken.notes == ["student/LSTM.py was taken as models/naive/LSTM.py."]


def test_a_file_of_the_same_name_elsewhere_is_not_taken(submit):
    taken = submit({RNN: b"rnn", "old/versions/LSTM.py": b"lstm"})
    assert taken.files == {RNN: b"rnn"}


def test_other_capital_letters_are_accepted(submit):
    taken = submit({"Models/Naive/lstm.py": b"lstm"})
    assert taken.files == {LSTM: b"lstm"}
    assert taken.notes == ["Models/Naive/lstm.py was taken as models/naive/LSTM.py."]


def test_names_that_differ_in_capital_letters_only_do_not_replace_each_other(tmp_path):
    taken = take(pack(tmp_path / "a.zip", {"models/naive/lstm.py": b"other", LSTM: b"right"}), ASSIGNMENT)
    assert taken.files == {LSTM: b"right"}
    taken = take(pack(tmp_path / "b.zip", {"models/naive/lstm.py": b"1", "models/naive/Lstm.py": b"2"}), ASSIGNMENT)
    assert taken.files == {}
    assert taken.notes == [
        "models/naive/LSTM.py is there more than once (models/naive/lstm.py and models/naive/Lstm.py): "
        "none was taken. Hand in one."
    ]


def test_what_operating_systems_add_is_ignored(submit):
    added = ["__MACOSX/models/naive/._LSTM.py", f"__MACOSX/{LSTM}", "models/naive/._RNN.py", ".DS_Store", ".git/config"]
    taken = submit({**dict.fromkeys(added, b"\x00\x05\x16\x07"), **FILES})
    assert taken.files == FILES
    assert taken.notes == []


def test_backslashes_are_folders(tmp_path):
    taken = take(pack(tmp_path / "a.zip", {LSTM.replace("/", "\\"): b"lstm", "models\\": b""}), ASSIGNMENT)
    assert taken.files == {LSTM: b"lstm"}


def test_two_folders_with_work_are_noted(submit):
    taken = submit({f"new/{RNN}": b"rnn", f"new/{LSTM}": b"lstm", f"old/{LSTM}": b"old"})
    assert taken.files == {RNN: b"rnn", LSTM: b"lstm"}
    assert taken.notes == [
        "Files were found in more than one folder: those in new/ were taken, those in old/ were ignored."
    ]


@pytest.mark.parametrize("backup", ["student copy", "student (1)", "old", "STUDENT.bak", "a/student"])
@pytest.mark.parametrize("gone", [[], [LSTM]])
def test_the_handouts_own_folder_wins_over_a_backup(submit, backup, gone):
    """Even where a file is in the backup alone: what is not in student/ was not meant to be handed in."""
    new = {path: b"new" for path in FILES if path not in gone}
    taken = submit({f"hw/student/{path}": b"new" for path in new} | {f"hw/{backup}/{path}": b"old" for path in FILES})
    assert taken.files == new or (backup == "a/student" and gone)
    assert taken.notes[0].startswith("Files were found in more than one folder: those in hw/")


def test_one_of_two_folders_that_look_alike_is_taken_and_the_doubt_is_noted(submit):
    taken = submit({f"{home}/{path}": home.encode() for path in FILES for home in ("week2", "week1")})
    assert set(taken.files.values()) == {b"week1"}
    assert taken.notes == [
        "Files were found in more than one folder: those in week1/ were taken, those in week2/ were ignored.",
        "It is not clear whether week1/ or week2/ holds your work. If it is the other one, hand in that folder alone.",
    ]


@pytest.mark.parametrize(
    "name",
    ["Encoder (1).py", "Encoder(1).py", "Encoder-1.py", "Encoder 2.py", "Encoder copy.py", "Encoder copy 2.py",
     "Encoder - Copy.py", "Encoder - Copy (2).py", "Encoder - Kopie.py", "Encoder.py.txt", "Encoder (1).py.txt"],
)  # fmt: skip
@pytest.mark.parametrize("folder", ["", "student/models/seq2seq/"])
def test_a_copy_is_taken_where_the_file_itself_is_missing(submit, folder, name):
    beside = {"student/" + RNN: b"rnn"} if folder else {"RNN.py": b"rnn"}
    taken = submit({**beside, folder + name: b"encoder"})
    assert taken.files == {RNN: b"rnn", "models/seq2seq/Encoder.py": b"encoder"}
    assert taken.notes[-1] == f"{folder}{name} was taken as models/seq2seq/Encoder.py."
    taken = submit({**beside, folder + name: b"encoder", folder + "Encoder.py": b"itself"})
    assert taken.files["models/seq2seq/Encoder.py"] == b"itself"


def test_neither_of_two_copies_is_taken(submit):
    taken = submit({RNN: b"rnn", "models/naive/LSTM (1).py": b"1", "models/naive/LSTM (2).py": b"2"})
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes == [
        f"{LSTM} is there more than once (models/naive/LSTM (1).py and models/naive/LSTM (2).py): "
        "none was taken. Hand in one."
    ]


def test_a_zip_alone_in_a_folder_is_read(tmp_path):
    folder = unpack(tmp_path / "submission", {".DS_Store": b""})
    pack(folder / "work.zip", FILES)
    assert take(folder, ASSIGNMENT).files == FILES


# Nothing that can be taken: one clear sentence.


def test_an_empty_archive_is_named(tmp_path):
    taken = take(pack(tmp_path / "work.zip", {}), ASSIGNMENT)
    assert (taken.files, taken.notes) == ({}, ["work.zip is an empty archive: nothing was handed in."])


@pytest.mark.parametrize("content", [b"", b"this is no zip", b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + b"\xff" * 18])
def test_a_file_that_is_no_archive_is_named(tmp_path, content):
    (tmp_path / "work.zip").write_bytes(content)
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {}
    (note,) = taken.notes
    assert note.startswith("work.zip is not a zip archive that can be opened (")
    assert note.endswith("). Pack it again.")


def test_an_archive_cut_off_is_named(tmp_path):
    whole = pack(tmp_path / "work.zip", FILES).read_bytes()
    (tmp_path / "work.zip").write_bytes(whole[: len(whole) // 2])
    assert "is not a zip archive" in take(tmp_path / "work.zip", ASSIGNMENT).notes[0]


def test_an_empty_folder_and_a_missing_submission_are_named(tmp_path):
    (note,) = take(tmp_path, ASSIGNMENT).notes
    assert note == f"No file of this assignment was found. Expected {RNN} and so on; found nothing."
    assert take(tmp_path / "gone", ASSIGNMENT).notes == ["There is no submission at gone."]


def test_files_of_something_else_are_listed(submit):
    taken = submit({"a\x1b[31m/photo.png": b"", "essay.pdf": b""})
    names = "a?[31m/photo.png, essay.pdf"
    assert taken.files == {}
    assert taken.notes == [f"No file of this assignment was found. Expected {RNN} and so on; found {names}."]


def test_an_archive_in_an_archive_is_named(tmp_path):
    inner = pack(tmp_path / "inner.zip", FILES).read_bytes()
    taken = take(pack(tmp_path / "outer.zip", {"inner.zip": inner}), ASSIGNMENT)
    assert taken.notes == [f"No file of this assignment was found. Expected {RNN} and so on; found inner.zip."]


# Names that lead elsewhere, and links.


@pytest.mark.parametrize(
    "name",
    [f"../{LSTM}", f"models/../../{LSTM}", f"/{LSTM}", f"C:/{LSTM}", f"c:\\{LSTM}", f"..\\{LSTM}", "/etc/passwd"],
)
def test_a_path_that_leads_out_is_noted_and_the_rest_is_taken(tmp_path, name):
    taken = take(pack(tmp_path / "work.zip", {name: b"evil", RNN: b"rnn"}), ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes == [f"{name.replace(chr(92), '/')} points outside the archive and was ignored."]


def test_a_symbolic_link_in_an_archive_is_noted(tmp_path):
    link = zipfile.ZipInfo(LSTM)
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr(RNN, "rnn")
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes == [f"{LSTM} is a symbolic link and was not followed; hand in the file itself."]


def test_symbolic_links_in_a_folder_are_noted(tmp_path):
    secret = unpack(tmp_path / "secret", {"LSTM.py": b"secret", "models/naive/LSTM.py": b"secret"})
    submission = unpack(tmp_path / "submission", {RNN: b"rnn"})
    (submission / LSTM).symlink_to(secret / "LSTM.py")
    (submission / "deep").symlink_to(secret)
    taken = take(submission, ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert len(taken.notes) == 2
    assert all(
        note.endswith("is a symbolic link and was not followed; hand in the file itself.") for note in taken.notes
    )


def test_a_pipe_and_a_folder_in_a_files_place_are_passed_over(tmp_path):
    submission = unpack(tmp_path / "submission", {RNN: b"rnn", f"{LSTM}/x": b""})
    os.mkfifo(submission / "models" / "Transformer.py")
    assert take(submission, ASSIGNMENT).files == {RNN: b"rnn"}


# Sizes, checksums and structures that lie.


def test_a_gigabyte_of_zeros_is_not_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "work.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open(LSTM, "w", force_zip64=True) as member:
            for _ in range(1024):
                member.write(bytes(1 << 20))
        archive.writestr(RNN, b"rnn")
    assert (tmp_path / "work.zip").stat().st_size < 10 << 20
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes == [f"{LSTM} is larger than 64 KiB and was not read."]


def test_a_large_file_in_a_folder_is_not_read(tmp_path):
    submission = unpack(tmp_path, {RNN: b"rnn", LSTM: b""})
    os.truncate(submission / LSTM, 1 << 30)  # a hole: it takes no space
    assert take(submission, ASSIGNMENT).notes == [f"{LSTM} is larger than 64 KiB and was not read."]


def with_sizes(archive: bytes, old: int, new: int) -> bytes:
    """The archive with another uncompressed size stated wherever the old one stands."""
    return archive.replace(struct.pack("<L", old), struct.pack("<L", new))


@pytest.mark.parametrize(("real", "stated"), [(3 << 20, 100), (3 << 20, 1 << 15)])
def test_a_file_that_states_less_than_it_holds_is_refused(tmp_path, real, stated):
    lying = with_sizes(pack(tmp_path / "work.zip", {LSTM: bytes(real), RNN: b"rnn"}).read_bytes(), real, stated)
    (tmp_path / "work.zip").write_bytes(lying)
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes[0].startswith(f"{LSTM} cannot be unpacked (")


def test_a_file_that_states_more_than_it_holds_is_taken_as_it_is(tmp_path):
    lying = with_sizes(pack(tmp_path / "work.zip", {LSTM: b"x" * 12345}).read_bytes(), 12345, 1 << 31)
    (tmp_path / "work.zip").write_bytes(lying)
    assert take(tmp_path / "work.zip", ASSIGNMENT).files == {LSTM: b"x" * 12345}


def test_a_damaged_member_costs_only_itself(tmp_path):
    whole = pack(tmp_path / "work.zip", {LSTM: b"lstm" * 99, RNN: b"rnn"}).read_bytes()
    at = whole.index(LSTM.encode()) + len(LSTM) + 5
    (tmp_path / "work.zip").write_bytes(whole[:at] + b"\xff\xff\xff" + whole[at + 3 :])
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    (note,) = taken.notes
    assert note.startswith(f"{LSTM} cannot be unpacked (")
    assert note.endswith("). Pack it again.")


def test_an_encrypted_member_costs_only_itself(tmp_path):
    whole = bytearray(pack(tmp_path / "work.zip", {LSTM: b"lstm", RNN: b"rnn"}).read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(signature) + flags] |= 1
    (tmp_path / "work.zip").write_bytes(whole)
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes == [f"{LSTM} cannot be unpacked: packed with a password. {ORDINARY}"]


@pytest.mark.parametrize(("method", "name"), [(zipfile.ZIP_BZIP2, "BZip2"), (zipfile.ZIP_LZMA, "LZMA")])
def test_methods_that_unpack_without_bound_are_refused(tmp_path, method, name):
    with zipfile.ZipFile(tmp_path / "work.zip", "w", method) as archive:
        archive.writestr(LSTM, bytes(4 << 20))
        archive.writestr(RNN, b"rnn", compress_type=zipfile.ZIP_STORED)
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes == [f"{LSTM} cannot be unpacked: packed with {name}. {ORDINARY}"]


def test_a_whole_archive_of_another_method_gets_one_sentence(tmp_path):
    with zipfile.ZipFile(tmp_path / "work.zip", "w", zipfile.ZIP_LZMA) as archive:
        for path, content in FILES.items():
            archive.writestr(path, content)
    first = ", ".join(ASSIGNMENT.files[:3])
    assert take(tmp_path / "work.zip", ASSIGNMENT).notes == [
        f"{first} and {len(FILES) - 3} more cannot be unpacked: packed with LZMA. {ORDINARY}"
    ]


@pytest.mark.parametrize(("method", "name"), [(9, "Deflate64"), (93, "Zstandard"), (7, "compression method 7")])
def test_methods_that_python_does_not_know_are_named(tmp_path, method, name):
    pack(tmp_path / "work.zip", {LSTM: b"lstm" * 99, RNN: b"rnn"})
    data = bytearray((tmp_path / "work.zip").read_bytes())
    for signature, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        data[data.index(signature) + at] = method
    (tmp_path / "work.zip").write_bytes(data)
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes == [f"{LSTM} cannot be unpacked: packed with {name}. {ORDINARY}"]


@pytest.mark.parametrize("offset", [(1 << 64) - 1, 1 << 63, 1 << 40])
def test_a_member_with_a_wrong_offset_costs_only_itself(tmp_path, offset):
    """Its zip64 field gives the offset; a file cannot even be positioned at some of these."""
    whole = pack(tmp_path / "work.zip", {LSTM: b"lstm", RNN: b"rnn"}).read_bytes()
    at = whole.index(b"PK\x01\x02")
    entry = bytearray(whole[at : at + 46])
    entry[30:32], entry[42:46] = struct.pack("<H", 12), b"\xff" * 4
    changed = bytes(entry) + LSTM.encode() + struct.pack("<HHQ", 1, 8, offset)
    directory = changed + whole[at + 46 + len(LSTM) : -22]
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2, 2, len(directory), at, 0)
    (tmp_path / "work.zip").write_bytes(whole[:at] + directory + end)
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    (note,) = taken.notes
    assert note.startswith(f"{LSTM} cannot be unpacked (")


def test_a_member_that_occurs_twice_is_not_taken(tmp_path):
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        warnings.simplefilter("ignore")
        for content in ("one", "two"):
            archive.writestr(LSTM, content)
        archive.writestr(RNN, "rnn")
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == {RNN: b"rnn"}
    assert taken.notes == [f"{LSTM} is there more than once ({LSTM} and {LSTM}): none was taken. Hand in one."]


def test_thousands_of_entries_hide_nothing(tmp_path):
    members = {f"data/{number}.txt": b"" for number in range(5000)} | FILES
    taken = take(pack(tmp_path / "work.zip", members), ASSIGNMENT)
    assert (taken.files, taken.notes) == (FILES, [])


def test_too_many_entries_are_refused(tmp_path):
    members = {f"{number}": b"" for number in range(collection.MAX_ENTRIES + 1)}
    taken = take(pack(tmp_path / "work.zip", members), ASSIGNMENT)
    assert taken.notes == ["work.zip holds far too many entries; a submission has a handful. Pack it again."]


@pytest.mark.parametrize("comment", [b"", b"a comment"])
@pytest.mark.parametrize("inner", [False, True])
def test_a_long_list_of_entries_is_not_read(tmp_path, monkeypatch, inner, comment):
    """300,000 entries take 100 MB and seconds as soon as zipfile sees them; within a zip they deflate to little."""
    monkeypatch.setattr(zipfile, "ZipInfo", None)  # made for each entry that is read
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    entries = entry * (collection.MAX_DIRECTORY // len(entry) + 1)
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 9, 9, len(entries), 0, len(comment)) + comment
    if inner:  # zip64: the end says that the true size is in a record before it
        wide = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 9, 9, len(entries), 0)
        locator = struct.pack("<4sIQI", b"PK\6\7", 0, len(entries), 1)
        end = wide + locator + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 9, 9, 0xFFFFFFFF, 0, len(comment)) + comment
    (tmp_path / "work.zip").write_bytes(entries + end)
    taken = take(tmp_path if inner else tmp_path / "work.zip", ASSIGNMENT)
    assert taken.notes == ["work.zip holds far too many entries; a submission has a handful. Pack it again."]


def test_many_notes_are_counted_and_not_listed(tmp_path):
    taken = take(pack(tmp_path / "work.zip", {f"../{number}": b"" for number in range(999)} | FILES), ASSIGNMENT)
    assert taken.files == FILES
    assert len(taken.notes) == collection.MAX_NOTES + 1
    assert taken.notes[-1] == "989 more entries were ignored for such reasons."


def test_names_of_files_are_short_and_plain_in_messages(tmp_path):
    name = "../\x1b[2J" + "\u202e" + "x" * 500
    (note,) = take(pack(tmp_path / "work.zip", {name: b"", **FILES}), ASSIGNMENT).notes
    assert len(note) < 150
    assert note.isprintable()


# What the tree that is graded looks like then.


@pytest.mark.parametrize(
    "content",
    [
        "# Größe\r\nx = 1\r\n".encode(),
        "\ufeff# Größe\nx = 1\n".encode(),
        "# Größe\nx = 1\n".encode("latin-1"),
        "# -*- coding: latin-1 -*-\n# Größe\nx = 1\n".encode("latin-1"),
        "# Größe\rx = 1\r".encode(),
    ],
    ids=["Windows", "BOM", "Latin-1", "declared Latin-1", "old Macintosh"],
)
def test_text_as_editors_save_it_becomes_readable_source(tmp_path, content):
    handout = unpack(tmp_path / "student", {LSTM: b"pass\n", "models/__init__.py": b""})
    taken = take(pack(tmp_path / "work.zip", {LSTM: content}), ASSIGNMENT)
    with overlay(handout, taken.files) as tree:
        source = (tree / LSTM).read_bytes()
    assert "# Größe\nx = 1\n" in source.decode("utf-8")
    assert b"\r" not in source
    compile(source, LSTM, "exec")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_an_encoding_that_python_cannot_read_stays_as_it_is(tmp_path, encoding):
    handout = unpack(tmp_path / "student", {LSTM: b"handout\n"})
    with overlay(handout, {LSTM: "x = 'Größe'\n".encode(encoding)}) as tree:
        assert (tree / LSTM).read_bytes() == b"handout\n"


# Whatever the bytes.

WHOLE = io.BytesIO()
with zipfile.ZipFile(WHOLE, "w", zipfile.ZIP_DEFLATED) as _archive:
    _archive.writestr(RNN, "rnn\n" * 20)
    _archive.writestr(LSTM, "lstm\n" * 20, compress_type=zipfile.ZIP_STORED)
    _archive.writestr("models/Transformer.py", "t\n" * 20, compress_type=zipfile.ZIP_LZMA)
CHANGES = st.lists(st.tuples(st.integers(0, len(WHOLE.getvalue()) - 1), st.integers(0, 255)), max_size=12)
NAMES = st.one_of(
    st.sampled_from([*ASSIGNMENT.files, "LSTM.py", "models", "..", "/", "\\", "a/models/naive/LSTM.py"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, cut=st.integers(0, 400), junk=st.binary(max_size=40))
def test_damaged_archives_never_raise(tmp_path, changes, cut, junk):
    content = bytearray(WHOLE.getvalue())
    for position, byte in changes:
        content[position] = byte
    (tmp_path / "work.zip").write_bytes(junk + bytes(content)[: len(content) - cut if cut < 200 else None])
    check(take(tmp_path / "work.zip", ASSIGNMENT))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(members=st.dictionaries(NAMES, st.tuples(st.binary(max_size=20), st.integers(0, 2**32 - 1)), max_size=8))
def test_odd_members_never_raise(tmp_path, members):
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        for name, (content, attributes) in members.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = attributes
            archive.writestr(member, content)
    check(take(tmp_path / "work.zip", ASSIGNMENT))


def check(taken: collection.Taken) -> None:
    assert set(taken.files) <= set(ASSIGNMENT.files)
    assert taken.files or taken.notes
    assert all(note.isprintable() and len(note) < 600 for note in taken.notes)


# Notebooks: only that they are there, and what they are called.


def test_notebooks_are_named_and_not_read(submit):
    taken = submit(
        {**FILES, "b/Work.IPYNB": b"not even JSON", "a.ipynb": b"{}", "ipynb": b"", "__MACOSX/._a.ipynb": b""}
    )
    assert taken.files == FILES
    assert sorted(taken.notebooks) == ["a.ipynb", "b/Work.IPYNB"]
    assert taken.notes == []


def test_notebooks_are_read_where_asked_for_and_within_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "NOTEBOOK_LIMIT", 10)
    members = {f"{number}.ipynb": b"0123456789" for number in range(collection.MAX_NOTEBOOKS)}
    folder = unpack(tmp_path / "submission", {**FILES, **members, "0.ipynb": b"01234567890", "z.ipynb": b"{}"})
    assert take(folder, ASSIGNMENT).notebook_files == {}
    taken = take(folder, ASSIGNMENT, with_notebooks=True)
    assert taken.notebook_files == {name: members[name] for name in [*members][1:]}
    assert taken.notes == []


def test_a_notebook_may_lie_beside_the_archive(tmp_path):
    pack(tmp_path / "work.zip", {**FILES, "inside.ipynb": b""})
    unpack(tmp_path, {"beside.ipynb": b""})
    taken = take(tmp_path, ASSIGNMENT)
    assert taken.files == FILES
    assert taken.notebooks == ["inside.ipynb", "beside.ipynb"]
    unpack(tmp_path, {"notes.txt": b""})
    assert take(tmp_path, ASSIGNMENT).files == {}, "then it is no longer clear what the archive is"


# What is no file at all.


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", [LSTM, "models/naive/pipe", "pipe"])
def test_a_pipe_a_socket_and_a_device_are_passed_over(tmp_path, name):
    unpack(tmp_path, {path: content for path, content in FILES.items() if path != name})
    os.mkfifo(tmp_path / name)
    with socket.socket(socket.AF_UNIX) as listening, contextlib.chdir(tmp_path):
        listening.bind("socket")
        taken = take(tmp_path, ASSIGNMENT)
    assert taken.files == {path: content for path, content in FILES.items() if path != name}
    assert f"{name} is no regular file and was ignored." in taken.notes
    assert "socket is no regular file and was ignored." in taken.notes


@pytest.mark.timeout(20)
def test_a_submission_that_is_a_pipe_is_no_submission(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert take(tmp_path / "pipe", ASSIGNMENT).notes == ["There is no submission at pipe."]
    assert take(Path("/dev/zero"), ASSIGNMENT).notes == ["There is no submission at zero."]


def test_folders_deeper_than_pythons_stack_and_links_in_a_circle(tmp_path):
    unpack(tmp_path, FILES)
    (tmp_path / "circle").symlink_to(tmp_path)
    with contextlib.chdir(tmp_path):
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        Path("LSTM.py").write_bytes(b"")
    taken = take(tmp_path, ASSIGNMENT)
    subprocess.run(["rm", "-r", str(tmp_path / "d")], check=True)  # what clears pytest's folders recurs
    assert taken.files == FILES
    assert taken.notes == ["circle is a symbolic link and was not followed; hand in the file itself."]


def test_a_folder_with_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_ENTRIES", 10)
    unpack(tmp_path, {f"{number}.txt": b"" for number in range(11)})
    assert take(tmp_path, ASSIGNMENT).notes == ["More than 10 files were handed in; a submission has a handful."]


def test_a_folder_with_too_many_files_is_not_listed_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_ENTRIES", 10)
    unpack(tmp_path, {f"{number}.txt": b"" for number in range(30)})
    listed = []
    ignored = collection._is_ignored
    monkeypatch.setattr(collection, "_is_ignored", lambda name: listed.append(name) or ignored(name))
    assert take(tmp_path, ASSIGNMENT).notes
    assert len(listed) == 10


def test_the_entries_of_all_folders_are_counted_together(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "MAX_ENTRIES", 10)
    unpack(tmp_path, {f"{folder}/{number}.txt": b"" for folder in "abc" for number in range(3)})
    assert take(tmp_path, ASSIGNMENT).notes == ["More than 10 files were handed in; a submission has a handful."]


def test_an_entry_without_a_name_is_passed_over(tmp_path):
    pack(tmp_path / "work.zip", {**FILES, "x": b""})
    data = (tmp_path / "work.zip").read_bytes()
    (tmp_path / "work.zip").write_bytes(data.replace(b"\1\0\0\0x", b"\1\0\0\0\0").replace(b"\0x", b"\0\0"))
    taken = take(tmp_path / "work.zip", ASSIGNMENT)
    assert taken.files == FILES
