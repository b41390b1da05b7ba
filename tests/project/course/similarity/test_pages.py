"""The command on a graded class: report, pages and the packet of a case."""

import html
import random
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from autograder.course.handins import HandIn, Student
from autograder.course.record import GRADED, NAME, Graded, Record
from autograder.course.similarity import report, works
from autograder.course.similarity.fingerprints import Baseline
from autograder.course.similarity.regions import regions
from autograder.course.similarity_command import similarity
from tests.project.course.similarity import corpus
from tests.project.course.similarity.conftest import PART, Works

EVIL = '"><img src=x onerror=alert(1)>\x1b[31m\u202e'
TRANSFORMER = "models/Transformer.py"
app = typer.Typer()
app.command()(similarity)


def graded(
    folder: Path, works: Mapping[str, Mapping[str, bytes]], students: Mapping[str, Student] | None = None
) -> Path:
    with Record.create(folder / NAME) as record:
        contract = (corpus.ROOT / "student" / "assignment.json").read_text(encoding="utf-8")
        record.add_kit("kit", "a1b2c3", contract, "[]", {})
        run = record.begin("folder", "a folder", "kit")
        for id, files in works.items():
            handin = HandIn(id, folder, ((students or {}).get(id, Student(id)),))
            record.add(Graded(handin, "digest", "{}", GRADED, "kit", files=files), run)
        record.finish(run)
    return folder


@pytest.fixture(autouse=True, scope="module")
def _baseline_is_read_once(baseline: Baseline) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(works, "baseline", lambda: baseline)
        yield


@pytest.fixture(scope="module")
def renamed(parts: Works) -> dict[str, bytes]:
    return corpus.DISGUISES["renamed"](parts["terse"], random.Random(1))


@pytest.fixture(scope="module")
def partial(rewrites: Works) -> dict[str, bytes]:
    """A work with one file of `careful`; the others are in no other work of these classes."""
    own = ("models/seq2seq/Decoder.py", "models/naive/LSTM.py")
    return {TRANSFORMER: rewrites["careful"][TRANSFORMER]} | {path: rewrites["terse"][path] for path in own}


@pytest.fixture(scope="module")
def copied(
    tmp_path_factory: pytest.TempPathFactory, parts: Works, renamed: dict[str, bytes], partial: dict[str, bytes]
) -> Path:
    """A class in which one has copied all, whose name and code are hostile, and another one a file."""
    whole = {**renamed, "evil</h2>.ipynb": b"x = 1"}
    whole[TRANSFORMER] += b"\nnote = '</code><script>alert(2)</script>\x07'\n"
    students = {"zz": Student(EVIL), "yy": Student("Yves")}
    folder = graded(tmp_path_factory.mktemp("class"), {**parts, "yy": partial, "zz": whole}, students)
    result = CliRunner().invoke(app, [str(folder)])
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    assert "Nearly the same work: 2 submissions: terse, " in result.output
    assert "careful and Yves\n" in result.output
    return folder


def read(folder: Path) -> report.Found:
    return report.load(folder / "similarity" / report.NAME)


class Tags(HTMLParser):
    """Collects tags, attributes and identifiers."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name == "href"]


def test_the_report_holds_the_group_and_the_pair(copied: Path) -> None:
    found = read(copied)
    [group], [pair] = found.groups, found.pairs
    assert group.ids == ("terse", "zz")
    assert group.names[1] == EVIL
    [same] = group.pairs
    assert (same.one, same.other, same.earlier) == ("terse", "zz", False)
    assert min(same.shares) > 0.8
    assert {*same.files} == {*PART}
    assert (pair.one, pair.other, pair.earlier) == ("careful", "yy", False)
    assert pair.unusual is not None
    assert pair.unusual > found.threshold
    assert pair.files == [TRANSFORMER]
    pages = {path.name for path in (copied / "similarity").glob("pair-*.html")}
    assert pages == {page.page for page in found.all_pairs} == {"pair-001.html", "pair-002.html"}


def test_a_large_ring_is_one_group_and_does_not_hide_who_copied_one_file_of_it(
    tmp_path: Path, parts: Works, partial: dict[str, bytes]
) -> None:
    ring = {f"ring{number:02}": parts["careful"] for number in range(13)}
    others = {name: files for name, files in parts.items() if name != "careful"}
    folder = graded(tmp_path, {**ring, **others, "yy": partial})
    result = CliRunner().invoke(app, [str(folder)])
    assert "Nearly the same work: 13 submissions: ring00, ring01, " in result.output
    found = read(folder)
    [group] = found.groups
    assert group.ids == tuple(ring)
    assert [(pair.one, pair.other) for pair in group.pairs] == [("ring00", f"ring0{n}") for n in (1, 2, 3)]
    assert [(pair.one, pair.other) for pair in found.pairs] == [("ring00", "yy")]
    index = (folder / "similarity" / "index.html").read_text(encoding="utf-8")
    assert index.index("Nearly the same work: 13 submissions") < index.index("Other pairs</h2>")
    assert {pair.page for pair in found.all_pairs} <= {*Tags(index).links}
    case = ["--case", "ring07", "terse", "--out", str(tmp_path / "case.html")]
    assert CliRunner().invoke(app, [str(folder), *case]).exit_code == 0


@pytest.mark.parametrize("name", ["index.html", "pair-001.html"])  # the second is that of the group
def test_pages_hold_no_text_of_students_as_markup(name: str, copied: Path) -> None:
    page = (copied / "similarity" / name).read_text(encoding="utf-8")
    found = Tags(page)
    assert "img" not in found.tags
    assert not [attribute for attribute in found.attributes if attribute.startswith("on") or attribute == "style"]
    assert page.count("<script>") == 1  # the shared page's own, which is empty
    assert "<script></script>" in page
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", page)
    assert "default-src 'none'" in html.unescape(page)


def test_each_region_leads_to_its_counterpart(copied: Path) -> None:
    [pair] = read(copied).pairs
    found = Tags((copied / "similarity" / pair.page).read_text(encoding="utf-8"))
    assert len(found.ids) == len({*found.ids})
    assert {f"{side}{n}" for side in "ab" for n in range(1, len(pair.regions) + 1)} <= {*found.ids}
    assert {link[1:] for link in found.links if link.startswith("#")} <= {*found.ids}


def test_old_pages_go_and_those_of_others_stay(copied: Path) -> None:
    folder = copied / "similarity"
    (folder / "pair-003.html").write_text((folder / "pair-001.html").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "pair-004.html").write_text("mine", encoding="utf-8")
    assert CliRunner().invoke(app, [str(copied)]).exit_code == 0
    assert not (folder / "pair-003.html").exists()
    assert (folder / "pair-004.html").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("other", ["careful", "terse"])  # outside zz's group, and in it
def test_a_case_is_one_page(other: str, copied: Path, tmp_path: Path) -> None:
    page = tmp_path / "case.html"
    result = CliRunner().invoke(app, [str(copied), "--case", "zz", other, "--out", str(page)])
    assert result.exit_code == 0, result.output
    text = page.read_text(encoding="utf-8")
    assert "What a score does not prove" in text
    assert "a1b2c3" in text
    assert not [link for link in Tags(text).links if not link.startswith("#")]


def test_a_case_of_nobody_is_refused(copied: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(copied), "--case", "zz", "nobody", "--out", str(tmp_path / "case.html")])
    assert "nobody is no work of this class" in str(result.exception)


def test_earlier_terms_and_people_who_repeat(tmp_path: Path, parts: Works) -> None:
    terse, careful = parts["terse"], parts["careful"]
    students = {"one": Student("One", "one@x"), "two": Student("Two", "two@x")}
    now = graded(tmp_path / "now", {"one": terse, "two": careful, "three": parts["habits"]}, students)
    theirs = {"five": parts["explicit"], "six": parts["explicit"]}  # a group of the earlier term alone
    before = graded(
        tmp_path / "before", {"one": careful, "two": terse, **theirs}, {"two": Student("Once more", "ONE@x")}
    )
    assert CliRunner().invoke(app, [str(now), "--earlier", str(before)]).exit_code == 0
    [group] = read(now).groups
    [pair] = group.pairs
    assert (pair.one, pair.other, pair.earlier) == ("two", "before/one", True)


def test_a_plain_folder_of_submissions(tmp_path: Path, parts: Works, renamed: dict[str, bytes]) -> None:
    for id, files in {**parts, "copy": renamed}.items():
        for path, content in files.items():
            (tmp_path / "class" / id / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "class" / id / path).write_bytes(content)
    result = CliRunner().invoke(app, [str(tmp_path / "class"), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert [group.ids for group in read(tmp_path).groups] == [("copy", "terse")]


def test_a_file_of_somebody_else_is_no_report(tmp_path: Path) -> None:
    (tmp_path / report.NAME).write_text("[]", encoding="utf-8")
    with pytest.raises(report.SimilarityError, match="cannot be read as a report"):
        report.load(tmp_path / report.NAME)


def test_regions_name_the_lines_that_match(baseline: Baseline) -> None:
    code = (
        "def f(x, y):\n    z = x.sinh(3).cosh(4)\n"
        "    for a in range(7):\n        z = z.erf(a).lgamma() - y[5]\n    return z\n"
    )
    other = (
        f"import math\n\n\ndef unlike(q):\n    return q.exp().log()\n\n\n{code.replace('z', 'w').replace('f(x', 'g(x')}"
    )
    [region] = regions({"a.py": code.encode()}, {"b.py": other.encode()}, baseline)
    assert (str(region.one), str(region.other)) == ("a.py:2-5", "b.py:9-12")


def test_what_is_handed_out_is_no_region(baseline: Baseline) -> None:
    assert regions(corpus.handout(), corpus.handout(), baseline) == []
