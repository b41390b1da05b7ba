"""results.json for Gradescope: points by part and deliverable, then one row for each graded test."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.grade.engine import Row
from autograder.grade.kit import Kit
from autograder.grade.policy import Settled, points, visibility
from harness.contract import Deliverable
from harness.files import replace
from harness.words import printable

MAX_TEXT = 20_000  # characters of one field; Gradescope cuts at 100,000


def compose(kit: Kit, settled: Settled, notes: Sequence[str], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Put a submission's grades into Gradescope's form.

    Args:
        notes: sentences about the submission as a whole, shown first.
        extra: what only instructors need, for `extra_data`.

    The time that grading took is left out, because student code can make it depend on hidden inputs.
    """
    paragraphs = map("\n".join, ([heading(kit)], settled.score_notes, _table(kit, settled), notes, settled.remarks))
    return {
        "score": settled.score,
        "output": plain("\n\n".join(filter(None, paragraphs))),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {**extra, **settled.for_staff},
        "tests": [_row(row, kit) for row in settled.rows],
    }


def heading(kit: Kit) -> str:
    return f"{kit.assignment.title}\nversion {kit.assignment.version}, answers {kit.answers_id}"


def summary(kit: Kit, rows: Sequence[Row]) -> list[str]:
    """Points by part and deliverable, a line each."""
    lines: list[str] = []
    for part in kit.assignment.parts:
        deliverables = [deliverable for deliverable in kit.assignment.deliverables if deliverable.part == part.id]
        part_rows = [row for row in rows if row.test.module in {deliverable.tests for deliverable in deliverables}]
        lines.append(_line(f"Part {part.number}: {part.title}", part_rows))
        for deliverable in deliverables:
            lines.append(_line(f"  {deliverable.number} {deliverable.title}", rows_of(deliverable, rows)))
    return [*lines, _line("Total", rows)]


def ending(settled: Settled) -> list[str]:
    """A line for each deduction, and one for the score that counts; no lines if nothing was deducted."""
    if not settled.deductions:
        return []
    lines = [f"{title:<46} {'-' + points(lost):>6}" for title, lost in settled.deductions]
    full = sum(row.max_score for row in settled.rows)
    return [*lines, f"{'Score':<46} {points(settled.score):>6} of {points(full):>5}"]


def _table(kit: Kit, settled: Settled) -> list[str]:
    """The points that the student may see now."""
    shown = [row for row in settled.rows if visibility(row, kit) == "visible"]
    later = len(settled.rows) - len(shown)
    if not later:
        return [*summary(kit, shown), *ending(settled)]
    verb = "test is" if later == 1 else "tests are"
    return [*(summary(kit, shown) if shown else []), f"{later} {verb} not shown now, and so no sum of points is."]


def rows_of(deliverable: Deliverable, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.test.module == deliverable.tests]


def plain(text: str) -> str:
    """A field's text, which student code may have influenced: of bounded length, without control characters."""
    return printable(text[:MAX_TEXT], keep="\n")


def _line(title: str, rows: Sequence[Row]) -> str:
    got, full = sum(row.score for row in rows), sum(row.max_score for row in rows)
    return f"{title:<46} {points(got):>6} of {points(full):>5}"


def _row(row: Row, kit: Kit) -> dict[str, Any]:
    deliverable = kit.deliverable_of(row.test)
    paragraphs = [row.test.summary, row.verdict.message or "Passed."]
    if row.verdict.hint and kit.assignment.hints == "everywhere":
        paragraphs.append(f"Hint: {row.verdict.hint}")
    return {
        "name": f"{deliverable.title}: {row.test.title}",
        "number": row.test.number,
        "score": row.score,
        "max_score": row.max_score,
        "status": "passed" if row.verdict.passed else "failed",
        "output": plain("\n\n".join(paragraphs)),
        "output_format": "text",
        "visibility": visibility(row, kit),
        "tags": list(row.test.tags),
    }


def write(results: Mapping[str, Any], path: Path) -> None:
    """Write results.json to a temporary file beside it and rename it, so that it is never half written."""
    replace(path, json.dumps(results, indent=1, ensure_ascii=True).encode())
