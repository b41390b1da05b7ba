"""What autograd says of who has done the work: a second look, for the staff, where the preflight has found nothing.

A tensor knows which operations it comes from. Where a deliverable refuses some of torch's layers and a shown tensor
comes from one of them, whoever grades is told to look at the source. No point depends on it, for the names come from
the student's process, and a tensor can be cut off from its history.
"""

import re
from collections.abc import Iterable

from harness.contract import Deliverable

MOST = 5  # kinds of nodes in one note


def note(deliverable: Deliverable, nodes: Iterable[str]) -> str:
    """What to tell the staff of the operations that a deliverable's results come from, or ""."""
    words = families(deliverable.refused)
    found = sorted(node for node in nodes if any(word in node.lower() for word in words))[:MOST]
    if not found:
        return ""
    return (
        f"{deliverable.number} {deliverable.title}: its results come from {', '.join(found)}, although it refuses "
        f"such layers of torch. Look at {deliverable.file}: a refused name may be computed there."
    )


def families(refused: Iterable[str]) -> set[str]:
    """The words of refused names that tell a family: "rnn" of "torch.nn.RNN*", "attention" of "torch.*_attention*"."""
    last = (pattern.rpartition(".")[2].lower() for pattern in refused)
    return {word for name in last for word in re.findall("[a-z]{3,}", name)}
