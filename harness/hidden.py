"""What may be said of a test that fails with secret inputs only: in which of four ways, and what those inputs vary.

Student code chooses how and with which of the inputs it fails, so every word could be a message about the secret. There
are eight sentences for a test at the most, four ways and two kinds of inputs, which is three bits. Their words depend
on nothing but the expected outcomes of all its cases.
"""

from collections.abc import Iterable, Sequence

from harness.diagnosis import BATCH, LENGTH
from harness.judge import Kind
from harness.outcome import Outcome
from harness.words import joined

PADDING = "padding of "  # what Given notes of sentences begins so
WORDS = {
    Kind.FAULT: "your code stops with an error or does not end",
    Kind.SHAPE: "a result has another shape, dtype or form than asked for",
    Kind.NOT_FINITE: "a result is not finite (NaN or infinity)",
    Kind.VALUES: "the values differ",
}
TOLD_AS = {
    Kind.NOT_STARTED: Kind.FAULT,
    Kind.REFUSED: Kind.FAULT,
    Kind.MISSING: Kind.SHAPE,
    Kind.FORM: Kind.SHAPE,
    Kind.DTYPE: Kind.SHAPE,
}

Pairs = Sequence[tuple[Outcome, Outcome]]  # of public and hidden outcomes


def hidden_words(kind: Kind, public: Sequence[Outcome], hidden: Sequence[Sequence[Outcome]], failed: int) -> str:
    """What is said of a test that is right with the published inputs and fails with hidden ones, and what may help.

    Args:
        kind: how it fails.
        public: the expected outcomes of the test's cases; never what student code has shown.
        hidden: for each set of secret inputs, those of the same cases.
        failed: the place of the first set with which it fails.
    """
    sets = [list(zip(public, outcomes, strict=True)) for outcomes in hidden]
    alike = [not any(not name.startswith(PADDING) for name in _changed(pairs)) for pairs in sets]
    told = [pair for pairs, same in zip(sets, alike, strict=True) if same == alike[failed] for pair in pairs]
    right = "the published inputs"
    if any(alike) and not alike[failed]:
        right += " and with other values of the same sizes"
    fact = f"Right with {right}; {differing(told)} {WORDS[TOLD_AS.get(kind, kind)]}."
    return f"{fact}\nOn your computer, `python -m tests --stress` looks for such cases."


def differing(pairs: Pairs) -> str:
    """What hidden inputs vary: values alone, or also batch, lengths, other sizes and how much padding there is."""
    changed = _changed(pairs)
    padding = [name for name in changed if name.startswith(PADDING)]
    sizes = [name for name in changed if name not in padding]
    batch, length = ([name for name in sizes if name in names] for names in (BATCH, LENGTH))
    layers = [name for name in sizes if name not in (*BATCH, *LENGTH)]
    parts = [
        f"another batch size ({', '.join(batch)})" if batch else "",
        f"{'another length' if len(length) == 1 else 'other lengths'} ({', '.join(length)})" if length else "",
        f"{'another size' if len(layers) == 1 else 'other sizes'} ({', '.join(layers)})" if layers else "",
        _padding(padding, pairs) if padding else "",
    ]
    words = joined(filter(None, parts))
    if sizes:
        return f"with {words}"
    return f"with other values of the same sizes{' and ' if words else ''}{words}"


def _changed(pairs: Pairs) -> list[str]:
    """The sizes that differ in a pair."""
    changed = (
        name for public, hidden in pairs for name, size in hidden.sizes.items() if public.sizes.get(name) != size
    )
    return list(dict.fromkeys(changed))


def _padding(names: Iterable[str], pairs: Pairs) -> str:
    if not any(public.sizes.get(name) for name in names for public, _ in pairs):
        return "padding"
    return "other padding" if any(hidden.sizes.get(name) for name in names for _, hidden in pairs) else "no padding"
