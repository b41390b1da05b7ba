"""results.json as Gradescope reads it: points by part and deliverable, then one row a graded test."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.grade.engine import Grades, Row
from autograder.grade.kit import Kit
from collect_submission import Deliverable, Severity
from tests.harness.judge import Kind, Verdict

MAX_TEXT = 20_000  # characters of one field; Gradescope cuts at 100,000


def compose(kit: Kit, grades: Grades, notes: Sequence[str], extra: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Put a submission's grades into Gradescope's form.

    Args:
        notes: sentences about the submission as a whole, shown first.
        extra: what only instructors need; goes to `extra_data`.
        seconds: that grading took.
    """
    penalty = grades.printed and kit.rubric.assignment.output == "zero"
    score = 0.0 if penalty else round(sum(row.score for row in grades.rows), 2)
    remarks = list(notes) + [str(finding) for finding in grades.findings if finding.severity is Severity.WARNING]
    if grades.printed and kit.rubric.assignment.output != "allow":
        cost = "This assignment gives no points then." if penalty else "Remove the print before you hand in."
        remarks.append(f"Your code prints while it is imported or tested. {cost}")
    text = "\n".join([summary(kit, grades.rows), "", *remarks]).rstrip()
    return {
        "score": score,
        "execution_time": round(seconds, 2),
        "output": plain(text),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": dict(extra),
        "tests": [_row(row, kit) for row in grades.rows],
    }


def unrun(kit: Kit, reason: str) -> Grades:
    """Grades for a submission that could not be graded: every row, with its full maximum and no points."""
    verdict = Verdict(Kind.FAULT, reason)
    return Grades([Row(test, verdict, 0.0, kit.points[test.key]) for test in kit.tests], [])


def summary(kit: Kit, rows: Sequence[Row]) -> str:
    """Points by part and deliverable as plain text."""
    lines = [f"{kit.assignment.title}", f"version {kit.assignment.version}, answers {kit.answers_id}", ""]
    for part in kit.assignment.parts:
        deliverables = [each for each in kit.assignment.deliverables if each.part == part.id]
        inside = [row for row in rows if row.test.module in {each.tests for each in deliverables}]
        lines.append(_line(f"Part {part.number}: {part.title}", inside))
        for each in deliverables:
            lines.append(_line(f"  {each.number} {each.title}", rows_of(each, rows)))
    lines.append(_line("Total", rows))
    return "\n".join(lines)


def rows_of(deliverable: Deliverable, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.test.module == deliverable.tests]


def points(number: float) -> str:
    """Points without needless zeros: 12, 7.5."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def plain(text: str) -> str:
    """A field's text, which student code may have had its hands in: of bounded length, without control characters."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text[:MAX_TEXT])


def _line(title: str, rows: Sequence[Row]) -> str:
    got, full = sum(row.score for row in rows), sum(row.max_score for row in rows)
    return f"{title:<46} {points(got):>6} of {points(full):>5}"


def _row(row: Row, kit: Kit) -> dict[str, Any]:
    deliverable = kit.deliverable_of(row.test)
    outcome = "Passed." if row.verdict.passed else row.verdict.message
    return {
        "name": f"{deliverable.title}: {row.test.title}",
        "number": row.test.number,
        "score": row.score,
        "max_score": row.max_score,
        "status": "passed" if row.verdict.passed else "failed",
        "output": plain(f"{row.test.summary}\n\n{outcome}"),
        "output_format": "text",
        "visibility": row.test.visibility or kit.rubric.grading.visibility,
        "tags": list(row.test.tags),
    }


def write(results: Mapping[str, Any], path: Path) -> None:
    """Write results.json once and whole: to a temporary file beside it, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(results, indent=1, ensure_ascii=True), encoding="utf-8")
    os.replace(temporary, path)
