"""The learning rate of every update: a function of the step and of the validation losses so far, so nothing to save."""

from __future__ import annotations

import math
from collections.abc import Sequence

SCHEDULES = ("constant", "plateau", "step", "cosine", "inverse-sqrt")
THRESHOLD = 1e-4  # a plateau's loss has to fall by this share to count as better, as in ReduceLROnPlateau


def factor(schedule: str, step: int, warmup: int, total: int) -> float:
    """The factor of the learning rate at an update.

    It rises linearly to 1 during the warm-up. Then it stays (constant; plateau and step change it between epochs),
    falls to 0 along half a cosine (Loshchilov & Hutter 2017), or falls with the square root of the step (Vaswani et
    al. 2017).

    Args:
        step: of this update, counted from 1.
        warmup: updates of the warm-up; 0 for none.
        total: updates of the whole run.
    """
    if step <= warmup:
        return step / warmup
    if schedule == "cosine":
        done = (step - 1 - warmup) / max(total - warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    if schedule == "inverse-sqrt":
        return math.sqrt(max(warmup, 1) / step)
    return 1.0


def plateau(losses: Sequence[float], decay: float, patience: int) -> float:
    """The factor of the learning rate after these validation losses, as in torch's ReduceLROnPlateau.

    Args:
        losses: one an epoch.
        decay: the factor each time that more than `patience` epochs in a row were not better than the best.
    """
    best, bad, scale = math.inf, 0, 1.0
    for loss in losses:
        if loss < best * (1 - THRESHOLD):
            best, bad = loss, 0
        else:
            bad += 1
        if bad > patience:
            scale, bad = scale * decay, 0
    return scale
