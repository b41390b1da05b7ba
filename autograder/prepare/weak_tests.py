"""`answers --report`: what the catalogue says of the tests."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from autograder.prepare.store import Stored
from harness.graded import GradedTest

HIDDEN = 0.5  # share of a tensor's values above which the tolerance hides too many


def show(console: Console, stored: Stored, tests: Sequence[GradedTest]) -> None:
    """Print which tests find which misconceptions, and where tests may be weak."""
    killers = found_by(tests, stored)
    console.print(_tests(tests, killers))
    alone = {name: next(iter(keys)) for name, keys in killers.items() if len(keys) == 1}
    console.print(_table("Found by one test alone", ("misconception", "test"), sorted(alone.items())))
    hidden = hidden_by_tolerance(tests, stored)
    title = "Values so small that zero in their place would pass"
    console.print(_table(title, ("test", "shown", "of its values"), hidden))


def found_by(tests: Sequence[GradedTest], stored: Stored) -> dict[str, set[str]]:
    """Misconception -> number and name of the tests that it fails."""
    titles = {test.identifier(case): f"{test.number} {test.title}" for test in tests for case in test.cases}
    return {known.name: {titles[name] for name in known.wrong} for known in stored.hints.known}


def hidden_by_tolerance(tests: Sequence[GradedTest], stored: Stored) -> list[tuple[str, str, str]]:
    """Float tensors most of whose values, zeros aside, differ from zero by less than the test tolerates."""
    rows: list[tuple[str, str, str]] = []
    for test in tests:
        for case in test.cases:
            for name, value in stored.answers.outcomes[test.identifier(case)].shown.items():
                if isinstance(value, str) or not np.issubdtype(value.dtype, np.floating):
                    continue
                size = np.abs(value[value != 0])
                share = float((size <= test.tolerance.atol + test.tolerance.rtol * size).mean()) if size.size else 0.0
                if share > HIDDEN:
                    rows.append((f"{test.number} {test.title} {case.name}".rstrip(), name, f"{share:.0%}"))
    return rows


def _tests(tests: Sequence[GradedTest], killers: dict[str, set[str]]) -> Table:
    finds: dict[str, list[str]] = defaultdict(list)
    for name, keys in killers.items():
        for key in keys:
            finds[key].append(name)
    rows = []
    for test in tests:
        key = f"{test.number} {test.title}"
        alone = sum(len(killers[name]) == 1 for name in finds[key])
        remark = (
            "" if alone else "others find all of these too" if finds[key] else "weak, or pins what no one gets wrong"
        )
        rows.append((key, str(len(finds[key])), str(alone), remark))
    return _table("What the tests find", ("test", "misconceptions", "alone", ""), rows)


def _table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for header in headers:
        table.add_column(header)
    for row in rows or [("none", *[""] * (len(headers) - 1))]:
        table.add_row(*row)
    return table
