"""Looks in autograd's graphs for refused layers that the preflight could not see, and notes them for the staff.

A tensor knows which operations made it. If a deliverable refuses some of torch's layers and a shown tensor comes from
one of them, a note asks the staff to look at the source. No point depends on it, because the names come from the
student's process, and a tensor can be detached from its history.
"""

import re
from collections.abc import Iterable

from harness.contract import Deliverable

MOST = 5  # kinds of nodes in one note


def note(deliverable: Deliverable, nodes: Iterable[str]) -> str:
    """A note for the staff about refused operations that made a deliverable's results, or ""."""
    words = families(deliverable.refused)
    kinds = sorted(node for node in nodes if any(word in node.lower() for word in words))[:MOST]
    if not kinds:
        return ""
    return (
        f"{deliverable.number} {deliverable.title}: its results come from {', '.join(kinds)}, although it refuses "
        f"such layers of torch. Look at {deliverable.file}: a refused name may be computed there."
    )


def families(refused: Iterable[str]) -> set[str]:
    """The words that identify families of refused names: "rnn" for "torch.nn.RNN*"."""
    last = (pattern.rpartition(".")[2].lower() for pattern in refused)
    return {word for name in last for word in re.findall("[a-z]{3,}", name)}
