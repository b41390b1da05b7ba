"""docs/ta-guide.md, printed from the catalogue: what students see of each known mistake, and what to tell them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from autograder.build.catalogue import Misconception
from autograder.build.handout import RUBRIC
from autograder.build.mistakes import Failure
from autograder.rubric import Rubric
from tests.harness.graded import GradedTest

PATH = Path("docs", "ta-guide.md")
INTRODUCTION = """\
# For teaching assistants

Known mistakes, by deliverable: the tests that fail, what the first of them says (with the published inputs), and the
hint that students get where the rubric has hints on. A student whose output is none of these has another mistake, or
several at once.

*Written by `python -m autograder answers` from `autograder/build/misconceptions/`; edit it there.*
"""


def text(root: Path, tests: Sequence[GradedTest], failed: Sequence[tuple[Misconception, Mapping[str, Failure]]]) -> str:
    """The whole guide.

    Args:
        failed: every misconception with the public tests that it fails, in the tests' order.
    """
    by_identifier = {test.identifier(case): test for test in tests for case in test.cases}
    rubric = Rubric.load(root / RUBRIC)
    sections = [INTRODUCTION]
    for deliverable in (*rubric.deliverables, *rubric.off):
        entries = [(entry, wrong) for entry, wrong in failed if entry.deliverable == deliverable.id]
        sections.append(f"\n## {deliverable.number} {deliverable.title} (`{deliverable.file}`)\n\n")
        sections += [_entry(entry, wrong, by_identifier) for entry, wrong in entries]
    return "".join(sections)


def _entry(entry: Misconception, wrong: Mapping[str, Failure], tests: Mapping[str, GradedTest]) -> str:
    """One item of a list."""
    numbers = list(dict.fromkeys(tests[name].number for name in wrong))
    message = next(iter(wrong.values())).verdict.message
    if entry.varies:  # nobody would find these values again; which of them is seen first is chance as well
        message = "What comes out is random."
    said = " / ".join(line.strip().replace("`", "'") for line in message.splitlines())
    name = entry.name.replace("_", " ").capitalize()
    return f"- **{name}** fails {', '.join(numbers)}. `{said}`\n  *{entry.hint}*\n"
