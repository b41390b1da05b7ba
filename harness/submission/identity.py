"""The ids that are given with --id, and how many of them a group has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.contract import Assignment
from harness.submission.findings import Finding, Severity
from harness.words import printable


def check_ids(
    ids: Sequence[str], group_size: int | None, assignment: Assignment, needed: bool = True
) -> Iterator[Finding]:
    """What is wrong with the ids of a group.

    Args:
        group_size: how many ids the group says that it may have; None for as many as the assignment says.
        needed: say so where there is no id and the archive's name should carry one.
    """
    size = assignment.group_size if group_size is None else group_size
    for id in ids:
        if not re.fullmatch(assignment.id_pattern, id):
            expected = assignment.id_help or f"what matches {assignment.id_pattern}"
            message = f'--id "{printable(id)}" is not an id. Expected: {expected}'
            yield Finding(Severity.UNUSABLE, "", 0, message, (), "id")
    if needed and not ids and "{ids}" in assignment.archive_name:
        message = "the archive carries no id. Name yourself with --id YOUR_ID."
        yield Finding(Severity.WARNING, "", 0, message, (), "id")
    if len(set(ids)) < len(ids):
        message = "the same --id is given twice. Name each of you once."
        yield Finding(Severity.UNUSABLE, "", 0, message, (), "id")
    least = min(assignment.group_size_min, size)
    if len(ids) > max(size, 0) or size < 1:
        message = f"{len(ids)} ids are given, but a group has at most {size}."
        yield Finding(Severity.UNUSABLE, "", 0, message, (), "group")
    elif needed and len(set(ids)) < least > 1:
        given = f"{len(set(ids))} id{'s are' if len(set(ids)) != 1 else ' is'} given"
        message = f"{given}, but a group has at least {least}. Name each of you with --id."
        yield Finding(Severity.UNUSABLE, "", 0, message, (), "group")
    elif not assignment.group_size_min <= size <= assignment.group_size:
        message = f"--group-size {size}: groups here have {_sizes(assignment)}. Have you asked?"
        yield Finding(Severity.WARNING, "", 0, message, (), "group")


def _sizes(assignment: Assignment) -> str:
    least, most = assignment.group_size_min, assignment.group_size
    return f"at most {most}" if least == 1 else f"exactly {most}" if least == most else f"{least} to {most}"
