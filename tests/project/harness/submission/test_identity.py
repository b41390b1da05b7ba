"""Ids and groups."""

import pytest

from tests.project.harness.submission.made_up import CONTRACT, run, write


@pytest.mark.parametrize(
    "arguments",
    [
        ["--id", "Müller"],
        ["--id", "ab cd"],
        ["--id", ""],
        ["--id", "../../x"],
        ["--id", "a\n"],
        ["--id", "ab", "--id", "cd"],
        ["--id", "ab", "--id", "ab", "--group-size", "2"],
        ["--group-size", "0"],
        ["--id", "ab", "--group-size", "-1"],
    ],
)
def test_a_wrong_id_or_group_writes_nothing(capsys, tmp_path, student, arguments):
    code, text = run(capsys, "--tree", student, "--out", tmp_path / "x.zip", *arguments)
    assert code == 1
    assert "UNUSABLE" in text
    assert not (tmp_path / "x.zip").exists()


def test_a_wrong_id_is_answered_in_words_where_there_are_some(capsys, student):
    wrong = ["--tree", student, "--check", "--id", "a b"]
    assert CONTRACT["id_pattern"] in run(capsys, *wrong)[1]
    write(student, {}, {**CONTRACT, "id_help": "2 to 32 letters"})
    text = run(capsys, *wrong)[1]
    assert '"a b" is not an id. Expected: 2 to 32 letters' in text
    assert "[A-Z" not in text


def test_an_archive_without_an_id_is_written_with_a_warning(capsys, tmp_path, student):
    arguments = ["--tree", student, "--out", tmp_path]
    code, text = run(capsys, *arguments, "--strict")
    assert code == 0
    assert text.count("warning: the archive carries no id.") == text.count("warning") == 1
    assert (tmp_path / "sequence-models.zip").exists()
    assert "carries no id" not in run(capsys, *arguments, "--check")[1]
    assert "carries no id" not in run(capsys, *arguments, "--id", "ab")[1]
    write(student, {}, {**CONTRACT, "archive_name": "fixed.zip"})
    assert "carries no id" not in run(capsys, *arguments)[1]


def test_groups(capsys, tmp_path, student):
    pair = ["--tree", student, "--out", tmp_path, "--id", "ab", "--id", "cd"]
    code, text = run(capsys, *pair, "--group-size", "2")
    assert code == 0
    assert "at most 1" in text
    assert (tmp_path / "sequence-models_ab_cd.zip").exists()
    write(student, {}, {**CONTRACT, "group_size": 2})
    code, text = run(capsys, *pair)
    assert code == 0
    assert "No faults" in text
    assert run(capsys, *pair, "--group-size", "1")[0] == 1
