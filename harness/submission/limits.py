"""How much code of one file is read, so that a hostile file costs neither minutes nor gigabytes."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

MAX_NODES = 20_000  # nodes of the syntax tree of one file; a solution has 1500
MAX_DEPTH = 100  # of nested nodes; a solution has 13
MAX_MEANINGS = 10_000  # of all names in a file together: imports may give one name many meanings
LONG = 100  # characters of a meaning; a longer one counts as several
MAX_TEXT = 100  # characters of a string that is searched for names
TOO_DEEP = f"is nested too deeply (over {MAX_DEPTH} levels)"
TOO_MANY_MEANINGS = "the names in this file may stand for too many imports. Import less."
# To parse `import a.a.a...` of 64 KiB Python needs 1.2 GB, so such chains are searched for before.
_GAP = r"[ \t\f]*+(?:\\\n[ \t\f]*+)*+"
_WORD = r"[\w\u0080-\U0010ffff]"
LONG_CHAIN = re.compile(rf"(?<!{_WORD})(?:{_WORD}++{_GAP}\.{_GAP}){{{MAX_DEPTH}}}")


def too_much(body: Sequence[ast.AST]) -> str:
    """Say of what a file has too much, or "". Call this before any check that looks closer and may cost far more."""
    count, level = 0, body
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > MAX_NODES:
            return f"holds far more code than this assignment needs (over {MAX_NODES} names, numbers and so on)"
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return ""
    return TOO_DEEP
