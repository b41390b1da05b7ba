"""Drafts of entries for the catalogue of misconceptions, from what students of a cluster have written.

A draft puts a student's statements in the place of the solution's, with the solution's local names. It is a student's
code: here it is only read, and a person has to read it before `answers` runs it.
"""

import ast
import json
import textwrap
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course.differences import Differences, Function, body_of, head, lines_of, text
from autograder.course.errors import CourseError
from autograder.prepare import catalogue
from autograder.prepare.catalogue import CatalogueError, Misconception
from harness.files import replace
from harness.words import printable

LONGEST = 4000  # characters of a change; a longer one is another way to write it rather than a mistake
BODIES = ("body", "orelse", "finalbody")  # where a statement has a sequence of others
EXAMPLES = 5  # submissions of a cluster of which a draft is tried: those that differ least from the solution
NO_CHANGE = "no change of one function gives these students' code: write before and after yourself"
HINT = f"{catalogue.UNFILLED}: what the output looks like and where to look, never the code"


class DraftError(CourseError):
    """A draft that cannot be added to the catalogue; the message says why, and what to do."""


@dataclass(frozen=True)
class Draft:
    """An entry for the catalogue that a person has to complete.

    Attributes:
        deliverable: its id.
        before, after: as in a misconception; both are "" where no change of one function gives a student's code.
        facts: where it comes from, for a comment above the entry.
    """

    deliverable: str
    before: str = ""
    after: str = ""
    facts: tuple[str, ...] = ()

    def toml(self, name: str = catalogue.UNNAMED, hint: str = HINT) -> str:
        """The entry as text for the catalogue's file."""
        facts = self.facts if self.before else (*self.facts, f"{catalogue.UNFILLED}: {NO_CHANGE}")
        values = {"name": name, "before": self.before, "after": self.after, "hint": hint}
        entry = [f"{key} = {_quoted(value, key in ('before', 'after'))}" for key, value in values.items()]
        return "\n".join([*(f"# {printable(fact)}" for fact in facts), "[[misconception]]", *entry]) + "\n"

    def entry(self, file: str) -> Misconception:
        """The entry as `catalogue.apply` takes it.

        Args:
            file: the deliverable's.
        """
        return Misconception(catalogue.UNNAMED, self.deliverable, file, HINT, self.before, self.after)


def _quoted(value: str, as_it_is: bool) -> str:
    """A text in TOML; `as_it_is` for code, which stands between lines of quotation marks where it can."""
    if as_it_is and value and "'''" not in value and value.replace("\n", "").isprintable():
        return f"'''\n{value}'''"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def draft(
    differences: Differences, submissions: Sequence[str], common: Collection[str], facts: tuple[str, ...]
) -> Draft:
    """A draft for a cluster: the smallest change of the solution that gives one of the students' functions.

    Args:
        common: what most of the submissions have in common, as `Differences.common` gives it.
    """
    examples = sorted(submissions, key=lambda id: (len(differences.own(id)), id))[:EXAMPLES]
    changes = [change for id in examples for change in _changes(differences, id, common)]
    before, after = min(changes, key=lambda change: change[0])[1:] if changes else ("", "")
    return Draft(differences.solved.deliverable.id, before, after, facts)


def _changes(
    differences: Differences, submission: str, common: Collection[str]
) -> Iterator[tuple[tuple[int, int], str, str]]:
    """For each function that a submission writes otherwise: its rank, and the change that gives it.

    The lower the rank the better: first counts how much of what is in common is in the change, then its size.
    """
    ours, theirs = differences.solved.code.functions, differences.code(submission).functions
    for name in filter(theirs.__contains__, ours):
        if change := _change(differences, name, theirs[name]):
            right, wrong = ({line.text for line in lines_of(function)} for function in (ours[name], theirs[name]))
            changed = {f"+ {line}" for line in wrong - right} | {f"- {line}" for line in right - wrong}
            yield (-len(changed.intersection(common)), sum(map(len, change))), *change


def _change(differences: Differences, name: str, wrong: Function) -> tuple[str, str] | None:
    """The smallest change of the solution's text that gives a student's function of this name."""
    solved = differences.solved
    source = solved.text.split("\n")
    for ours, theirs in _replacements(body_of(solved.code.functions[name]), body_of(wrong)):
        before = "\n".join(source[ours[0].lineno - 1 : ours[-1].end_lineno])
        indent = before[: len(before) - len(before.lstrip())]
        after = textwrap.indent("\n".join(map(text, theirs)), indent)
        if len(before) + len(after) <= LONGEST and _gives(differences, before, after, name, wrong):
            return before, after
    return None


def _gives(differences: Differences, before: str, after: str, name: str, wrong: Function) -> bool:
    """Whether a change of the solution can be written into the catalogue, and gives a student's function."""
    solved = differences.solved
    change = Draft(solved.deliverable.id, before, after)
    try:
        [entry] = tomllib.loads(change.toml())["misconception"]
        changed = catalogue.apply(change.entry(solved.deliverable.file), solved.text)
        function = solved.read({solved.deliverable.file: changed.encode()}).functions[name]
    except (ValueError, KeyError, CatalogueError):
        return False
    is_written = (entry["before"], entry["after"]) == (before, after)
    return is_written and [*map(text, body_of(function))] == [*map(text, body_of(wrong))]


Statements = Sequence[ast.stmt]


def _replacements(right: Statements, wrong: Statements) -> Iterator[tuple[Statements, Statements]]:
    """Statements of the solution and what a student has in their place, from the smallest change to all of them."""
    ours, theirs = [*map(text, right)], [*map(text, wrong)]
    if ours == theirs:
        return
    alike = [one == other for one, other in zip(ours, theirs, strict=False)]
    first = [*alike, False].index(False)
    alike = [one == other for one, other in zip(ours[first:][::-1], theirs[first:][::-1], strict=False)]
    last = [*alike, False].index(False)
    end, other_end = len(right) - last, len(wrong) - last
    if end - first == 1 == other_end - first and head(right[first]) == head(wrong[first]):
        for field in BODIES:
            yield from _replacements(getattr(right[first], field, []), getattr(wrong[first], field, []))
    for above, below in ((0, 0), (1, 0), (0, 1), (1, 1), (first, last)):  # how many statements around what differs
        start, stop = max(0, first - above), min(last, below)
        if end + stop > start:
            yield right[start : end + stop], wrong[start : other_end + stop]


def add(path: Path, entry: str) -> None:
    """Append an entry to a file of the catalogue, whose content stays as it is."""
    content = path.read_bytes() if path.exists() else b""
    gap = b"" if not content else b"\n" if content.endswith(b"\n") else b"\n\n"
    replace(path, content + gap + entry.encode())
