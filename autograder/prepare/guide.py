"""docs/ta-guide/, printed from the catalogue: what students see for each known mistake, and its hint."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.prepare import catalogue
from autograder.prepare.catalogue import Misconception
from autograder.prepare.mistakes import Failure
from autograder.prepare.store import Made
from autograder.rubric import Deliverable
from harness.graded import GradedTest

FOLDER = Path("docs", "ta-guide")
ORIGIN = "*Written by `python -m autograder answers` from `autograder/prepare/misconceptions/`; edit it there.*\n"
INTRODUCTION = f"""\
# For teaching assistants

The pages list known mistakes, one page for each deliverable: the tests that fail, the message of the first of them
(with the published inputs), and the hint that students get if the rubric's hints are on. Search the pages for the
numbers in a student's output. If they are not here, the student has another mistake, or several at once.

{ORIGIN}
"""


def pages(root: Path, tests: Sequence[GradedTest], made: Made) -> dict[Path, str]:
    """All pages of the guide: path in the repository -> text.

    Args:
        made: the answers that were made again. Pages of other deliverables stay as they are below their title.
    """
    by_identifier = {test.identifier(case): test for test in tests for case in test.cases}
    texts: dict[Path, str] = {}
    links: list[str] = []
    for deliverable in catalogue.deliverables(root):
        page = page_of(deliverable)
        if deliverable.tests in made.records:
            entries = [_entry(*wrong, by_identifier) for wrong in made.failed if wrong[0].deliverable == deliverable.id]
        else:
            text = (root / page).read_text(encoding="utf-8") if (root / page).exists() else ""
            entries = re.findall(r"(?ms)^- \*\*.*?(?=^- \*\*|\Z)", text)
        title = f"{deliverable.number} {deliverable.title}"
        texts[page] = "".join([f"# {title} (`{deliverable.file}`)\n\n", f"{ORIGIN}\n", *entries])
        links.append(f"- [{title}]({page.name}): {len(entries)}\n")
    return {FOLDER / "README.md": "".join([INTRODUCTION, *links]), **texts}


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


def _entry(entry: Misconception, wrong: Mapping[str, Failure], tests: Mapping[str, GradedTest]) -> str:
    """The item of a page's list for one misconception."""
    numbers = list(dict.fromkeys(tests[name].number for name in wrong))
    message = next(iter(wrong.values())).verdict.message
    if entry.varies:  # random values would not be found by a search
        message = "The values are random."
    one_line = " / ".join(line.strip().replace("`", "'") for line in message.splitlines())
    name = entry.name.replace("_", " ").capitalize()
    return f"- **{name}** fails {', '.join(numbers)}. `{one_line}`\n  *{entry.hint}*\n"
