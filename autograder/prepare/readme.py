"""The handout's README, parts of which follow from what the rubric switches on.

`{parts}` and `{notebooks}` stand for lines of the list of files. The line of a captured watch with the totals of tests
and points gets the right ones. What stands between these two lines is kept where one of the parts is on:

    <!-- parts: seq2seq, transformer -->
    <!-- end -->
"""

import re
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from autograder.rubric import Rubric

WIDTH = 80  # of the captured terminal
TOTALS = re.compile(r"^\[[#-]+\]  (\d+)/\d+ tests, ([\d.]+) of [\d.]+ points$", re.MULTILINE)
CONDITION = re.compile(r"^<!-- parts: (.+?) -->\n(.*?)^<!-- end -->\n", re.MULTILINE | re.DOTALL)


def render(text: str, rubric: Rubric, tests: int, notebooks: Mapping[str, Collection[str]]) -> str:
    """Fill in the README.

    Args:
        tests: how many graded tests there are.
        notebooks: the name of each, and the ids of its parts; those of parts that are off are not handed out.
    """
    on = {part.id: part for part in rubric.parts}
    points = sum(deliverable.points for deliverable in rubric.deliverables)

    def totals(line: re.Match[str]) -> str:
        passed, got = line.groups()
        figures = f"  {passed}/{tests} tests, {got} of {points:g} points"
        room = WIDTH - len(figures) - 2
        full = room * int(passed) // tests
        return f"[{'#' * full}{'-' * (room - full)}]{figures}"

    def kept(block: re.Match[str]) -> str:
        return block[2] if on.keys() & set(block[1].split(", ")) else ""

    places = [f"  {_place(rubric, part.id):<23} part {part.number}: {part.title}" for part in rubric.parts]
    leads = [
        f"  {name:<27} a notebook on part {', '.join(on[id].number for id in parts if id in on)}"
        for name, parts in notebooks.items()
        if on.keys() & set(parts)
    ]
    text = TOTALS.sub(totals, CONDITION.sub(kept, text))
    for name, lines in {"{parts}\n": places, "{notebooks}\n": leads}.items():
        text = text.replace(name, "".join(f"{line}\n" for line in lines))
    return text


def _place(rubric: Rubric, part: str) -> str:
    """The folder of a part's files, or the one file."""
    files = {deliverable.file for deliverable in rubric.deliverables if deliverable.part == part}
    (folder, *others) = {str(PurePosixPath(file).parent) for file in files}
    return f"{folder}/" if not others and folder != "models" else ", ".join(sorted(files))
