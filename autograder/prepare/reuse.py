"""Keeps stored answers and hints with which the new ones agree when they are made again.

Each processor rounds in its own way: without this, `python -m autograder answers` would rewrite every file.
"""

from collections.abc import Iterable
from dataclasses import replace

from harness.answers import Answers
from harness.graded import GradedTest
from harness.hints import Hints, KnownMistake, Portrait, Sketch
from harness.judge import judge
from harness.marks import Tolerance
from harness.outcome import Outcome


def answers(new: Answers, old: Answers, tests: Iterable[GradedTest]) -> Answers:
    """The new answers, but old outcomes for the same seed stay if the judge lets the new ones pass against them.

    If all outcomes stay, the old answers are returned as they are, with their versions.
    """
    outcomes = dict(new.outcomes)
    for test in tests:
        for name in map(test.identifier, test.cases):
            before = old.outcomes.get(name)
            if before and new.seeds[name] == old.seeds[name] and _agree(new.outcomes[name], before, test.tolerance):
                outcomes[name] = before
    kept = all(outcome is old.outcomes.get(name) for name, outcome in outcomes.items())
    same = kept and list(outcomes) == list(old.outcomes)
    return old if same else replace(new, outcomes=outcomes)


def hints(new: Hints, old: Hints) -> Hints:
    """The new hints, but old ones stay if they differ from the new ones by rounding alone."""
    right = dict(new.right)
    for name, portrait in old.right.items():
        if name in right and _portray_the_same(right[name], portrait):
            right[name] = portrait
    before = {stored.name: stored for stored in old.known}
    known = []
    for made in new.known:
        stored = before.get(made.name)
        known.append(stored if stored and _same(made, stored) else made)
    return Hints(right, known)


def _agree(one: Outcome, other: Outcome, tolerance: Tolerance) -> bool:
    return _facts(one) == _facts(other) and judge(one, other, tolerance).passed


def _facts(outcome: Outcome) -> tuple[object, ...]:
    """All but the values, in the order in which they are stored."""
    return (
        list(outcome.shown), outcome.parameters, outcome.sizes, outcome.inputs, outcome.unregistered, outcome.measures
    )  # fmt: skip


def _same(one: KnownMistake, other: KnownMistake) -> bool:
    same = (one.hint, list(one.wrong)) == (other.hint, list(other.wrong))
    return same and all(_portray_the_same(portrait, other.wrong[name]) for name, portrait in one.wrong.items())


def _portray_the_same(one: Portrait, other: Portrait) -> bool:
    same = (one.parameters, one.fault, list(one.shown)) == (other.parameters, other.fault, list(other.shown))
    return same and all(_alike(sketch, other.shown[name]) for name, sketch in one.shown.items())


def _alike(one: Sketch | None, other: Sketch | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.form, one.varies) == (other.form, other.varies) and (one.varies or one.fits(other))
