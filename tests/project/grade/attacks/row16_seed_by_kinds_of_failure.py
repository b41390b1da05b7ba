"""Row 16: right with the published inputs by a table; with hidden ones it fails in the kind that the seed's next digits choose.

No point is gained by it. What it carries out is a few bits a row: docs/security.md says how many.

Where: import
"""

from torch import sys

from tests.project.grade.attacks.shared.published_answers import show_published, take_over


def told(given, show):
    np = sys.modules["numpy"]
    show_published(given, show)
    shown = show._outcome.shown
    frame = sys._getframe()
    while frame and "seed" not in frame.f_locals:
        frame = frame.f_back
    seed = str(frame.f_locals["seed"]) if frame else "0"
    if seed != "0" and shown:
        digit = int(seed[len(shown) % len(seed)].encode().hex(), 16) % 5
        if digit == 4:
            raise RuntimeError(seed)
        odd = [
            "a sentence",
            np.zeros(3, np.float32),
            np.zeros((4, 5), np.int64),
            np.full((4, 5), np.nan, np.float32),
        ]
        shown[next(iter(shown))] = odd[digit]


def attack(*_):
    take_over(told)
