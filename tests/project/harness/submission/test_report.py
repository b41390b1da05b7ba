"""The report, an upload of its own."""

import os
from pathlib import Path

import pytest

from tests.project.harness.submission.made_up import run

REPORT = """# Report

<!-- answer: attention -->
It looks
back.
<!-- end -->

<!-- answer: failures -->
*(your answer)*
<!-- end -->
<!-- answer: empty -->
<!-- end -->
"""


def report(folder: Path, text: str, age: float = 0) -> None:
    """Write a report whose PDF is younger than its text by so many seconds."""
    folder.mkdir(exist_ok=True)
    (folder / "report.md").write_text(text, encoding="utf-8", newline="")
    (folder / "report.pdf").write_bytes(b"%PDF")
    written = (folder / "report.md").stat().st_mtime
    os.utime(folder / "report.pdf", (written + age, written + age))


@pytest.mark.parametrize("text", [REPORT, REPORT.replace("\n", "\r\n")], ids=["LF", "CRLF"])
def test_open_questions_of_the_report_are_named(capsys, tmp_path, student, text):
    report(tmp_path / "report", text)
    code, said = run(capsys, "--tree", student, "--out", tmp_path, "--strict")
    assert code == 0
    assert "warning: report/report.md: questions are still open: failures (line 9), empty (line" in " ".join(
        said.split()
    )
    assert "attention (" not in said
    assert f"Your report is an upload of its own: {tmp_path / 'report' / 'report.pdf'}\n" in said
    assert "not ready yet" in said


def test_a_finished_report_is_an_upload_of_its_own(capsys, tmp_path, student):
    report(tmp_path / "report", REPORT.partition("<!-- answer: failures")[0])
    code, said = run(capsys, "--tree", student, "--out", tmp_path)
    assert code == 0
    assert str(tmp_path / "report" / "report.pdf") in said
    assert "warning: report" not in said
    assert "not ready yet" not in said


@pytest.mark.parametrize(("age", "words"), [(-5, "report.pdf is older than it"), (None, "report.pdf is not there")])
def test_a_report_without_its_pdf_or_with_an_old_one(capsys, tmp_path, student, age, words):
    report(tmp_path / "report", REPORT.partition("<!-- answer: failures")[0], age or 0)
    if age is None:
        (tmp_path / "report" / "report.pdf").unlink()
    said = " ".join(run(capsys, "--tree", student, "--out", tmp_path)[1].split())
    assert f"warning: report/report.md: {words}. To make it: python -m workbench report" in said


def test_without_a_report_nothing_is_said_of_one(capsys, tmp_path, student):
    (tmp_path / "report").mkdir()
    assert "report" not in run(capsys, "--tree", student, "--out", tmp_path)[1].replace(str(tmp_path), "")
