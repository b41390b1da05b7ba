"""The guide for assistants: contents, and the way from a message to a mistake."""

import re
from collections import Counter

import pytest

from autograder.prepare import guide
from autograder.prepare.guide import Entry
from autograder.prepare.guide_index import Known, anchor, form, index
from tests.project.conftest import ROOT

PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / guide.FOLDER).glob("*.md")}
ENTRIES = {name: guide.read(text) for name, text in PAGES.items() if name not in ("README.md", guide.INDEX)}
RENDERED = 512_000  # bytes; GitHub shows larger files as plain text


def test_every_link_leads_to_a_heading() -> None:
    headings = {
        name: {anchor(heading) for heading in re.findall(r"(?m)^#+ (.*)$", text)} for name, text in PAGES.items()
    }
    for name, text in PAGES.items():
        for file, place in re.findall(r"\]\(([\w.-]*\.md)?#([^)]*)\)", text):
            assert place in headings[file or name], f"{name}: there is no {file}#{place}"
        for file in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / guide.FOLDER / file).exists(), f"{name}: there is no {file}"


def test_every_mistake_is_once_in_the_contents_of_its_page_and_once_in_the_index() -> None:
    for name, entries in ENTRIES.items():
        assert entries, name
        contents = Counter(re.findall(r"\]\(#([^)]*)\)", PAGES[name]))
        assert contents == Counter(anchor(entry.name) for entry in entries), name
        listed = Counter(re.findall(rf"\]\({re.escape(name)}#([^)]*)\)", PAGES[guide.INDEX]))
        assert listed == contents, name


def test_pages_are_small_enough_to_be_shown() -> None:
    assert max(len(text.encode()) for text in PAGES.values()) < RENDERED


def test_the_numbers_of_mistakes_are_in_the_contents() -> None:
    for name, entries in ENTRIES.items():
        assert re.search(rf"\]\({re.escape(name)}\) \| `[^`]*` \| {len(entries)} \|\n", PAGES["README.md"])


def test_an_entry_is_read_as_it_was_written() -> None:
    entries = [
        Entry("One", ("1.2.3", "1.2.10"), "h at [0]: expected 1, got 2. / Why.", "Add *this*, not `that`."),
        Entry("Two", ("1.2.3",), "The values are random.", "Hint."),
    ]
    assert guide.read("# Page\n\n## Mistakes\n\n" + "".join(map(str, entries))) == entries


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("h at [0, 1]: expected -1.5, got 2e-05; 80% of 12 values.", "h at (…): expected …, got …; … of … values."),
        ("x: expected shape (4, 7), that is (N, H), got (7,).", "x: expected shape (…), got (…)."),
        ("models/a.py:7, in forward / IndexError: index 4 is too large / Why.", "IndexError: index … is too large"),
        ("models/a.py:7, in forward / AssertionError / Why.", "AssertionError"),
        ("weight_ih_l0: 3 of float32, W_1 and 2.3.", "weight_ih_l0: … of float32, W_1 and ….")
    ],
)  # fmt: skip
def test_a_form_has_no_numbers_and_no_shapes(message: str, expected: str) -> None:
    assert form(message.split(" / ")) == expected


def test_equal_forms_stand_together_and_say_what_came() -> None:
    said = (
        "In the case n = {}: / h at [0, 0]: expected 1.0000, got {}; 50% of 12 values differ. / Right in this test: c."
    )
    mistakes = [
        Known("1.1", "A", "a.md#a", said.format(1, -2.5)),
        Known("1.2", "B", "b.md#b", said.format(2, 0.25)),
        Known("1.1", "C", "a.md#c", said.format(3, 7)),
        Known("1.1", "D", "a.md#d", "h: expected shape (2, 3), got (3, 2)."),
        Known("1.1", "E", "a.md#e", "The values are random."),
    ]
    page = index(mistakes, "*origin*\n")
    together = "\n## The values differ\n\n- `h at (…): expected …, got …; … of … values differ.`\n"
    links = "  - 1.1 got -2.5: [A](a.md#a); got 7: [C](a.md#c)\n  - 1.2 got 0.25: [B](b.md#b)\n"
    assert together + links in page
    assert "- `h: expected shape (…), got (…).`\n  - 1.1 got (3, 2): [D](a.md#d)\n" in page
    assert "- `The values are random.`\n  - 1.1 [E](a.md#e)\n" in page
    assert (
        page.index("has another shape\n") < page.index("## The values differ") < page.index("## The values are random")
    )
    assert "not finite" not in page
