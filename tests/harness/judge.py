"""The one place that decides whether an outcome is right, and words why not.

It reads no torch and runs no student code: numpy arrays in, words out. Laptop and autograder call the same function.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from tests.harness.diagnosis import close, diagnose
from tests.harness.graded import Case
from tests.harness.marks import Tolerance
from tests.harness.outcome import NOT_STARTED, Array, Outcome


class Kind(StrEnum):
    """What is wrong, in the order in which it is looked for."""

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


# All that is said of a run with secret values: it must not depend on them.
FIXED_WORDS = {
    Kind.PASSED: "right",
    Kind.NOT_STARTED: "a part that this test needs is not implemented yet",
    Kind.REFUSED: "your file is refused",
    Kind.FAULT: "your code stops with an error or does not end",
    Kind.MISSING: "not everything was shown",
    Kind.FORM: "something of another form than asked for is returned",
    Kind.SHAPE: "a result has the wrong shape",
    Kind.DTYPE: "a result has the wrong dtype",
    Kind.NOT_FINITE: "a result is not finite (NaN or infinity)",
    Kind.VALUES: "the values differ",
}


@dataclass(frozen=True)
class Verdict:
    """A judgement: passed or not, what kind of difference, a message for the student, and a hint where one is known."""

    kind: Kind
    message: str = ""
    hint: str = ""

    @property
    def passed(self) -> bool:
        return self.kind is Kind.PASSED

    def within(self, case: Case) -> "Verdict":
        """The same verdict, saying of which case of a parametrized test it is."""
        if not case.name or self.kind in (Kind.PASSED, Kind.REFUSED, Kind.NOT_STARTED):
            return self
        return replace(self, message=f"{case}:\n{self.message}")

    def words(self, summary: str) -> list[str]:
        """Paragraphs for the student: what was checked, unless nothing was, what came out, and the hint."""
        checked = [] if self.kind in (Kind.REFUSED, Kind.NOT_STARTED) else [summary]
        return [*checked, *self.message.splitlines(), *([f"Hint: {self.hint}"] if self.hint else [])]


def judge(outcome: Outcome, expected: Outcome, tolerance: Tolerance) -> Verdict:
    """Compare what a test has shown with what the solution shows: error, form, shape, dtype, finite, values.

    The message says what differs, then why, as far as that is known: parameters, or what the values look like.
    """
    name, verdict = _compare(outcome, expected, tolerance)
    if verdict.passed or verdict.kind is Kind.NOT_STARTED:
        return verdict
    parameters = _parameter_difference(outcome, expected)
    if parameters and not parameters.endswith(verdict.message):  # "Parameter w: ..." where the test shows w itself
        return replace(verdict, message=f"{parameters}\n{verdict.message}")
    got = outcome.shown.get(name)
    diagnosis = diagnose(name, got, expected, tolerance) if isinstance(got, np.ndarray) else ""
    return replace(verdict, message=f"{verdict.message}\n{diagnosis}") if diagnosis else verdict


def _compare(outcome: Outcome, expected: Outcome, tolerance: Tolerance) -> tuple[str, Verdict]:
    """The verdict, and the name of what is wrong."""
    if outcome.fault and outcome.fault.kind == NOT_STARTED:
        return "", Verdict(Kind.NOT_STARTED, f"Not implemented yet: {outcome.fault.message} ({outcome.fault.where}).")
    if outcome.fault:
        fault = outcome.fault
        return "", Verdict(Kind.FAULT, f"{fault.where}\n  {fault.kind}: {fault.message}".rstrip(": "))
    for name, right in expected.shown.items():
        if name not in outcome.shown:
            return "", Verdict(Kind.MISSING, f"{name}: nothing was shown; expected {_form(right)}.")
        verdict = _compare_value(name, outcome.shown[name], right, tolerance)
        if not verdict.passed:
            return name, verdict
    return "", Verdict(Kind.PASSED)


def _compare_value(name: str, got: Array | str, right: Array | str, tolerance: Tolerance) -> Verdict:
    if isinstance(got, str) or isinstance(right, str):
        same = isinstance(got, str) and isinstance(right, str) and got == right
        message = f"{name}: expected {_form(right)}, got {_form(got)}."
        return Verdict(Kind.PASSED) if same else Verdict(Kind.FORM, message)
    if got.shape != right.shape:
        return Verdict(Kind.SHAPE, f"{name}: expected shape {right.shape}, got {got.shape}.")
    if got.dtype != right.dtype:
        return Verdict(Kind.DTYPE, f"{name}: expected dtype {right.dtype}, got {got.dtype}.")
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
    expected, found = _numbers(right[where], got[where])
    return f"{name}{index}: expected {expected}, got {found}{extent}."


def _numbers(right: object, got: object) -> tuple[str, str]:
    """Two different numbers with as many digits as it takes to see that."""
    if not isinstance(right, np.floating):
        return str(right), str(got)
    for digits in (4, 6, 8):
        if f"{right:.{digits}f}" != f"{got:.{digits}f}":
            break
    return f"{right:.{digits}f}", f"{got:.{digits}f}"


def _form(value: Array | str) -> str:
    return value if isinstance(value, str) else f"a tensor of shape {value.shape}"


def _parameter_difference(outcome: Outcome, expected: Outcome) -> str:
    """Name the parameters that the contract asks for and that the student's module lacks or shapes differently."""
    for key, shapes in expected.parameters.items():
        if key not in outcome.parameters:
            continue  # the test stopped before this module was filled
        found = outcome.parameters[key]
        missing = [f"{name} {tuple(shape)}" for name, shape in shapes.items() if name not in found]
        if missing:
            others = sorted(set(found) - set(shapes))
            beside = f" It has {_some(others)}, which the contract does not name." if others else ""
            return f"Your module lacks parameters of the contract: {_some(missing)}.{beside}"
        for name, shape in shapes.items():
            if found[name] != shape:
                return f"Parameter {name}: expected shape {tuple(shape)}, got {tuple(found[name])}."
    return ""


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
