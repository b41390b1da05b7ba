"""docs/ta-guide/, printed from the catalogue: what students see for each known mistake, and its hint."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.prepare.catalogue import Misconception
from autograder.prepare.handout import RUBRIC
from autograder.prepare.mistakes import Failure
from autograder.rubric import Rubric
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


def pages(
    root: Path, tests: Sequence[GradedTest], failed: Sequence[tuple[Misconception, Mapping[str, Failure]]]
) -> dict[Path, str]:
    """The whole guide: path in the repository -> text.

    Args:
        failed: every misconception with the public tests that it fails, in the tests' order.
    """
    by_identifier = {test.identifier(case): test for test in tests for case in test.cases}
    rubric = Rubric.load(root / RUBRIC)
    made: dict[Path, str] = {}
    links: list[str] = []
    for deliverable in (*rubric.deliverables, *rubric.off):
        entries = [
            _entry(entry, wrong, by_identifier) for entry, wrong in failed if entry.deliverable == deliverable.id
        ]
        title, page = f"{deliverable.number} {deliverable.title}", f"{deliverable.id}.md"
        made[FOLDER / page] = "".join([f"# {title} (`{deliverable.file}`)\n\n", f"{ORIGIN}\n", *entries])
        links.append(f"- [{title}]({page}): {len(entries)}\n")
    return {FOLDER / "README.md": "".join([INTRODUCTION, *links]), **made}


def _entry(entry: Misconception, wrong: Mapping[str, Failure], tests: Mapping[str, GradedTest]) -> str:
    """One item of a list."""
    numbers = list(dict.fromkeys(tests[name].number for name in wrong))
    message = next(iter(wrong.values())).verdict.message
    if entry.varies:  # random values would not be found by a search
        message = "The values are random."
    said = " / ".join(line.strip().replace("`", "'") for line in message.splitlines())
    name = entry.name.replace("_", " ").capitalize()
    return f"- **{name}** fails {', '.join(numbers)}. `{said}`\n  *{entry.hint}*\n"
