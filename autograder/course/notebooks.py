"""The code of a notebook, which is read as data."""

import json
import re

MOST = 1_000_000  # brackets in a notebook; each of them may cost 200 bytes of memory
OTHER_LANGUAGES = re.compile(r"\s*%%(bash|sh|script|html|HTML|javascript|js|latex|markdown|perl|ruby|svg|SVG|cmd)\b")
MAGIC = re.compile(r"([ \t]*+)(%{1,2}[A-Za-z].*|[!?].*|\w[\w, ]*+=[ \t]*+[%!][A-Za-z].*|[\w.]++\?{1,2}[ \t]*+)$")


def code_of(notebook: bytes) -> bytes:
    """The Python code of a notebook's cells, in their order, with a blank line after each.

    Lines for IPython (`%matplotlib inline`, `!pip install`, `model?`) become comments after `pass`, so that a block of
    one such line stays valid. Cells in other languages are left out. Never raises: of what is no notebook, there is no
    code.
    """
    if notebook.count(b"{") + notebook.count(b"[") > MOST:
        return b""
    try:
        cells = json.loads(notebook)["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError):
        return b""
    lines = [line for text in texts if not OTHER_LANGUAGES.match(text) for line in [*text.splitlines(), ""]]
    return "\n".join(map(_python, lines)).encode("utf-8", "replace")


def _python(line: str) -> str:
    magic = MAGIC.match(line)
    return f"{magic[1]}pass  # {magic[2]}" if magic else line
