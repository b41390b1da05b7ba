"""How much code of one file is read, so that a hostile file costs neither minutes nor gigabytes."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

MAX_NODES = 20_000  # pieces of syntax in one file: a solution has 1500, and a hostile file must not cost minutes
MAX_DEPTH = 100  # of pieces of syntax within each other: a solution has 13
MAX_MEANINGS = 10_000  # of all names that a file uses: through imports one name may stand for many things
MAX_TEXT = 100  # characters of a string that is read as names
TOO_DEEP = f"is nested too deeply (over {MAX_DEPTH} levels)"
TOO_MANY_MEANINGS = "the names in this file may stand for too many imports. Import less."
# Python itself takes 1.2 GB for `import a.a.a...` of 64 KiB, so this is looked for before it parses.
_GAP = r"[ \t\f]*+(?:\\\n[ \t\f]*+)*+"
_WORD = r"[\w\u0080-\U0010ffff]"
LONG_CHAIN = re.compile(rf"(?<!{_WORD})(?:{_WORD}++{_GAP}\.{_GAP}){{{MAX_DEPTH}}}")


def too_much(body: Sequence[ast.AST]) -> str:
    """What there is more of than is read, or "". Checked before all that looks closer, which may cost far more."""
    count, level = 0, body
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > MAX_NODES:
            return f"holds far more code than this assignment needs (over {MAX_NODES} names, numbers and so on)"
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return ""
    return TOO_DEEP
