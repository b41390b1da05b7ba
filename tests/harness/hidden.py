"""What may be said of a test that fails with secret inputs only: the kind of failure, and what those inputs vary.

Student code chooses when it fails, so every word could be a message about the secret. All of this depends on nothing
but the expected outcomes, the case's published arguments and the kind of failure.
"""

from tests.harness.diagnosis import BATCH, LENGTH
from tests.harness.graded import Case
from tests.harness.judge import FIXED_WORDS, Kind
from tests.harness.outcome import Outcome

PADDING = "padding of "  # what Given notes of sentences begins so


def hidden_words(kind: Kind, public: Outcome, hidden: Outcome, case: Case) -> str:
    """What is said of a test that is right with the published inputs and fails with hidden ones, and what may help.

    Args:
        kind: how it fails.
        public, hidden: the expected outcomes, never what student code has shown.
        case: the case that fails; its arguments are public.
    """
    fact = f"Right with the published inputs; {_case(case)}{differing(public, hidden)} {FIXED_WORDS[kind]}."
    return f"{fact}\nOn your computer, `python -m tests --stress` looks for such cases."


def differing(public: Outcome, hidden: Outcome) -> str:
    """What the hidden inputs vary: values alone, or also batch, lengths, other sizes and how much padding there is."""
    changed = [name for name, size in hidden.sizes.items() if public.sizes.get(name) != size]
    padding = [name for name in changed if name.startswith(PADDING)]
    sizes = [name for name in changed if name not in padding]
    batch, length = ([name for name in sizes if name in names] for names in (BATCH, LENGTH))
    layers = [name for name in sizes if name not in (*BATCH, *LENGTH)]
    parts = [
        f"another batch size ({_joined(batch)})" if batch else "",
        f"{'another length' if len(length) == 1 else 'other lengths'} ({_joined(length)})" if length else "",
        f"{'another size' if len(layers) == 1 else 'other sizes'} ({_joined(layers)})" if layers else "",
        _padding(padding, public, hidden) if padding else "",
    ]
    words = _joined([part for part in parts if part], "and")
    if sizes:
        return f"with {words}"
    return f"with other values of the same sizes{' and ' if words else ''}{words}"


def _padding(names: list[str], public: Outcome, hidden: Outcome) -> str:
    if not any(public.sizes.get(name) for name in names):
        return "padding"
    return "other padding" if any(hidden.sizes[name] for name in names) else "no padding"


def _case(case: Case) -> str:
    """The case in words; what is special about a batch or a length of one is said."""
    if not case.name:
        return ""
    ones = [name for name, value in case.arguments.items() if type(value) is int and value == 1]
    special = ["a batch of one"] * any(name in BATCH for name in ones)
    special += ["a length of one"] * any(name in LENGTH for name in ones)
    remark = f" ({_joined(special, 'and')})" if special else ""
    return f"i{str(case)[1:]}{remark}, "


def _joined(names: list[str], conjunction: str = "") -> str:
    if conjunction and len(names) > 1:
        return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"
    return ", ".join(names)
