"""Decides whether an outcome is right, and says what is wrong. Laptop and autograder call the same function.

This module imports no torch and runs no student code: it takes numpy arrays and returns words.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from harness import faults
from harness.diagnosis import close, diagnose
from harness.graded import Case
from harness.marks import COMMON, SizeNames, Tolerance
from harness.outcome import NOT_STARTED, Array, Fault, Outcome
from harness.sizes import Sizes
from harness.words import abridged


class Kind(StrEnum):
    """What is wrong, in the order in which it is checked."""

    PASSED = "passed"
    NOT_STARTED = "not started"
    REFUSED = "refused"
    FAULT = "fault"
    MISSING = "missing"
    FORM = "form"
    SHAPE = "shape"
    DTYPE = "dtype"
    NOT_FINITE = "not finite"
    VALUES = "values"


@dataclass(frozen=True)
class Verdict:
    """A judgement: the kind of difference, a message for the student, and a hint if one is known.

    Attributes:
        todo: for a test that a `raise NotImplementedError` stopped: the deliverable that it names or, if it names none,
            its file and line.
        case: the name of the case, if it is known and has one.
        why: the kind of cause that the message names: PARAMETERS, CAUSE or "".
        shown: the name of the value that differs, or "".
        maker: the student's file and function that made this value, as in `makers.Makers`, if known.
        usual: the line of the message that says what such an exception usually means, or "".
        beside: whether the test is about the model's mode, the mode is right, and something else is wrong.
    """

    kind: Kind
    message: str = ""
    hint: str = ""
    todo: str = ""
    case: str = ""
    why: str = ""
    shown: str = ""
    maker: str = ""
    usual: str = ""
    beside: bool = False

    @property
    def passed(self) -> bool:
        return self.kind is Kind.PASSED

    def within(self, case: Case) -> "Verdict":
        """The same verdict with the name of its case of a parametrized test."""
        if not case.name or self.kind in (Kind.PASSED, Kind.REFUSED, Kind.NOT_STARTED):
            return self
        return replace(self, message=f"{case}:\n{self.message}", case=case.name)

    def hinted(self, hint: str) -> "Verdict":
        """The same verdict with a misconception's hint, which replaces the usual meaning of an exception."""
        lines = [line for line in self.message.splitlines() if not self.usual or line != self.usual]
        return replace(self, message="\n".join(lines) if hint else self.message, hint=hint)

    def words(self, summary: str) -> list[str]:
        """Paragraphs for the student: what was checked (if anything was), the message, and the hint."""
        checked = [] if self.kind in (Kind.REFUSED, Kind.NOT_STARTED) else [summary]
        return [*checked, *self.message.splitlines(), *([f"Hint: {self.hint}"] if self.hint else [])]

    @property
    def line(self) -> str:
        """The message in one line, without its case."""
        message = re.sub(r"^In the case .*\n", "", self.message)
        return re.sub(r":?\n  ", ": ", message).replace("\n", " ")


PARAMETERS, CAUSE = "parameters", "cause"


def telling_order(verdict: Verdict) -> tuple[int, bool]:
    """The sort key of failing tests: a verdict that names a cause comes before one that only says what differs.

    The order is: a line of the student's that stops; missing parameters; another form, shape or dtype; values that are
    not finite; what a hint or a sentence explains; the rest.
    """
    stops = verdict.kind is Kind.FAULT and faults.IN_TEST not in verdict.message
    if stops or verdict.kind is Kind.REFUSED:
        order = 0
    elif verdict.why == PARAMETERS:
        order = 1
    elif verdict.kind in (Kind.MISSING, Kind.FORM, Kind.SHAPE, Kind.DTYPE, Kind.NOT_FINITE):
        order = 2 + list(Kind).index(verdict.kind)
    else:
        order = 2 + len(Kind) + (verdict.beside or (not verdict.why and not verdict.hint))
    return order, not verdict.hint


def judge(outcome: Outcome, expected: Outcome, tolerance: Tolerance, names: SizeNames = COMMON) -> Verdict:
    """Compare what a test has shown with what the solution shows: error, form, shape, dtype, finite, values.

    The message says what differs, then why, if that is known: parameters, or what the values look like.

    Args:
        names: the test's names of batch sizes and lengths, for the message.
    """
    name, verdict = _compare(outcome, expected, tolerance)
    if verdict.passed or verdict.kind is Kind.NOT_STARTED:
        return verdict
    sizes = Sizes(expected.sizes, names)
    parameters = _parameter_difference(outcome, expected, sizes)
    if parameters and not parameters.endswith(verdict.message):  # "Parameter w: ..." where the test shows w itself
        return replace(verdict, message=f"{parameters}\n{verdict.message}", why=PARAMETERS)
    cause = _cause(name, verdict, outcome, expected, tolerance, sizes)
    lines = [verdict.message, cause]
    if outcome.fault:
        lines.append(_beside_the_fault(verdict, outcome, expected, tolerance))
    elif verdict.kind in (Kind.VALUES, Kind.NOT_FINITE):
        lines.append(_right_beside(outcome, expected, tolerance))
    text = "\n".join(line for line in lines if line)
    usual = cause if verdict.kind is Kind.FAULT else ""
    beside = _is_about_the_mode(expected) and isinstance(expected.shown.get(name), np.ndarray)
    return replace(verdict, message=text, why=CAUSE if cause else "", shown=name, usual=usual, beside=beside)


def _is_about_the_mode(expected: Outcome) -> bool:
    """Whether the first value that a test shows is the mode: "evaluation" or "training"."""
    name, value = next(iter(expected.shown.items()), ("", None))
    return isinstance(value, str) and "mode" in name.replace("_", " ").split()


def _cause(name: str, verdict: Verdict, outcome: Outcome, expected: Outcome, tolerance: Tolerance, sizes: Sizes) -> str:
    """A sentence about the likely cause of a difference, or ""."""
    if outcome.fault and verdict.kind is Kind.FAULT:
        return faults.explain(outcome.fault, sizes)
    got, right = outcome.shown.get(name), expected.shown.get(name)
    if verdict.kind is Kind.VALUES and re.match("finite values in .*gradient", name):
        return (
            "A gradient is NaN or infinite although its value is finite: on the way back, too, every step is taken, "
            "such as 0 / 0, the root of 0 or the logarithm of 0, also where `where`, `nan_to_num` or `masked_fill` "
            "replaces its result. Keep what goes into such a step away from zero."
        )
    if verdict.kind is Kind.NOT_FINITE and isinstance(got, np.ndarray) and got.size == 1 and np.isnan(got).all():
        return "NaN is the mean of nothing, and what 0 / 0 or infinity less infinity gives: is there an empty part?"
    if isinstance(got, np.ndarray) and isinstance(right, np.ndarray):
        return diagnose(name, got, expected, tolerance, sizes)
    return _of_another_form(name, got, right) if verdict.kind is Kind.FORM else ""


def _of_another_form(name: str, got: Array | str | None, right: Array | str | None) -> str:
    if (
        isinstance(got, str)
        and got == "None"
        and (isinstance(right, np.ndarray) or str(right).startswith("a tuple of"))
    ):
        if "gradient" in name:
            return (
                "No gradient arrives there: it is not used, or something on the way from it to the result cuts the "
                "graph (`detach`, `.data`, `.item()`, `torch.no_grad`, a new tensor made of numbers)."
            )
        return "" if "." in name else "Your code has returned None for it: is a `return` missing?"
    if isinstance(right, np.ndarray) and str(got).startswith("a list of"):
        return (
            "One tensor is asked for, and your code returns a list: `torch.stack` or `torch.cat` makes a tensor of it."
        )
    if isinstance(right, np.ndarray) and str(got).startswith("a tuple of"):
        return "One tensor is asked for: are more things returned, or does a comma at the end of a line make a tuple?"
    if isinstance(got, np.ndarray) and isinstance(right, str) and right.startswith("a tuple of"):
        return "Several things are asked for, and your code returns one tensor."
    if isinstance(got, str) and got.startswith("a list of") and got == str(right).replace("a tuple", "a list"):
        return "A tuple is asked for, and your code returns a list."
    if isinstance(got, np.ndarray) and got.size == 1 and isinstance(right, str):
        return "A plain number is asked for; `.item()` takes it out of a tensor."
    return ""


def _right_beside(outcome: Outcome, expected: Outcome, tolerance: Tolerance) -> str:
    """Which other values of the test are right, if they or the wrong ones are few."""
    compared = {
        name: _compare_value(name, outcome.shown[name], right, tolerance).passed
        for name, right in expected.shown.items()
        if name in outcome.shown
        and isinstance(right, np.ndarray)
        and not re.search("after the call|before the call", name)
    }
    right, wrong = ([name for name, passed in compared.items() if passed is yes] for yes in (True, False))
    if 0 < len(right) <= FEW:
        return f"Right in this test: {', '.join(right)}."
    if right and 1 < len(wrong) <= FEW:
        return f"Of {len(compared)} things that this test compares only these are wrong: {', '.join(wrong)}."
    return "All else that this test compares is right." if right and len(wrong) == 1 else ""


FEW = 4


def differ(outcome: Outcome, again: Outcome) -> bool:
    """Whether the same test, run twice, has shown different values."""
    shown = [(value, again.shown.get(name)) for name, value in outcome.shown.items()]
    return any(
        isinstance(one, np.ndarray)
        and isinstance(two, np.ndarray)
        and (one.shape != two.shape or not close(two, one, Tolerance()).all())
        and bool(np.isfinite(one).all())
        for one, two in shown
    )


RANDOM = (
    "Run again with the same inputs, your code gives other values: a dropout that is on where it should be off, random "
    "numbers, a layer that is created in forward, or a tensor that was never filled (`torch.empty`)."
)


def _compare(outcome: Outcome, expected: Outcome, tolerance: Tolerance) -> tuple[str, Verdict]:
    """The name of the wrong value, and the verdict."""
    if outcome.fault and outcome.fault.kind == NOT_STARTED:
        named, where = outcome.fault.message, outcome.fault.where
        words = f"Not implemented yet: {f'{named} ({where})' if named else where}."
        return "", Verdict(Kind.NOT_STARTED, words, todo=named or where)
    name, difference = _first_difference(outcome, expected, tolerance)
    if outcome.fault and (difference.passed or not outcome.fault.where.startswith(faults.IN_TEST)):
        return "", Verdict(Kind.FAULT, _stop(outcome.fault))
    return name, difference


def _first_difference(outcome: Outcome, expected: Outcome, tolerance: Tolerance) -> tuple[str, Verdict]:
    """The name and verdict of the first difference. A test that stopped shows fewer values, which is no difference."""
    for name, right in expected.shown.items():
        if name in outcome.shown:
            verdict = _compare_value(name, outcome.shown[name], right, tolerance)
            if not verdict.passed:
                return name, verdict
        elif not outcome.fault:
            return "", Verdict(Kind.MISSING, f"{name}: nothing was shown; expected {_form(right)}.")
    return "", Verdict(Kind.PASSED)


def _stop(fault: Fault) -> str:
    return f"{fault.where}\n  {fault.kind}: {fault.message}".rstrip(": ")


def _beside_the_fault(verdict: Verdict, outcome: Outcome, expected: Outcome, tolerance: Tolerance) -> str:
    """For a test that showed something wrong and then stopped: a sentence about the one that the verdict leaves out.

    If the student's line stopped, the verdict is about that. If the test's line stopped, the earlier difference is the
    cause, and the verdict is about the difference.
    """
    _, difference = _first_difference(outcome, expected, tolerance)
    if verdict.kind is not Kind.FAULT and outcome.fault:
        return f"Then {_stop(outcome.fault)}"
    return "" if difference.passed else f"Before that, {difference.message}"


def _compare_value(name: str, got: Array | str, right: Array | str, tolerance: Tolerance) -> Verdict:
    if isinstance(got, str) or isinstance(right, str):
        same = isinstance(got, str) and isinstance(right, str) and got == right
        message = f"{name}: expected {_form(right)}, got {_form(got)}."
        return Verdict(Kind.PASSED) if same else Verdict(Kind.FORM, message)
    if got.shape != right.shape:
        return Verdict(Kind.SHAPE, f"{name}: expected shape {right.shape}, got {got.shape}.")
    if got.dtype != right.dtype:
        return Verdict(Kind.DTYPE, f"{name}: expected dtype {right.dtype}, got {got.dtype}.")
    if np.array_equal(got, right):
        return Verdict(Kind.PASSED)
    unexpected = ~np.isfinite(got) & np.isfinite(right)
    if unexpected.any():
        where = tuple(int(index) for index in np.argwhere(unexpected)[0])
        message = f"{name}: {got[where]} at {list(where)}; {unexpected.mean():.0%} of the values are not finite."
        return Verdict(Kind.NOT_FINITE, message)
    wrong = ~close(got, right, tolerance)
    return Verdict(Kind.VALUES, _value_difference(name, got, right, wrong)) if wrong.any() else Verdict(Kind.PASSED)


def _value_difference(name: str, got: Array, right: Array, wrong: Array) -> str:
    where = tuple(int(index) for index in np.argwhere(wrong)[0])
    index = f" at {list(where)}" if where else ""
    share = f"{wrong.mean():.0%}" if wrong.mean() >= 0.01 else "under 1%"
    extent = f"; {share} of {wrong.size} values differ" if wrong.size > 1 else ""
    expected, actual = _numbers(right[where], got[where])
    return f"{name}{index}: expected {expected}, got {actual}{extent}."


def _numbers(right: object, got: object) -> tuple[str, str]:
    """Two different numbers with enough digits to see the difference."""
    if not isinstance(right, np.floating):
        return str(right), str(got)
    for digits in (4, 6, 8):
        if f"{right:.{digits}f}" != f"{got:.{digits}f}":
            break
    return f"{right:.{digits}f}", f"{got:.{digits}f}"


def _form(value: Array | str) -> str:
    return value if isinstance(value, str) else f"a tensor of shape {value.shape}"


def _parameter_difference(outcome: Outcome, expected: Outcome, sizes: Sizes) -> str:
    """Name the contract's parameters that the student's module lacks, or that have another shape there."""
    for key, shapes in expected.parameters.items():
        if key not in outcome.parameters:
            continue  # the test stopped before it filled this module
        present = outcome.parameters[key]
        missing = [f"{name} {tuple(shape)}" for name, shape in shapes.items() if name not in present]
        if missing:
            extra = sorted(set(present) - set(shapes))
            beside = f" It has {abridged(extra, 6)}, which the contract does not name." if extra else ""
            lacks = f"Your module lacks parameters of the contract: {abridged(missing, 6)}.{beside}"
            return "\n".join([lacks, *_why_missing([name for name in shapes if name not in present], outcome)])
        for name, expected_shape in shapes.items():
            if present[name] != expected_shape:
                return f"Parameter {name}: {_other_shape(expected_shape, present[name], sizes)}"
    return ""


def _other_shape(expected: list[int], actual: list[int], sizes: Sizes) -> str:
    """The expected and the actual shape of a parameter, with names of sizes, and a likely cause."""
    asked, yours = (
        f"{tuple(shape)}{f', that is {names}' if (names := sizes.shape(tuple(shape))) else ''}"
        for shape in (expected, actual)
    )
    words = f"expected shape {asked}, got {yours}."
    if actual == expected[::-1]:
        return f"{words} Its axes are exchanged."
    differing = [axis for axis, (a, b) in enumerate(zip(expected, actual, strict=False)) if a != b]
    if len(expected) == len(actual) and len(differing) == 1 and not sizes.name(actual[axis := differing[0]]):
        words += (
            f" Where do the {actual[axis]} along axis {axis} come from: a number that is written there, or another "
            "argument of the constructor than the right one?"
        )
    return words


def _why_missing(missing: list[str], outcome: Outcome) -> list[str]:
    """Sentences about attributes that hold a missing parameter in a form that the module does not register."""
    reasons: dict[str, list[str]] = {}
    for name in missing:
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            attribute = ".".join(parts[:end])
            kind = outcome.unregistered.get(attribute, "")
            if kind in UNREGISTERED and attribute not in reasons.setdefault(kind, []):
                reasons[kind].append(attribute)
    return [
        f"{abridged([f'self.{name}' for name in names], 6)}: {UNREGISTERED[kind]}"
        for kind, names in reasons.items()
        if names
    ]


# Kinds of attributes that a module does not register as a parameter or a layer, and what to do.
UNREGISTERED = {
    "shared": "the same layer under another name, as `[layer] * n` makes; each needs a layer that is created for it.",
    "tensor": "a plain tensor, which no optimizer finds and no file keeps; wrap it in nn.Parameter.",
    "buffer": "a buffer, which is not trained; the contract asks for an nn.Parameter.",
    "class": "a class; a layer is made by calling it with its sizes.",
    "tuple": "a tuple; a comma at the end of a line makes one, and layers in a tuple do not belong to the module.",
    "list of layers": "a Python list, whose layers do not belong to the module; nn.ModuleList makes them do so.",
    "list of tensors": "a Python list, whose tensors do not belong to the module; nn.ParameterList makes them do so.",
    "dict of layers": "a dict, whose layers do not belong to the module; nn.ModuleDict makes them do so.",
    "dict of tensors": "a dict, whose tensors do not belong to the module; nn.ParameterDict makes them do so.",
}
