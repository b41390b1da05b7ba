"""A fingerprint of a function's code."""

from __future__ import annotations

import hashlib
import io
import re
import token
import tokenize


def fingerprint(source: str) -> str:
    """16 hex digits of a function's code, which comments, docstring and layout do not change.

    f-strings are left out: their tokens depend on Python's version.
    """
    words: list[str] = []
    line: list[tuple[int, str]] = []
    depth = 0
    try:
        for kind, text, *_ in tokenize.generate_tokens(io.StringIO(source).readline):
            depth += (kind in _OPENS) - (kind in _CLOSES)
            if kind == token.NEWLINE:
                if any(kind != token.STRING for kind, _ in line):
                    words += [word for _, word in line]
                line = []
            elif not (depth or kind in _LAYOUT or (kind == token.STRING and _F_STRING.match(text))):
                line.append((kind, text))
    except (tokenize.TokenError, SyntaxError):
        words = source.split()
    return hashlib.sha256(" ".join(words).encode("utf-8")).hexdigest()[:16]


_OPENS = {number for number, name in token.tok_name.items() if name in ("FSTRING_START", "TSTRING_START")}
_CLOSES = {number for number, name in token.tok_name.items() if name in ("FSTRING_END", "TSTRING_END")}
_F_STRING = re.compile(r"\w?[fF]")  # a single token before Python 3.12
_LAYOUT = {token.NL, token.INDENT, token.DEDENT, token.ENCODING, token.ENDMARKER, token.COMMENT, *_CLOSES}
