"""The report, an upload of its own that `python -m workbench report` writes beside the tree."""

from __future__ import annotations

import re
from pathlib import Path

from harness.submission.findings import Finding, Severity

ANSWER = re.compile(r"<!-- answer: ([\w-]+) -->\n(.*?)\n?<!-- end -->", re.DOTALL)  # in report.md
OPEN_ANSWER = "*(your answer)*"


def inspect_report(tree: Path | str) -> list[Finding]:
    """Warnings on the report, an upload of its own that `python -m workbench report` writes beside the tree."""
    text, pdf = report_paths(tree)
    try:
        content = text.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        made = pdf.stat().st_mtime if pdf.is_file() else None
        written = text.stat().st_mtime
    except OSError:
        return []
    name = f"{text.parent.name}/{text.name}"
    messages = []
    if waiting := open_questions(content):
        listed = ", ".join(f"{id} (line {line})" for id, line in waiting.items())
        messages.append(f"questions are still open: {listed}.")
    if made is None or made < written:
        state = "is older than it" if made else "is not there"
        messages.append(f"{pdf.name} {state}. To make it: python -m workbench report")
    return [Finding(Severity.WARNING, name, 0, message, (), "report") for message in messages]


def open_questions(text: str) -> dict[str, int]:
    """The questions of a report that are not answered yet, each with the line of its answer."""
    return {
        answer[1]: text.count("\n", 0, answer.start(2)) + 1
        for answer in ANSWER.finditer(text)
        if answer[2].strip() in ("", OPEN_ANSWER)
    }


def report_paths(tree: Path | str) -> tuple[Path, Path]:
    """Where the report's text and its PDF are, if there is one."""
    folder = Path(tree).resolve().parent / "report"
    return folder / "report.md", folder / "report.pdf"
