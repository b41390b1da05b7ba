from pathlib import Path

from autograder.course.handins import HandIn


def test_a_folder_or_a_zip_is_opened_where_it_is(tmp_path: Path) -> None:
    with HandIn("a", tmp_path).opened() as place:
        assert place == tmp_path
    assert tmp_path.exists()


def test_loose_files_are_copied_under_their_own_names_and_the_copies_removed(tmp_path: Path) -> None:
    (tmp_path / "doe_1_2_LSTM.py").write_text("x = 1\n")
    handin = HandIn("a", tmp_path, files=(("LSTM.py", tmp_path / "doe_1_2_LSTM.py"),))
    with handin.opened() as place:
        assert [(path.name, path.read_text()) for path in place.iterdir()] == [("LSTM.py", "x = 1\n")]
    assert not place.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["doe_1_2_LSTM.py"]
