"""Are the functions there that tests call, and can they be called as tests call them?"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence

from harness.contract import Deliverable
from harness.submission.findings import FileReport
from harness.submission.source import Source
from harness.words import shorten


def check_signatures(source: Source, report: FileReport) -> None:
    """Report functions that are missing or that tests cannot call."""
    owners: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Deliverable]] = {}
    missing: dict[str, dict[str, Deliverable]] = {}
    for deliverable in report.own:
        for function in deliverable.functions:
            if not function.optional:
                by_name = tuple(name for name in map(_name, function.parameters) if name in deliverable.by_name)
                owners.setdefault((function.name, function.parameters, by_name), []).append(deliverable)
    for (name, wanted, by_name), affected in owners.items():
        holder = name.rpartition(".")[0]
        defined = source.definition(name)
        if source.find(name) is None:
            gone = f"class {holder}" if holder and source.find(holder) is None else f"function {name}"
            missing.setdefault(gone, {}).update({deliverable.id: deliverable for deliverable in affected})
        elif defined and not _fits(wanted, defined.parameters, by_name):
            taken = ", ".join(map(shorten, defined.parameters[:12])) + (", ..." if defined.parameters[12:] else "")
            message = f"{name} takes ({taken}), where tests need ({', '.join(wanted)}), in this order."
            names = f"Tests give {', '.join(by_name)} by name; other names" if by_name else "The names"
            report.fault("signature", defined.line, f"{message} {names} are up to you.", affected)
        elif defined and (others := _other_defaults(wanted, defined.parameters)):
            message = f"{name} takes {', '.join(map(shorten, others))}. Other defaults fail tests that count on them."
            report.warning("signature", defined.line, message, affected)
    if not source.error:  # otherwise it may be in the part that could not be parsed
        for gone, needed in missing.items():
            message = f"{gone} is not defined in this file. Put it back under that name."
            report.fault("missing", 1, message, [*needed.values()])


def _fits(wanted: Sequence[str], got: Sequence[str], by_name: Collection[str]) -> bool:
    """Whether a function has the wanted parameters in the same order, and no others that need an argument.

    A name may be another one, but for those `by_name`, and for one that is wanted in another place. Where none of them
    is given by name, they may be positional only, or come in as *args.
    """
    words = [word for word in got if word != "/"]
    star = next((index for index, word in enumerate(words) if re.match(r"\*\w", word)), len(wanted))
    nameless = {*wanted[: got.index("/") if "/" in got else 0], *wanted[star:]}
    words[star:star] = wanted[star:]
    names, right = list(map(_name, words)), list(map(_name, wanted))
    named = all(
        own == name or not (name in by_name or own in right or own.startswith("*"))
        for own, name in zip(names, right, strict=False)
    )
    free = all("=" in word or word.startswith("*") for word in words[len(wanted) :])
    return len(words) >= len(wanted) and named and free and not set(map(_name, nameless)).intersection(by_name)


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def _other_defaults(wanted: Sequence[str], got: Sequence[str]) -> list[str]:
    """The parameters with another default than wanted, in words; a default that is new does no harm."""
    return [
        f"{own} instead of {word}"
        for own, word in zip([parameter for parameter in got if parameter != "/"], wanted, strict=False)
        if "=" in word and not own.startswith("*") and not _is_default(own.partition("=")[2], word.partition("=")[2])
    ]


def _is_default(own: str, wanted: str) -> bool:
    """Whether a default has the wanted value; anything that is not a literal may have it."""
    try:
        return own != "" and bool(ast.literal_eval(own) == ast.literal_eval(wanted))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return True  # PAD may well be 1; the tests will show
