"""What the command prints of one test; how it runs is in tests/project/grade/test_explain.py."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder import REPOSITORY, commands
from autograder.course.explain import SECRET, ExplainError, source
from tests.project.course.conftest import Shared
from tests.project.course.exports import packed
from tests.project.grade.test_engine import LSTM, SOLUTION, in_forward

Explain = Callable[..., str]
ESCAPES = "print('\\x1b[2J[bold]hi[/bold]')\nraise ValueError('\\x1b[31m[link=x]' + 9_999 * 'long')"


@pytest.fixture
def explain(tmp_path: Path, kit_zip: Path, shared: Shared) -> Explain:
    def call(files: dict[str, bytes], *options: object, test: str = "1.2.4") -> str:
        path = tmp_path / "ben.zip"
        path.write_bytes(packed({name: content.decode() for name, content in files.items()}))
        words = ["explain", path, test, "--kit", kit_zip, *options]
        return CliRunner().invoke(commands.app, list(map(str, words)), catch_exceptions=False).output

    return call


def test_staff_see_what_was_expected_beside_what_came(explain: Explain) -> None:
    said = explain(SOLUTION | {LSTM: SOLUTION[LSTM].replace(b"c = f * c + i * g", b"c = i * g")})
    parts = re.split(r"\n\n(?=\w)", said)
    assert parts[0].startswith("1.2.4 lstm reads a whole sequence, of ben.zip\ntests/models/naive/test_LSTM.py:")
    assert parts[1].startswith("What the student reads\n  0 of 9.33 points, failed")
    assert re.fullmatch(r"Run again with the inputs public\n  It fails in the same way\. *", parts[2])
    assert re.search(r"Sizes of the inputs: N = \d+, T = \d+", parts[3])
    assert re.search(r"\n  h +\(4, 7\) float32 +\(4, 7\) float32 +up to 0\.\d+, in \d+ of 28", parts[3])
    assert re.match(r"h\n  expected \[0, 0:6\] .*\n  came     \[0, 0:6\] ", parts[4])
    assert SECRET not in said


def test_a_right_submission_passes_with_all_inputs(explain: Explain) -> None:
    said = explain(SOLUTION)
    assert re.search(r"Run again with the inputs public,? (and )?hidden-1.*\n  It passes\.", said)
    assert explain(SOLUTION, "--seed", "hidden-1").count(SECRET) == 1


def test_text_of_a_student_is_printed_without_control_characters_and_markup(explain: Explain) -> None:
    said = explain(in_forward(ESCAPES))
    assert "\x1b" not in said
    assert "?[2J[bold]hi[/bold]" in said
    assert "?[31m[link=x]longlong" in said
    assert "raise ValueError('\\x1b[31m" in said
    assert len(said) < 10_000


def test_a_submission_of_a_graded_class_comes_from_its_record(
    explain: Explain, tmp_path: Path, kit_zip: Path, shared: Shared
) -> None:
    explain(in_forward("x = 2 * x"))  # writes ben.zip
    (source_folder := tmp_path / "class").mkdir()
    (tmp_path / "ben.zip").rename(source_folder / "ben.zip")
    words = ["batch", source_folder, "--out", tmp_path / "out", "--kit", kit_zip]
    assert CliRunner().invoke(commands.app, list(map(str, words))).exit_code == 0
    shared.asked.clear()
    words = ["explain", "ben", "1.2.4", "--kit", kit_zip, "--from", tmp_path / "out"]
    said = CliRunner().invoke(commands.app, list(map(str, words)), catch_exceptions=False).output
    assert "lstm reads a whole sequence, of ben\n" in said
    assert "It fails in the same way." in said
    assert ["explain" in request for request in shared.asked] == [True], "the row is in the record"
    (other := tmp_path / "other.zip").write_bytes(kit_zip.read_bytes() + b"another digest")
    words[4] = other
    said = CliRunner().invoke(commands.app, list(map(str, words)), catch_exceptions=False).output
    assert "of ben, who was graded with another kit\n" in said
    words[1] = "eve"
    with pytest.raises(ExplainError, match="no submission has a student eve"):
        CliRunner().invoke(commands.app, list(map(str, words)), catch_exceptions=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seed", "hidden-99"), "--seed hidden-99: expected one of public, hidden-1"),
        (("--from", "nowhere"), "nowhere/class.sqlite does not exist: grade a class first"),
    ],
)
def test_what_cannot_be_shown_is_named(explain: Explain, options: tuple[str, ...], message: str) -> None:
    with pytest.raises(Exception, match=message):
        explain(SOLUTION, *options)
    with pytest.raises(ExplainError, match=r"has no test 9\.9\.9; it has 1\.1\.1, "):
        explain(SOLUTION, test="9.9.9")


def test_a_tests_source_is_found_without_importing_it(graded) -> None:
    for test in graded[::20]:
        file, _, line = source(test).partition(":")
        words = (REPOSITORY / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        assert words.startswith(f"def {test.name}(")
