"""Text for a terminal or a page: without control characters, short, and lists in words.

Standard library only.
"""

from __future__ import annotations

from collections.abc import Sequence

MAX_WORD = 60  # characters of a name in a message


def printable(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)


def shorten(word: str) -> str:
    """A name from a file, so that a message stays readable."""
    return word if len(word) <= MAX_WORD else f"{word[: MAX_WORD - 20]}...{word[-17:]}"


def abridged(items: Sequence[str], count: int = 5) -> str:
    more = f" and {len(items) - count} more" if len(items) > count else ""
    return ", ".join(items[:count]) + more
