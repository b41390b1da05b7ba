"""Which deliverables are started and not finished, and where work on one goes on."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from harness.contract import Assignment, Deliverable, is_id
from harness.submission.findings import FileReport
from harness.submission.source import Source, source_of
from harness.submission.started import is_started, is_untouched, not_started, start_line, todo_line
from harness.submission.syntax import DEFINITIONS, statements
from harness.words import abridged, shorten


class Gap(NamedTuple):
    """A function in which work is left: the line of its `raise NotImplementedError`, or where nothing is written."""

    function: str
    line: int
    raises: bool


def unfinished(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, tuple[Gap, ...]]:
    """The started deliverables whose source shows unfinished work: id -> where it is."""
    waiting = not_started(files, assignment)
    gaps_of = {d.id: _gaps(source_of(files, d.file), d) for d in assignment.deliverables if d.id not in waiting}
    return {id: gaps for id, gaps in gaps_of.items() if gaps}


def _gaps(source: Source, deliverable: Deliverable) -> tuple[Gap, ...]:
    """The functions of a deliverable in which work is left, by line."""
    gaps: list[Gap] = []
    for function in deliverable.functions:
        node = source.find(function.name)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if function.optional and (_raise_left(node) is None or node.name not in _mentioned(source)):
            continue
        if (line := _raise_left(node)) is not None:
            gaps.append(Gap(function.name, line, raises=True))
        elif is_untouched(source, function) or all(map(_does_nothing, node.body)):
            gaps.append(Gap(function.name, todo_line(source, deliverable, node) or node.lineno, raises=False))
    return tuple(sorted(gaps, key=lambda gap: gap.line))


def line_of_work(files: Mapping[str, bytes], deliverable: Deliverable) -> int:
    """The line where the work on a deliverable continues.

    Of a started deliverable that is the first function in which work is left. Otherwise, or where all is written, it
    is the first TODO, else the first function, else 1.

    `files` maps contract paths to contents, as `read_tree` gives them. Never raises, whatever the bytes.
    """
    source = source_of(files, deliverable.file)
    gaps = _gaps(source, deliverable) if is_started(source, deliverable) else ()
    return gaps[0].line if gaps else start_line(source, deliverable)


def gaps_in_words(gaps: Sequence[Gap]) -> str:
    """Say in which functions work is left, and on which lines."""
    words = []
    for raises, phrase in ((True, "NotImplementedError is still raised in"), (False, "nothing is written in")):
        if places := [f"{gap.function} (line {gap.line})" for gap in gaps if gap.raises is raises]:
            words.append(f"{phrase} {abridged(places)}")
    return "; ".join(words)


def check_helpers(source: Source, report: FileReport) -> None:
    """Warn of helpers (functions outside the contract) in which work is left and which the file mentions."""
    contract = {function.name for deliverable in report.own for function in deliverable.functions}
    mentioned = _mentioned(source)
    defined = [node.name for node in source.nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    holders = [("", source.body)] + [(f"{n.name}.", tuple(n.body)) for n in source.body if isinstance(n, ast.ClassDef)]
    for holder, body in holders:
        for node in body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or holder + node.name in contract:
                continue
            line = _raise_left(node) if node.name in mentioned and defined.count(node.name) == 1 else None
            if line is not None:
                words = f"NotImplementedError is still raised in {shorten(holder + node.name)}."
                report.warning("unfinished", line, f"{words} A test that calls it fails.", [])


def _mentioned(source: Source) -> set[str]:
    """All names and attributes that a file uses."""
    names = {node.id for node in source.nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in source.nodes if isinstance(node, ast.Attribute)}


def _does_nothing(statement: ast.stmt) -> bool:
    """`pass`, a docstring or `...`."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _raise_left(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int | None:
    """The line of the first `raise NotImplementedError` that is left over in a function.

    One with a deliverable's id, as handed out, is left wherever it can be reached. One with other words or none may be
    meant for an argument that is not supported; it is left where no call gets past it or returns before it.
    """
    return next(_walk(function.body, [True]), None)


def _walk(body: Sequence[ast.stmt], certain: list[bool]) -> Iterator[int]:
    """The lines of the raises that are left over in a block.

    Args:
        certain: whether every call comes here. It turns false where one may have returned.
    """
    for statement in body:
        if isinstance(statement, ast.Raise) and (tagged := _is_todo(statement)) is not None and (tagged or certain[0]):
            yield statement.lineno
        blocks = _blocks(statement)
        unconditional = isinstance(statement, (ast.With, ast.AsyncWith, ast.Try))
        for index, block in enumerate(blocks):
            yield from _walk(block, certain if unconditional and index == 0 else [False])
        if any(isinstance(inner, ast.Return) for inner in statements([statement])):
            certain[0] = False
        if _never_ends(statement):
            return


def _is_todo(statement: ast.Raise) -> bool | None:
    """Whether a `raise NotImplementedError` has a deliverable's id, as handed out; None for another statement."""
    raised = statement.exc
    words = raised.args if isinstance(raised, ast.Call) else []
    name = raised.func if isinstance(raised, ast.Call) else raised
    if not (isinstance(name, ast.Name) and name.id == "NotImplementedError"):
        return None
    text = words[0].value if len(words) == 1 and isinstance(words[0], ast.Constant) else None
    return isinstance(text, str) and is_id(text)


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks within a statement, but not those of functions and classes."""
    if isinstance(statement, DEFINITIONS):
        return []
    inner = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    branches = [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
    return [block for block in [*inner, *(branch.body for branch in branches)] if block]


def _never_ends(statement: ast.stmt) -> bool:
    """Whether the source alone shows that nothing after a statement in its block is reached."""
    if isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
        return True
    if isinstance(statement, ast.While):
        forever = isinstance(statement.test, ast.Constant) and bool(statement.test.value)
        return forever and not any(isinstance(inner, ast.Break) for inner in statements(statement.body))
    if isinstance(statement, ast.If):
        return all(any(map(_never_ends, block)) for block in (statement.body, statement.orelse))
    return isinstance(statement, (ast.With, ast.AsyncWith)) and any(map(_never_ends, statement.body))
