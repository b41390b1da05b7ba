"""Progress in the terminal; nothing is shown without a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.status import Status
from tqdm import tqdm


def tracked(items: Iterable[Any], label: str) -> Iterator[Any]:
    """Yield the items, with a progress bar after two seconds."""
    yield from tqdm(items, label, delay=2, leave=False, disable=None, file=sys.stderr, dynamic_ncols=True)


def waiting(label: str) -> Status:
    """A context with a spinner, for work of unknown length."""
    return Console(stderr=True).status(label)
