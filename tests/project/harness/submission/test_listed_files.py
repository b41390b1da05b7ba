"""What is read from a tree."""

import zipfile

import pytest

from harness.submission.encoding import LIMIT
from harness.submission.findings import Severity
from harness.submission.listed_files import irregular, read_tree
from tests.project.harness.submission.made_up import ASSIGNMENT, LSTM, RNN, SOLVED, TRANSFORMER, only, run, write


def test_a_tree_is_read_by_the_list(tmp_path):
    write(tmp_path, {**SOLVED, "models/other.py": "", "LSTM.py": ""})
    assert read_tree(tmp_path, ASSIGNMENT) == {path: text.encode() for path, text in SOLVED.items()}
    assert irregular(tmp_path, ASSIGNMENT) == []


def test_a_huge_file_is_not_read_whole(tmp_path):
    write(tmp_path, {LSTM: b"#" * (3 * LIMIT)})
    assert len(read_tree(tmp_path, ASSIGNMENT)[LSTM]) == LIMIT + 1


def test_links_out_of_the_tree_are_refused(tmp_path):
    tree = write(tmp_path / "student", SOLVED)
    secret = tmp_path / "secret.py"
    secret.write_text("secret")
    (tree / LSTM).unlink()
    (tree / LSTM).symlink_to(secret)
    finding = only(irregular(tree, ASSIGNMENT))
    assert (finding.severity, finding.file, finding.deliverables) == (Severity.FAULT, LSTM, ("naive.LSTM",))
    assert "leads out" in finding.message
    assert LSTM not in read_tree(tree, ASSIGNMENT)


def test_a_linked_folder_is_refused_too(tmp_path):
    """Looking at the file alone misses this: the last step of its path is no link."""
    tree = write(tmp_path / "student", {TRANSFORMER: SOLVED[TRANSFORMER]})
    write(tmp_path / "elsewhere", {"RNN.py": "secret"}, None)
    (tree / "models" / "naive").symlink_to(tmp_path / "elsewhere")
    assert list(read_tree(tree, ASSIGNMENT)) == [TRANSFORMER]


def test_links_within_the_tree_and_to_the_tree_are_followed(tmp_path):
    tree = write(tmp_path / "student", SOLVED)
    (tree / LSTM).rename(tree / "mine.py")
    (tree / LSTM).symlink_to(tree / "mine.py")
    (tmp_path / "link").symlink_to(tree)
    assert read_tree(tmp_path / "link", ASSIGNMENT)[LSTM] == SOLVED[LSTM].encode()


def test_links_in_a_circle_and_folders_are_told(tmp_path):
    tree = write(tmp_path, {TRANSFORMER: SOLVED[TRANSFORMER]})
    (tree / LSTM).mkdir(parents=True)
    (tree / RNN).symlink_to(tree / RNN)
    assert [finding.file for finding in irregular(tree, ASSIGNMENT)] == [RNN, LSTM]
    assert list(read_tree(tree, ASSIGNMENT)) == [TRANSFORMER]


@pytest.mark.parametrize("names", [["LSTM (1).py"], ["LSTM copy.py", "LSTM.py.txt"]])
def test_a_copy_beside_a_missing_file_is_to_be_renamed(capsys, tmp_path, student, names):
    for name in names:
        (student / LSTM).with_name(name).write_bytes((student / LSTM).read_bytes())
    assert "rename" not in run(capsys, "--tree", student, "--check")[1]
    (student / LSTM).unlink()
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    flat = " ".join(text.split())
    assert f"FAULT: {LSTM}: missing, but {' and '.join(names)} is there: rename it to LSTM.py. Costs" in flat
    assert flat.count(f"FAULT: {LSTM}") == 1


def test_missing_huge_and_linked_files_are_not_packed_and_told_once(capsys, tmp_path, student):
    (student / RNN).unlink()
    (student / RNN).mkdir()
    write(student, {LSTM: b"#" * (LIMIT + 1)})
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip")
    assert code == 0
    assert text.count(f"FAULT: {RNN}") == text.count(f"FAULT: {LSTM}") == 1
    assert text.count("NOT PACKED") == 2
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == [TRANSFORMER, "manifest.json"]
