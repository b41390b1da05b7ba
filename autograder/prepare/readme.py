"""The handout's README: a Jinja template that is filled in from what the rubric switches on.

Its tags are comments of HTML. What stands between these two is kept where a part or a deliverable with one of the ids
is on:

    <!-- if on("seq2seq", "transformer.attention") -->
    <!-- endif -->

`<!-- filter fill -->` makes a paragraph of what it holds, and `_words` gives what can stand in `{{ ... }}`.
"""

import re
import textwrap
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2

from autograder.prepare.regions import HandoutError
from harness.contract import Assignment
from harness.graded import GradedTest
from harness.judge import Kind, Verdict
from harness.marks import Tolerance
from harness.progress.view import Standing, View
from harness.watch.screen import progress
from harness.words import joined

WIDTH = 80  # of the captured terminal
COLUMNS = 100  # of the text
SHOWN = 3  # deliverables in the captured list
NUMBER = re.compile(rb"^@number\(", re.MULTILINE)  # of a graded test
CODE = re.compile(r"`[^`]+`")
NO_BREAK = "\0"


def render(text: str, files: Mapping[str, bytes], notebooks: Mapping[str, Collection[str]]) -> str:
    """Fill in the README.

    Args:
        files: those of the handout, by their paths in it.
        notebooks: the name of each, and the ids of its parts; those of parts that are off are not handed out.

    Raises:
        HandoutError: for a mistake in the template.
    """
    environment = jinja2.Environment(
        block_start_string="<!--", block_end_string="-->", trim_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["fill"] = _fill
    assignment = Assignment.parse(files["student/assignment.json"].decode("utf-8"))
    try:
        return environment.from_string(text).render(_words(assignment, files, notebooks))
    except jinja2.TemplateError as error:
        raise HandoutError(
            f"autograder/prepare/handout_root/README.md: expected a Jinja template, found: {error}"
        ) from error


def _words(
    assignment: Assignment, files: Mapping[str, bytes], notebooks: Mapping[str, Collection[str]]
) -> dict[str, Any]:
    """What the template can ask for; `first` and `second` are deliverables."""
    parts = {part.id: part for part in assignment.parts}
    exercises = assignment.deliverables
    numbered = {name: [parts[id].number for id in its if id in parts] for name, its in notebooks.items()}
    order = [part.number for part in assignment.parts].index
    given = {name: numbers for name, numbers in numbered.items() if numbers}
    given = dict(sorted(given.items(), key=lambda pair: [*map(order, pair[1])]))
    named = [f"`student/{name}` ({parts_in_words(numbers, 'and')})" for name, numbers in given.items()]
    lines = [f"{_place(assignment, part.id):<23} part {part.number}: {part.title}" for part in assignment.parts]
    lines += [f"{name:<27} a notebook on part {', '.join(numbers)}" for name, numbers in given.items()]

    def passing(*ids: str) -> str:
        numbers = [part.number for part in assignment.parts if part.id in ids]
        return f"{parts_in_words(numbers, 'or')} {'pass their tests' if len(numbers) > 1 else 'passes its tests'}"

    def topics(words: Mapping[str, str]) -> str:
        *others, last = (words.get(part.id, part.title) for part in assignment.parts)
        return f"{', '.join(others)}, and {last}" if others else last

    return {
        "on": lambda *ids: any(exercise.id in ids or exercise.part in ids for exercise in exercises),
        "title": assignment.title,
        "typed": lambda name: f'"{name}"' if " " in name else name,
        "topics": topics,
        "passing": passing,
        "files_by_part": lines,
        "notebooks": [*given],
        "named_notebooks": joined(named),
        "first": exercises[0],
        "second": exercises[min(1, len(exercises) - 1)],
        "needed": next((id for exercise in exercises for id in exercise.needs), ""),
        "refused": any(exercise.refused for exercise in exercises),
        "overview": lambda: _overview(assignment, files),
        "totals": lambda: progress(_view(assignment, files, passed=(0, 1)), WIDTH).plain,
        "went_on": lambda: _view(assignment, files, passed=(min(1, len(exercises) - 1), None)).next,
    }


def parts_in_words(numbers: Sequence[str], conjunction: str) -> str:
    """Parts by their numbers: "part 4", "parts 2 or 3", "parts 1 to 3"."""
    row = all(map(str.isdecimal, numbers)) and [*map(str, range(int(numbers[0]), int(numbers[-1]) + 1))]
    span = f"{numbers[0]} to {numbers[-1]}" if numbers == row and len(numbers) > 2 else joined(numbers, conjunction)
    return f"part{'s' if len(numbers) > 1 else ''} {span}"


def _place(assignment: Assignment, part: str) -> str:
    """The folder of a part's files, or the one file."""
    files = {deliverable.file for deliverable in assignment.deliverables if deliverable.part == part}
    (folder, *others) = {str(PurePosixPath(file).parent) for file in files}
    return f"{folder}/" if not others and folder != "models" else ", ".join(sorted(files))


def _fill(text: str) -> str:
    """Text as one paragraph, or as one item of a list; code in it is not broken."""
    words = CODE.sub(lambda code: code[0].replace(" ", NO_BREAK), " ".join(text.split()))
    indent = "  " if words.startswith("- ") else ""
    lines = textwrap.wrap(words, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "".join(f"{line}\n" for line in lines).replace(NO_BREAK, " ")


# What a terminal shows.


def _view(assignment: Assignment, files: Mapping[str, bytes], passed: tuple[int, int | None] = (0, 0)) -> View:
    """What is seen of an untouched handout.

    Args:
        passed: a deliverable, and how many of its tests pass in spite of that; None for all.
    """
    standings = []
    for position, deliverable in enumerate(assignment.deliverables):
        count = len(NUMBER.findall(files[f"tests/{deliverable.tests}"]))
        tests = [_test(deliverable.tests, str(n)) for n in range(count)]
        verdicts = {test.key: Verdict(Kind.NOT_STARTED) for test in tests}
        if position == passed[0]:
            verdicts |= {test.key: Verdict(Kind.PASSED) for test in tests[: passed[1]]}
        standings.append(Standing(deliverable, {test.key: test for test in tests}, verdicts))
    view = View(assignment, standings, Path("student"))
    view.files = {name: files[f"student/{name}"] for name in assignment.files}
    return view


def _test(module: str, name: str) -> GradedTest:
    """A graded test of which a view shows nothing but whether it passes."""
    return GradedTest(
        module=module, name=name, summary="", number="", weight=1, tolerance=Tolerance(), steered_by=(),
        integration=False, visibility=None, tags=(), cases=(),
    )  # fmt: skip


def _overview(assignment: Assignment, files: Mapping[str, bytes]) -> str:
    """The beginning and the end of what `python -m tests` prints."""
    view = _view(assignment, files)
    lines, headings = [view.head], list[str]()
    for standing in view.standings[:SHOWN]:
        if view.heading(standing) not in headings:
            headings.append(view.heading(standing))
            lines.append(headings[-1])
        lines.append(view.line(standing).plain)
    return "\n".join([*lines, *["..."][: max(0, len(view.standings) - SHOWN)], view.next])
