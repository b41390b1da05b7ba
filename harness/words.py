"""Text for a terminal or a page: no control characters, no endless names, and lists as one writes them.

Standard library only.
"""

from collections.abc import Iterable

LONGEST = 80  # characters of a name in a message


def printable(text: str, keep: str = "") -> str:
    """A text with "?" for each control character, which a terminal would obey.

    Args:
        keep: control characters that stay, such as "\\n".
    """
    return "".join(character if character.isprintable() or character in keep else "?" for character in text)


def shorten(name: str) -> str:
    """A name's beginning and end, where it is longer than a message can bear."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 20]}...{name[-17:]}"


def shown(name: str) -> str:
    """A name that somebody else has chosen, as a message may show it."""
    return shorten(printable(name))


def joined(words: Iterable[str], conjunction: str = "and") -> str:
    """Words as one writes a list: "a", "a and b", "a, b and c"."""
    *others, last = [*words] or [""]
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def abridged(words: Iterable[str], count: int = 5) -> str:
    """The first of some words, and how many more there are: "a, b and 7 more"."""
    listed = [*words]
    more = f" and {len(listed) - count} more" if len(listed) > count else ""
    return ", ".join(listed[:count]) + more
