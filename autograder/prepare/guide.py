"""docs/ta-guide/, printed from the catalogue: what students see for each known mistake, and its hint."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.prepare import catalogue, course, guide_index
from autograder.prepare.catalogue import Misconception
from autograder.prepare.guide_index import Known, anchor
from autograder.prepare.mistakes import Failure
from autograder.prepare.store import Made
from autograder.rubric import Deliverable
from harness.graded import GradedTest

FOLDER = Path("docs", "ta-guide")
ORIGIN = "*Written by `python -m autograder answers` from `autograder/prepare/misconceptions/`; edit it there.*\n"
INDEX = "messages.md"
ELSEWHERE = f"[All pages](README.md) | [From a message to the mistake]({INDEX}) | [Regrade requests](../regrades.md)\n"
INTRODUCTION = f"""\
# For teaching assistants

Known mistakes, one page for each deliverable: the tests that fail, the message of the first of them (with the
published inputs), and the hint that students get if the rubric's hints are on.

- You have a student's message: **[from a message to the mistake]({INDEX})**.
- You know which tests fail: the deliverable's page below; its contents are in the order of the tests.
- A student asks for points: **[regrade requests](../regrades.md)**.

{ORIGIN}
## Contents
"""


@dataclass(frozen=True)
class Entry:
    """A known mistake on a page.

    Attributes:
        numbers: of the tests that fail, in order.
        message: of the first of them; its lines joined by " / ", without backquotes.
    """

    name: str
    numbers: tuple[str, ...]
    message: str
    hint: str

    def __str__(self) -> str:
        return f"### {self.name}\n\nFails {', '.join(self.numbers)}. `{self.message}`\n\n*{self.hint}*\n\n"


ENTRY = re.compile(r"(?m)^### (.*)\n\nFails (.*?)\. `([^`]*)`\n\n\*(.*)\*$")


def pages(root: Path, tests: Sequence[GradedTest], made: Made) -> dict[Path, str]:
    """All pages of the guide: path in the repository -> text.

    Args:
        made: the answers that were made again. Entries of other deliverables stay as they are on their pages.
    """
    by_identifier = {test.identifier(case): test for test in tests for case in test.cases}
    entries: dict[Deliverable, list[Entry]] = {}
    for deliverable in catalogue.deliverables(root):
        if deliverable.tests in made.records:
            failed = [wrong for wrong in made.failed if wrong[0].deliverable == deliverable.id]
            entries[deliverable] = [_entry(*wrong, by_identifier) for wrong in failed]
        else:
            page = root / page_of(deliverable)
            entries[deliverable] = read(page.read_text(encoding="utf-8")) if page.exists() else []
    known = [
        Known(deliverable.number, entry.name, f"{page_of(deliverable).name}#{anchor(entry.name)}", entry.message)
        for deliverable, listed in entries.items()
        for entry in listed
    ]
    return {
        FOLDER / "README.md": f"{INTRODUCTION}{''.join(_parts(root, entries))}",
        FOLDER / INDEX: guide_index.index(known, ORIGIN),
        **{page_of(each): _page(each, listed, tests) for each, listed in entries.items()},
    }


def read(page: str) -> list[Entry]:
    """The entries of a page."""
    return [Entry(name, tuple(numbers.split(", ")), *rest) for name, numbers, *rest in ENTRY.findall(page)]


def missing(root: Path) -> dict[str, list[str]]:
    """Graded test module -> the page of its deliverable, where there is none."""
    return {
        deliverable.tests: [page_of(deliverable).as_posix()]
        for deliverable in catalogue.deliverables(root)
        if not (root / page_of(deliverable)).exists()
    }


def page_of(deliverable: Deliverable) -> Path:
    """The page with a deliverable's known mistakes."""
    return FOLDER / f"{deliverable.id}.md"


def _entry(entry: Misconception, wrong: Mapping[str, Failure], tests: Mapping[str, GradedTest]) -> Entry:
    """The entry of a page for one misconception."""
    numbers = tuple(dict.fromkeys(tests[name].number for name in wrong))
    message = next(iter(wrong.values())).verdict.message
    if entry.varies:  # random values would not be found by a search
        message = "The values are random."
    one_line = " / ".join(line.strip().replace("`", "'") for line in message.splitlines())
    return Entry(entry.name.replace("_", " ").capitalize(), numbers, one_line, entry.hint)


def _parts(root: Path, entries: Mapping[Deliverable, Sequence[Entry]]) -> Iterator[str]:
    """The contents of the whole guide: the parts with their deliverables."""
    titles = {part.id: f"Part {part.number}: {part.title}" for part in course.load(root).parts}
    for part in dict.fromkeys(deliverable.part for deliverable in entries):
        yield f"\n### {titles.get(part, part)}\n\n| deliverable | file | known mistakes |\n|---|---|---|\n"
        for each, listed in entries.items():
            if each.part == part:
                link = f"[{each.number} {each.title}]({page_of(each).name})"
                yield f"| {link} | `{each.file}` | {len(listed)} |\n"


def _page(deliverable: Deliverable, entries: Sequence[Entry], tests: Sequence[GradedTest]) -> str:
    """A deliverable's page: its contents in the order of the tests, then the mistakes."""
    heading = f"# {deliverable.number} {deliverable.title} (`{deliverable.file}`)\n\n{ELSEWHERE}\n{ORIGIN}\n"
    own = [test for test in tests if test.module == deliverable.tests]
    contents = "".join(_of_test(test, entries) for test in own)
    return (
        f"{heading}## Contents\n\nEach mistake stands at the first test that it fails, with the others.\n\n{contents}\n"
        f"## Mistakes\n\n{''.join(map(str, entries))}"
    ).rstrip("\n") + "\n"


def _of_test(test: GradedTest, entries: Sequence[Entry]) -> str:
    """A test with the mistakes that fail it first, by the other tests that they fail."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for entry in entries:
        if entry.numbers[0] == test.number:
            groups[entry.numbers[1:]].append(f"[{entry.name}](#{anchor(entry.name)})")
    count = sum(test.number in entry.numbers for entry in entries)
    lines = [f"- **{test.number} {test.title}**: {count} fail it\n"]
    for others in sorted(groups, key=lambda numbers: (len(numbers), _in_order(numbers))):
        which = f"and {', '.join(others)}" if others else "alone"
        lines.append(f"  - {which}: {'; '.join(groups[others])}\n")
    return "".join(lines)


def _in_order(numbers: Sequence[str]) -> list[list[int]]:
    return [[int(part) for part in number.split(".")] for number in numbers]
