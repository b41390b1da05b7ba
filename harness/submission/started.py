"""Which deliverables are still as they were handed out, and where work on one begins."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from harness.contract import Assignment, Deliverable, Function
from harness.submission.source import Source, source_of


def not_started(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, tuple[str, int]]:
    """The deliverables whose code is as handed out: id to (file, line of the work as `line_of_work` finds it)."""
    waiting: dict[str, tuple[str, int]] = {}
    for path in assignment.files:
        source = source_of(files, path)
        for deliverable in assignment.by_file(path):
            if not is_started(source, deliverable):
                waiting[deliverable.id] = path, start_line(source, deliverable)
    return {d.id: waiting[d.id] for d in assignment.deliverables if d.id in waiting}


def is_started(source: Source, deliverable: Deliverable) -> bool:
    """Whether one of its functions is not as handed out; without a function that tells, it counts as started."""
    evidence = [function for function in deliverable.functions if function.untouched]
    return not (evidence and all(is_untouched(source, function) for function in evidence))


def is_untouched(source: Source, function: Function) -> bool:
    """Whether a function is there as it was handed out."""
    definition = source.definition(function.name)
    return definition is not None and definition.fingerprint == function.untouched


def start_line(source: Source, deliverable: Deliverable) -> int:
    """The line of a deliverable's first TODO, else of its first function, else 1."""
    if line := todo_line(source, deliverable):
        return line
    own_first = sorted(deliverable.functions, key=lambda function: function.untouched is None)
    definitions = (source.definition(function.name) for function in own_first)
    return next((definition.line for definition in definitions if definition), 1)


def todo_line(source: Source, deliverable: Deliverable, within: ast.stmt | None = None) -> int | None:
    """The line of a deliverable's first TODO in its file or within a function."""
    mark = re.compile(rf"#\s*TODO\({re.escape(deliverable.id)}\)")
    first, end = (within.lineno, within.end_lineno or within.lineno) if within else (1, len(source.lines))
    for number, line in enumerate(source.lines[first - 1 :], first):
        if number > end and not line.strip().startswith("#"):  # comments at its end belong to the function
            return None
        if mark.search(line):
            return number
    return None
