"""All checks of a submission's source files. None of their code is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.contract import Assignment
from harness.submission.encoding import LIMIT, SAVE_AS_UTF8, decode, unreadable
from harness.submission.findings import FileReport, Finding, Severity, points, price
from harness.submission.imports import check_imports
from harness.submission.listed_files import irregular
from harness.submission.refused import inspect_names
from harness.submission.signatures import check_signatures
from harness.submission.source import Source, sources_of
from harness.submission.started import not_started
from harness.submission.unfinished import check_helpers, gaps_in_words, unfinished


def inspect(files: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """All there is to say about the listed files, worst first; other files are not looked at.

    `files` maps contract paths ("models/naive/LSTM.py") to contents. Never raises, whatever the bytes.
    """
    everything = tuple(deliverable.id for deliverable in assignment.deliverables)
    if not any(path in files for path in assignment.files):
        message = f"no file of this assignment is here: expected {assignment.files[0]} and so on."
        return [Finding(Severity.UNUSABLE, "", 0, message, everything, "nothing")]
    sources = sources_of(files, assignment)
    findings = [f for path in assignment.files for f in _inspect_file(path, files.get(path), sources[path], assignment)]
    findings += inspect_names(sources, assignment)
    waiting = not_started(files, assignment)
    if len(waiting) == len(everything):
        message = "NOTHING IS STARTED. All is as it was handed out: this would score 0 points."
        findings.append(Finding(Severity.WARNING, "", 0, message, everything, "not-started"))
    else:
        for id, (file, line) in waiting.items():
            deliverable = assignment.deliverable(id)
            message = f"{deliverable.number} {deliverable.title} is not started ({points([deliverable])})."
            findings.append(Finding(Severity.WARNING, file, line, message, (id,), "not-started"))
    for id, gaps in unfinished(files, assignment).items():
        deliverable = assignment.deliverable(id)
        message = f"{deliverable.number} {deliverable.title} is unfinished: {gaps_in_words(gaps)}."
        stake = price(assignment, [deliverable]).replace("Costs ", "Costs up to ", 1)
        message = f"{message} {stake}"
        findings.append(Finding(Severity.WARNING, deliverable.file, gaps[0].line, message, (id,), "unfinished"))
    weights, places = list(Severity), ["", *assignment.files]
    return sorted(findings, key=lambda f: (weights.index(f.severity), places.index(f.file), f.line))


def inspect_tree(tree: Path | str, files: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """What `inspect` says of a tree's files, and why files that are there could not be read."""
    faults = irregular(tree, assignment)
    unread = {finding.file for finding in faults}
    return faults + [f for f in inspect(files, assignment) if f.rule != "missing" or f.file not in unread]


def _inspect_file(path: str, data: bytes | None, source: Source, assignment: Assignment) -> list[Finding]:
    report = FileReport(path, assignment)
    if data is None:
        report.fault("missing", 0, "this file is missing. If you have lost it, take it from the handout.")
    elif len(data) > LIMIT:
        report.fault("size", 0, f"larger than {LIMIT // 1024} KiB, so it is neither packed nor graded.")
    else:
        _inspect_source(data, source, report)
    return report.findings()


def _inspect_source(data: bytes, source: Source, report: FileReport) -> None:
    _, encoding = decode(data)
    if problem := unreadable(data):
        report.fault("encoding", 1, f"{problem} {SAVE_AS_UTF8}")
        if source.error:
            return
    elif encoding != "utf-8" and not data.isascii():
        report.warning("encoding", 1, f"saved as {encoding}, not UTF-8. Let your editor save it as UTF-8.")
    if source.excess:
        report.fault("size", 0, f"this file {source.excess}, so it is not graded. Make it simpler.")
        return
    if source.error:
        line = min(max(source.error.lineno or 1, 1), len(source.lines))
        words = source.lines[line - 1].strip()
        words = f"`{words[:50]}{'...' if words[50:] else ''}`" if words else "this line"
        message = f"Python cannot read {words}: {source.error.msg}."
        report.fault("syntax", line, f"{message} Until you mend it nothing in this file runs.")
    check_signatures(source, report)
    check_imports(source.names(report.path), report)
    check_helpers(source, report)
