"""The report as a file: whole, self-contained, and with no text of a student unescaped."""

import base64
import json
import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.course import report
from autograder.course.pages import PageError
from autograder.course.record import Record, RecordError
from tests.project.course import synthetic


class Elements(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_no_text_of_a_student_becomes_an_element_or_an_attribute(path: Path):
    page = path.read_text(encoding="utf-8")
    found = Elements(page).found
    assert synthetic.ALERT not in page
    assert [attributes.get("type") for tag, attributes in found if tag == "script"] == [
        "application/json", "text/plain", None,
    ]  # fmt: skip
    assert not {"img", "b", "iframe", "link", "form"}.intersection(tag for tag, _ in found)
    names = {name for _, attributes in found for name in attributes}
    assert not [name for name in names if name.startswith("on") or name in ("style", "src")]


def test_it_loads_nothing(path: Path):
    links = [attributes["href"] or "" for _, attributes in Elements(path.read_text(encoding="utf-8")).found
             if "href" in attributes]  # fmt: skip
    assert links
    assert all(link.startswith(("#", "similarity/")) for link in links)
    assert not re.search(r"@import|url\(", path.read_text(encoding="utf-8"))


def test_it_holds_what_every_student_reads(record: Record, path: Path):
    [packed] = re.findall(r'<script type="text/plain" id="results">(.*?)</script>', path.read_text(encoding="utf-8"))
    content = json.loads(zlib.decompress(base64.b64decode(packed)))
    lines, rows = content["lines"], content["rows"]
    for submission in record.submissions():
        results, held = record.results(submission.id), content["students"][submission.id]
        assert held["score"] == submission.score
        if results is not None:
            assert "\n".join(lines[index] for index in held["output"]) == results["output"]
            read = [(rows[index][1], "\n".join(lines[line] for line in rows[index][7])) for index in held["rows"]]
            assert read == [(row["name"], row["output"]) for row in results["tests"]]
    assert len(set(map(str, rows))) == len(rows)


def test_every_group_that_a_link_names_is_there(path: Path):
    page = path.read_text(encoding="utf-8")
    [text] = re.findall(r'<script type="application/json" id="groups">(.*?)</script>', page)
    groups = json.loads(text)
    keys = {key.replace("%3A", ":") for key in re.findall(r'href="#behind=([^"]+)"', page)}
    assert len(keys) > 150
    assert keys <= groups.keys()


def test_a_class_without_submissions_has_a_report(tmp_path: Path):
    empty = synthetic.fill(tmp_path / "class.sqlite", 0)
    assert "Nothing in these results needs attention." in report.page(empty)


def test_a_record_without_a_run_has_none(tmp_path: Path):
    with pytest.raises(RecordError, match="holds no run yet"):
        report.page(Record.create(tmp_path / "class.sqlite"))


def test_only_a_report_is_replaced(tmp_path: Path):
    record, path = synthetic.fill(tmp_path / "class.sqlite", 1), tmp_path / report.NAME
    report.write(record, path)
    report.write(record, path)
    path.write_text("precious")
    with pytest.raises(PageError, match="is there already"):
        report.write(record, path)
    assert path.read_text() == "precious"
