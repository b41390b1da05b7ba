"""A bar for work that takes longer than two seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from tqdm import tqdm


def tracked(items: Iterable[Any], what: str) -> Iterator[Any]:
    """The items, with a bar on the terminal after two seconds; nothing where there is no terminal."""
    yield from tqdm(items, what, delay=2, leave=False, disable=None, file=sys.stderr, dynamic_ncols=True)
