"""Which files have been saved: looked up, not reported by the system.

A dozen files looked up 20 times a second cost next to nothing, and unlike the system's notifications that works the
same everywhere, over a network drive and in a folder that another program synchronises.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

Stamp = tuple[int, int, int] | None

SETTLED = 0.1  # seconds without a further change: editors save in several steps
COMES_BACK = 1.0  # seconds that a file may be gone or empty, as it is in the midst of being saved


def stamp(path: Path) -> Stamp:
    """What differs after a save, also one by renaming; None for a file that is not there."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


class Saves:
    """Notices changes of files, once for each save."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._known = {path: stamp(path) for path in paths}
        self._new: dict[Path, tuple[Stamp, float]] = {}

    def poll(self) -> set[Path]:
        """The files that have changed and come to rest since the last call."""
        now = time.monotonic()
        settled = set()
        for path, known in self._known.items():
            found = stamp(path)
            if found == known:
                self._new.pop(path, None)
            elif path not in self._new or self._new[path][0] != found:
                self._new[path] = found, now
            elif now - self._new[path][1] >= (SETTLED if found and found[1] else COMES_BACK):
                settled.add(path)
        for path in settled:
            self._known[path] = self._new.pop(path)[0]
        return settled

    @property
    def pending(self) -> bool:
        """Whether a file has changed and `poll` has not said so yet."""
        return any(stamp(path) != known for path, known in self._known.items())
