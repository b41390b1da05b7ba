"""The ids that are given with --id, and how many of them a group may have."""

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
    if len(ids) > max(size, 0) or size < 1:
        message = f"{len(ids)} ids are given, but a group has at most {size}."
        yield Finding(Severity.UNUSABLE, "", 0, message, (), "group")
    elif size > assignment.group_size:
        message = f"--group-size {size}: groups here have at most {assignment.group_size}. Have you asked?"
        yield Finding(Severity.WARNING, "", 0, message, (), "group")
