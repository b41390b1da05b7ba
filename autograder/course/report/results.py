"""What each student reads, small enough for one page: every line and every row of a class is written once, and packed.

Most students read the same rows, because most pass, and a known mistake gets the same words.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from autograder.course.record import Item, Submission
from autograder.course.report.gradebook import Gradebook
from autograder.course.report.sections import STATES, lateness_in_words, misconception_title
from autograder.grade.policy import moment, span


class Results:
    """Collects results; `packed` is what the page's script reads."""

    def __init__(self, book: Gradebook) -> None:
        self._book = book
        self._lines: dict[str, int] = {}
        self._rows: dict[tuple[Any, ...], int] = {}
        self._students: dict[str, dict[str, Any]] = {}

    def add(self, submission: Submission, results: Mapping[str, Any] | None, rows: Sequence[Item]) -> None:
        """Add a submission.

        Args:
            results: its results.json; None where the grader has failed.
            rows: the record's rows, for what staff alone sees.
        """
        items = {item.test: item for item in rows}
        tests = results["tests"] if results else []
        self._students[submission.id] = {
            "name": str(submission),
            "score": submission.score,
            "open": all(row["visibility"] == "visible" for row in tests),
            "output": self._text(results["output"] if results else ""),
            "rows": [self._row(row, items.get(row["number"])) for row in tests],
            "staff": list(_staff(submission, results)),
        }

    def _row(self, row: Mapping[str, Any], item: Item | None) -> int:
        """The index of a row: as the student reads it, then what staff alone sees."""
        staff = (item.kind, item.inputs, misconception_title(item.misconception)) if item else ("", "", "")
        part, passed = self._book.part(row["number"]), int(row["status"] == "passed")
        values = (row["number"], row["name"], row["score"], row["max_score"], passed, row["visibility"], part)
        return self._rows.setdefault((*values, self._text(row["output"]), *staff), len(self._rows))

    def _text(self, text: str) -> tuple[int, ...]:
        """The indices of a text's lines."""
        return tuple(self._lines.setdefault(line, len(self._lines)) for line in text.split("\n"))

    def packed(self) -> str:
        """Everything as JSON, deflated, in base64. As it is, it would be most of a page of many megabytes."""
        content = {
            "full": self._book.full,
            "lines": [*self._lines],
            "rows": [*self._rows],
            "students": self._students,
        }
        return base64.b64encode(zlib.compress(json.dumps(content, separators=(",", ":")).encode())).decode()


def _staff(submission: Submission, results: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Facts about a submission that the student does not read: a name and a text each."""
    people = [", ".join(filter(None, (one.name, one.email, one.number))) for one in submission.students]
    notes = [*submission.notes, *((results or {}).get("extra_data", {}).get("notes", []))]
    facts = {
        "State": STATES[submission.state],
        "Why": submission.why,
        "Handed in by": "\n".join(people),
        "Handed in": moment(submission.created) if submission.created else "",
        "Due": moment(datetime.fromisoformat(submission.late["due"])) if submission.late else "",
        "Lateness": _delay(submission),
        "Time and memory": f"{submission.seconds:.1f} s, {submission.memory:.0f} MiB",
        "Folder": submission.place,
        "Isolation": "\n".join(submission.isolation),
        "Notes": "\n".join(notes),
    }
    return [(name, text) for name, text in facts.items() if text]


def _delay(submission: Submission) -> str:
    seconds = (submission.late or {}).get("seconds", 0)
    return f"{lateness_in_words(submission)}: {span(timedelta(seconds=seconds))}" if seconds else ""
