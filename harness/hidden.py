"""The words for a test that fails only with secret inputs: in which of four ways, and what those inputs vary.

Student code can choose how and with which inputs it fails, so every word could carry a message about the secret. A test
has at most eight sentences, for four ways and two kinds of inputs, which is three bits. Their words depend only on the
expected outcomes of all cases of the test.
"""

from collections.abc import Iterable, Sequence

from harness.judge import Kind
from harness.marks import COMMON, SizeNames
from harness.outcome import Outcome
from harness.sizes import PADDING
from harness.words import joined

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


def hidden_words(
    kind: Kind,
    public: Sequence[Outcome],
    hidden: Sequence[Sequence[Outcome]],
    failed: int,
    names: SizeNames = COMMON,
) -> str:
    """The message for a test that is right with the published inputs and fails with hidden ones.

    Args:
        kind: how the test fails.
        public: the expected outcomes of the test's cases; never what student code has shown.
        hidden: for each set of secret inputs, the expected outcomes of the same cases.
        failed: the index of the first set with which the test fails.
        names: the test's names of batch sizes and lengths.
    """
    sets = [list(zip(public, outcomes, strict=True)) for outcomes in hidden]
    alike = [not any(not name.startswith(PADDING) for name in _changed(pairs)) for pairs in sets]
    told_pairs = [pair for pairs, same in zip(sets, alike, strict=True) if same == alike[failed] for pair in pairs]
    right = "the published inputs"
    if any(alike) and not alike[failed]:
        right += " and with other values of the same sizes"
    fact = f"Right with {right}; {differing(told_pairs, names)} {WORDS[TOLD_AS.get(kind, kind)]}."
    return f"{fact}\nOn your computer, `python -m tests --stress` looks for such cases."


def differing(pairs: Pairs, names: SizeNames = COMMON) -> str:
    """Says what hidden inputs vary: only values, or also the batch, lengths, other sizes and the amount of padding."""
    changed = _changed(pairs)
    padding = [name for name in changed if name.startswith(PADDING)]
    sizes = [name for name in changed if name not in padding]
    batch, length, layers = names.split(sizes)
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
    """The names of sizes that differ in some pair."""
    changed = (
        name for public, hidden in pairs for name, size in hidden.sizes.items() if public.sizes.get(name) != size
    )
    return list(dict.fromkeys(changed))


def _padding(names: Iterable[str], pairs: Pairs) -> str:
    if not any(public.sizes.get(name) for name in names for public, _ in pairs):
        return "padding"
    return "other padding" if any(hidden.sizes.get(name) for name in names for _, hidden in pairs) else "no padding"
