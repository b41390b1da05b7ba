import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.course.handins import HandIn, Student
from autograder.course.sources import SourceError, gradescope, read
from autograder.course.sources.listing import identified
from autograder.grade import collection
from tests.project.course import exports
from tests.project.course.exports import ALI, JANE, MING, Handed, packed
from tests.project.course.records import graded, record

WORK = packed({"models/naive/LSTM.py": "x = 1\n"})
CLASS = [Handed(11, (JANE,), WORK), Handed(12, (MING,), WORK)]


def ids(source: Path) -> list[str]:
    return [handin.id for handin in read(source).handins]


def put(folder: Path, *names: str) -> None:
    """Write files, and make folders for names that end in a slash."""
    for name in names:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(WORK if name.endswith(".zip") else b"x = 1\n")


@pytest.mark.parametrize("format", exports.FORMATS)
def test_every_format_gives_each_submission_once_and_all_its_files(tmp_path: Path, format: str, assignment) -> None:
    exports.FORMATS[format](tmp_path / "source", CLASS)
    source = read(tmp_path / "source")
    assert (source.format, source.notes) == (format, ())
    assert len(source.handins) == 2
    assert [handin.id for handin in source.handins] == sorted(handin.id for handin in source.handins)
    for handin in source.handins:
        assert (handin.notes, handin.files) == ((), ())
        with handin.opened() as place:
            assert collection.take(place, assignment).files == {"models/naive/LSTM.py": b"x = 1\n"}


@pytest.mark.parametrize("format", ["Gradescope export", "Moodle export", "Canvas export"])
def test_an_export_may_lie_in_a_folder_of_its_own(tmp_path: Path, format: str) -> None:
    exports.FORMATS[format](tmp_path / "assignment_7_export", CLASS)
    put(tmp_path, "__MACOSX/", ".DS_Store")
    assert read(tmp_path).format == format
    assert len(read(tmp_path).handins) == 2


# Gradescope.


def test_gradescope_says_who_handed_in_and_when(tmp_path: Path) -> None:
    exports.gradescope(tmp_path, [Handed(11, (JANE, ALI), WORK), Handed(12, (MING,), WORK)])
    group, single = read(tmp_path).handins
    assert (group.id, group.students, single.students) == ("submission_11", (JANE, ALI), (MING,))
    assert group.created == datetime(2026, 3, 1, 10, 30, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-03-01 10:30:00.5 Z", datetime(2026, 3, 1, 10, 30, 0, 500000, tzinfo=UTC)),
        ("2026-03-01 02:30:00 -08:00", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
        ("'2026-03-01T10:30:00.000Z'", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
        ("2026-03-01 10:30:00 UTC", datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
        ("2026-03-01 10:30:00", None),  # without an offset it says nothing
        ("[1, 2]", None),
        ("!!python/object/apply:os.system ['exit 1']", None),
    ],
)
def test_a_time_is_read_in_every_form_or_its_absence_is_noted(tmp_path: Path, time: str, expected: object) -> None:
    put(tmp_path, "submission_1/a.py")
    text = f"---\nsubmission_1:\n  :submitters:\n  - :name: Jane\n    :sid: 007\n    :email: ~\n  :created_at: {time}\n"
    (tmp_path / "submission_metadata.yml").write_text(text)
    (handin,) = read(tmp_path).handins
    assert handin.students == (Student("Jane", "", "007"),)
    assert handin.created == expected
    assert bool(handin.notes) == (expected is None)


def test_folders_and_metadata_that_do_not_fit_are_told(tmp_path: Path) -> None:
    exports.gradescope(tmp_path, [*CLASS, Handed(14, (ALI,), WORK)])
    (tmp_path / "submission_11").rename(tmp_path / "submission_13")
    metadata = tmp_path / "submission_metadata.yml"
    metadata.write_text(
        metadata.read_text(encoding="utf-8").replace("submission_14", "submission_12"), encoding="utf-8"
    )
    (tmp_path / "submission_14").rename(tmp_path / "__MACOSX")
    put(tmp_path, "notes.txt")
    source = read(tmp_path)
    assert [handin.id for handin in source.handins] == ["submission_12", "submission_13"]
    assert source.handins[0].students == (MING,)  # the first of two entries
    assert "does not say who" in source.handins[1].notes[0]
    assert "names folders that are not there: submission_11." in source.notes[0]
    assert "notes.txt was ignored" in source.notes[1]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "a: [", "\x00", "a: " + "[" * 2000, "{a: " * 900])
def test_metadata_that_are_none_give_a_sentence(tmp_path: Path, text: str) -> None:
    put(tmp_path, "submission_1/a.py")
    (tmp_path / "submission_metadata.yml").write_text(text)
    with pytest.raises(SourceError, match=r"submission_metadata\.yml"):
        read(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "submission_1:\n",
        "submission_1: *a\n" * 2,
        "? [x]\n: y\n",
        "submission_1:\n  :submitters: [x]\n",
    ],
)
def test_metadata_of_another_form_name_nobody(tmp_path: Path, text: str) -> None:
    put(tmp_path, "submission_1/a.py")
    (tmp_path / "submission_metadata.yml").write_text(text)
    (handin,) = read(tmp_path).handins
    assert handin.students == ()
    assert "does not say who has handed this in" in handin.notes[0]


def test_a_folder_is_never_reached_through_metadata(tmp_path: Path) -> None:
    put(tmp_path, "outside/a.py", "export/submission_1/a.py")
    (tmp_path / "export" / "submission_metadata.yml").write_text(
        "../outside:\n  :submitters: []\nsubmission_1:\n  :submitters: []\n"
    )
    assert ids(tmp_path / "export") == ["submission_1"]


def test_only_what_is_wanted_of_the_metadata_is_kept(tmp_path: Path) -> None:
    exports.gradescope(tmp_path, CLASS)
    known = list(gradescope._submissions(tmp_path / "submission_metadata.yml"))
    assert [(name, sorted(each)) for name, each in known] == [
        ("submission_11", [":created_at", ":submitters"]),
        ("submission_12", [":created_at", ":submitters"]),
    ]


# Moodle.


def test_moodle_names_participants_and_groups(tmp_path: Path) -> None:
    put(
        tmp_path,
        "Ali Öztürk_456_assignsubmission_file_/work.zip",
        "Jane Doe_123_assignsubmission_file/LSTM.py",
        "Jane Doe_123_assignsubmission_onlinetext/onlinetext.html",
        "Default group_assignsubmission_file/LSTM.py",
        "grades.csv",
    )
    source = read(tmp_path)
    assert [handin.id for handin in source.handins] == ["Ali_Ozturk_456", "Default_group", "Jane_Doe_123"]
    assert source.handins[0].students == (Student("Ali Öztürk", number="456"),)
    assert source.handins[1].students == (Student("Default group"),)
    assert [note.split(" was")[0] for note in source.notes] == [
        "Jane Doe_123_assignsubmission_onlinetext", "grades.csv",
    ]  # fmt: skip


def test_flat_moodle_files_of_a_student_are_one_submission(tmp_path: Path, assignment) -> None:
    exports.moodle_flat(tmp_path, CLASS[1:])
    put(tmp_path, "Jane Doe_11_assignsubmission_file_LSTM.py", "Jane Doe_11_assignsubmission_file_a_b.py")
    jane, ming = read(tmp_path).handins
    assert ming.place.name == "Ming Li_12_assignsubmission_file_work.zip"
    assert [name for name, _ in jane.files] == ["LSTM.py", "a_b.py"]
    with jane.opened() as place:
        assert sorted(path.name for path in place.iterdir()) == ["LSTM.py", "a_b.py"]
        assert "models/naive/LSTM.py" in collection.take(place, assignment).files
    assert not place.exists()


# Canvas.


def test_canvas_late_anonymous_and_loose_files(tmp_path: Path) -> None:
    put(
        tmp_path,
        "doejane_LATE_123_9001_work.zip",
        "liming_456_9002_LSTM.py",
        "liming_456_9003_Encoder.py",
        "o_neil_5_x_789_9004_work_2_3_b.zip",
        "anon_aB3xz_9005_work.zip",
        "LATE_anon_Zz9ab_9006_work.zip",
        "roejoe_321_text.html",
        "syllabus.pdf",
    )
    source = read(tmp_path)
    known = {handin.id: handin for handin in source.handins}
    assert sorted(known) == ["anon_Zz9ab", "anon_aB3xz", "doejane_123", "liming_456", "o_neil_5_x_789"]
    assert known["doejane_123"].students == (Student("doejane", number="123"),)
    assert known["doejane_123"].notes == ("Canvas marks it late; by how much is not known.",)
    assert known["anon_Zz9ab"].notes == known["doejane_123"].notes
    assert known["anon_aB3xz"].students == known["anon_aB3xz"].notes == ()
    assert [name for name, _ in known["liming_456"].files] == ["LSTM.py", "Encoder.py"]
    assert known["doejane_123"].created is None
    assert [note.split(" was")[0] for note in source.notes] == ["roejoe_321_text.html", "syllabus.pdf"]


def test_canvas_takes_the_newest_of_files_that_it_has_renamed(tmp_path: Path) -> None:
    put(tmp_path, "doejane_1_20_work.zip", "doejane_1_9_work-1.zip", "liming_2_10_a.zip")
    jane, _ = read(tmp_path).handins
    assert jane.place.name == "doejane_1_20_work.zip"
    assert jane.notes == ("work-1.zip and work.zip were handed in; the newest, work.zip, is graded.",)


@pytest.mark.parametrize(
    "names",
    [
        ("sequence-models_111_222_333.zip", "sequence-models_444_555_666.zip"),  # the numbers of groups
        ("hw4_2026_111_final.zip", "hw4_2026_222_final.zip"),
        ("jane_2026_111_final.zip", "ming_2026_222_final.zip"),
        ("hw_111_222_333.zip", "hw_444_555_666.zip"),
    ],
)
def test_archives_with_numbers_in_their_names_are_not_canvas(tmp_path: Path, names: tuple[str, ...]) -> None:
    put(tmp_path, *names)
    assert read(tmp_path).format == "folder of zips"
    assert ids(tmp_path) == [Path(name).stem for name in names]


@pytest.mark.parametrize("names", [("doejane_1_2_a.zip",), ("doejane_1_2_LSTM.py", "doejane_1_3_Encoder.py")])
def test_canvas_export_of_one_student(tmp_path: Path, names: tuple[str, ...]) -> None:
    put(tmp_path, *names)
    assert read(tmp_path).format == "Canvas export"
    assert ids(tmp_path) == ["doejane_1"]


@pytest.mark.parametrize("name", ["a_1_assignsubmission_file_b.zip", "x_1_2_a.zip"])
def test_one_student_does_not_change_the_format_by_a_name(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, "b.zip", "c.zip")
    assert read(tmp_path).format == "folder of zips"
    assert ids(tmp_path) == sorted([Path(name).stem, "b", "c"])


# Folders.


def test_zips_and_folders_may_be_mixed_and_other_files_are_told(tmp_path: Path) -> None:
    put(tmp_path, "a.zip", "b/LSTM.py", "c.ZIP", "notes.txt", ".hidden/", "__MACOSX/", ".DS_Store", "Thumbs.db")
    source = read(tmp_path)
    assert source.format == "folder of zips and folders"
    assert ids(tmp_path) == ["a", "b", "c"]
    assert source.notes == ("notes.txt was ignored: a submission is a zip or a folder.",)


def test_links_and_what_is_no_file_are_not_touched(tmp_path: Path) -> None:
    put(tmp_path, "source/a.zip", "secret.zip", "folder/")
    (tmp_path / "source" / "b.zip").symlink_to(tmp_path / "secret.zip")
    (tmp_path / "source" / "c").symlink_to(tmp_path / "folder")
    (tmp_path / "source" / "d.zip").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "source" / "e.zip")
    source = read(tmp_path / "source")
    assert [handin.id for handin in source.handins] == ["a"]
    assert len(source.notes) == 4


def test_results_of_an_earlier_run_are_no_submission(tmp_path: Path) -> None:
    put(tmp_path, "a.zip", "results/class.sqlite", "b/class.sqlite")
    source = read(tmp_path, tmp_path / "results")
    assert [handin.id for handin in source.handins] == ["a", "b"], "no file that a student hands in removes the student"
    assert source.notes == ("results holds the results, and was ignored.",)


@pytest.mark.parametrize("names", [(), ("notes.txt", "LSTM.py"), (".hidden/a.zip",)])
def test_a_folder_without_submissions_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    put(tmp_path, *names)
    with pytest.raises(
        SourceError, match=r"expected an unpacked export .* or a folder with a zip or a folder for each"
    ):
        read(tmp_path)


def test_a_zip_is_to_be_unpacked_and_a_missing_folder_named(tmp_path: Path) -> None:
    put(tmp_path, "export.zip", "notes.txt")
    with pytest.raises(SourceError, match=r"export\.zip is a zip: unpack it"):
        read(tmp_path / "export.zip")
    with pytest.raises(SourceError, match=r"notes\.txt is no folder"):
        read(tmp_path / "notes.txt")
    with pytest.raises(SourceError, match="nowhere does not exist"):
        read(tmp_path / "nowhere")


# Identifiers.


def identifiers(*names: str) -> list[str]:
    return [handin.id for handin in identified(HandIn(name, Path(name)) for name in names)]


def test_identifiers_keep_what_is_safe_and_tell_equal_ones_apart() -> None:
    assert identifiers("Jane Doe", "Ali Öztürk", "x.y-z_1") == ["Ali_Ozturk", "Jane_Doe", "x.y-z_1"]
    assert identifiers("a b", "A_b", "a_b-2") == ["A_b", "a_b-2", "a_b-3"]
    assert identifiers("..", "-rf", ".hidden")[1:] == ["hidden", "rf"]
    wang, lukasz = identifiers("王小明", "Łukasz")
    assert re.fullmatch("[0-9a-f]{8}", wang)
    assert re.fullmatch("ukasz-[0-9a-f]{8}", lukasz)


@given(
    st.lists(st.text(max_size=12) | st.sampled_from(["a", "A", "a-2", "á"]) | st.text("x", min_size=200), max_size=8)
)
@settings(max_examples=50, deadline=None)
def test_identifiers_name_files_and_are_unique_whatever_names_there_are(names: list[str]) -> None:
    found = identifiers(*names)
    assert len({id.lower() for id in found}) == len(names)
    assert all(re.fullmatch(r"(?a)[A-Za-z0-9_][\w.-]*", id) and len(id) < 100 for id in found)
    assert found == identifiers(*reversed(names))


@given(st.lists(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=40), max_size=6))
@settings(max_examples=50, deadline=None)
def test_no_name_of_a_file_makes_reading_fail(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("source")
    for name in names:
        if len(name.encode()) < 200 and name not in (".", ".."):
            (folder / f"{name}_1_2_a.zip").write_bytes(b"")
            (folder / f"{name}_1_assignsubmission_file_.a").write_bytes(b"")
    try:
        source = read(folder)
    except SourceError:
        return
    for handin in source.handins:
        assert all(text.isprintable() for text in (handin.id, *(student.name for student in handin.students)))
        assert all("/" not in name and name not in (".", "..") for name, _ in handin.files)


def test_a_name_that_is_not_utf_8_is_read_and_recorded(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"J\xf6rg.zip")).write_bytes(WORK)
    (handin,) = read(tmp_path).handins
    assert re.fullmatch(r"[\w.-]+", handin.id)
    with record(tmp_path / "build", [replace(graded(handin.id, 1.0), handin=handin)]) as made:
        assert made.submissions()[0].place.endswith("J\\udcf6rg.zip")
