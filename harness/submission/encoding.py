"""The text of a source file, whatever encoding it was saved in."""

from __future__ import annotations

import codecs
import io
import re
import token
import tokenize

LIMIT = 64 * 1024  # bytes in one file
SAVE_AS_UTF8 = (
    "Save it as UTF-8: in VS Code click the encoding at the bottom right and choose Save with Encoding; in other "
    "editors Save As asks for it."
)


def read_source(data: bytes) -> str:
    """Decode a Python file by its coding comment, else as UTF-8, else as latin-1; without BOM, lines end in LF."""
    return decode(data)[0]


def to_utf8(data: bytes) -> bytes:
    """Encode a source so that Python reads what `read_source` reads: UTF-8, LF, no BOM, no other coding comment."""
    cookie = re.compile(r"^([ \t\f]*#.*?coding[:=][ \t]*)[-\w.]+")
    lines = read_source(data).split("\n")
    lines[:2] = [cookie.sub(r"\1utf-8", line) for line in lines[:2]]
    return "\n".join(lines).encode("utf-8")


def unreadable(data: bytes) -> str:
    """Say why Python cannot decode a source file, in words that follow the file's name; "" where it can."""
    (text, encoding), declared = decode(data), _declared(data)
    if encoding in ("utf-16", "utf-32"):
        return f"saved as {encoding.upper()}, which Python cannot read."
    if b"\0" in data:
        return "holds null bytes, as if saved as UTF-16, and Python cannot read it."
    if encoding == declared.removesuffix("-sig"):
        return ""
    if declared.startswith("utf-8"):
        words = "not saved as UTF-8 but perhaps as Windows-1252 or Latin-1, and Python cannot read it."
        return "" if _is_ascii_but_for_comments(text) else words
    return "a comment in its first lines declares an encoding in which it cannot be read. Delete that comment."


def _is_ascii_but_for_comments(text: str) -> bool:
    """Whether Python imports a file of this text in any encoding, which it does not check in comments."""
    try:
        words = tokenize.generate_tokens(io.StringIO(text).readline)
        return all(word.string.isascii() for word in words if word.type != token.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        return False


def decode(data: bytes) -> tuple[str, str]:
    """The text, and the name of the encoding in which it was read."""
    wide = next((name for mark, name in _WIDE.items() if data.startswith(mark)), None)
    for encoding in (wide or _declared(data) or "utf-8-sig", "utf-8-sig", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        text = text.lstrip("\ufeff")  # in the copy that `to_utf8` makes, a second BOM would be the first
        return text.replace("\r\n", "\n").replace("\r", "\n"), encoding.removesuffix("-sig")
    raise AssertionError("latin-1 reads everything")


_WIDE = {  # the longer marks first, since one begins with another
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def _declared(data: bytes) -> str:
    """The encoding that a BOM or a coding comment declares, else UTF-8; "" for one that changes ASCII."""
    probe = r"\u0041 \\ +AEE- xn--a"  # utf-7, unicode_escape and the like decode this to something else
    try:
        name = codecs.lookup(tokenize.detect_encoding(io.BytesIO(data).readline)[0]).name
        return name if probe.encode("ascii").decode(name) == probe else ""
    except SyntaxError as error:  # "missing": bytes are not UTF-8 and no comment says what they are; `decode` does
        return "utf-8-sig" if "missing" in str(error) else ""
    except (LookupError, ValueError):
        return ""
