"""How well the tests and hints of a module tell its misconceptions apart, measured when `answers` runs all of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from autograder.prepare.catalogue import Misconception
from autograder.prepare.files import update
from autograder.prepare.mistakes import Failure, hints_of
from harness.answers import Answers
from harness.graded import GradedTest
from harness.hints import Hints, portray
from harness.judge import judge
from harness.outcome import Outcome

FILE = "quality.json"  # beside the answers

Failed = Sequence[tuple[Misconception, Mapping[str, Failure]]]


@dataclass(frozen=True)
class Quality:
    """How many wrong outcomes of a module's misconceptions get their own hint, and which of its tests facts decide.

    Attributes:
        rows: the number of wrong outcomes, one for each misconception, test and case.
        with_hint: how many of them get the hint of their own misconception.
        facts: numbers of tests that some misconception passes if it shows the values that are the same for all inputs.
    """

    rows: int
    with_hint: int
    facts: list[str]


def measure(tests: Sequence[GradedTest], right: Answers, others: Answers, failed: Failed) -> tuple[Quality, list[str]]:
    """Measure a module, and complain about misconceptions that do not get their own hint.

    Args:
        right: the module's right answers.
        others: the right answers for other inputs of the same sizes.
        failed: the misconceptions and the tests that each of them fails.
    """
    rows, with_hint = 0, 0
    complaints: list[str] = []
    hints = hints_of(right, failed)
    for entry, failures, given in explained(right, hints, failed):
        rows += len(failures)
        with_hint += sum(given.get(name) == entry.hint for name in failures)
        if given.get(next(iter(failures))) != entry.hint and not entry.varies:
            complaints.append(f"{entry}: the first test that it fails gets another hint, or none; change the entry")
    complaints += [
        f"{one} and {other} have one outcome and two hints; keep one of them" for one, other in twins(hints, failed)
    ]
    return Quality(rows, with_hint, decided_by_facts(tests, right, others, failed)), complaints


def explained(
    right: Answers, hints: Hints, failed: Failed
) -> Iterator[tuple[Misconception, Mapping[str, Failure], Mapping[str, str]]]:
    """Each misconception, what it fails, and the hint for each failing test, as `python -m tests` asks for them."""
    for entry, failures in failed:
        outcomes = {name: failure.outcome for name, failure in failures.items()}
        yield entry, failures, hints.explain(outcomes, right.outcomes.keys() - outcomes.keys())


def twins(hints: Hints, failed: Failed) -> Iterator[tuple[str, str]]:
    """Pairs of misconceptions that have different hints and the same outcomes."""
    reported: set[str] = set()
    for entry, failures in failed:
        outcomes = {name: failure.outcome for name, failure in failures.items()}
        first = next(iter(outcomes))  # one test tells most of them apart, at a tenth of the price
        seen = portray(outcomes[first], hints.right[first])
        for other in hints.known:
            if other.hint == entry.hint or other.wrong.keys() != outcomes.keys() or other.name in reported:
                continue
            alone = Hints(hints.right, [other])
            if hints.fits(other, first, seen) and alone.explain(outcomes).keys() == outcomes.keys():
                reported.add(str(entry))
                yield str(entry), other.name


def decided_by_facts(tests: Sequence[GradedTest], right: Answers, others: Answers, failed: Failed) -> list[str]:
    """The numbers of tests that some misconception passes if it shows the values that are the same for other inputs."""
    tests_by_name = {test.identifier(case): test for test in tests for case in test.cases}
    decided: set[str] = set()
    for _, failures in failed:
        passed: dict[str, bool] = {}
        for name, failure in failures.items():
            outcome = right.outcomes[name]
            facts = {
                what: value for what, value in outcome.shown.items() if _is_fact(what, outcome, others.outcomes[name])
            }
            claimed = replace(failure.outcome, shown=failure.outcome.shown | facts)
            number, verdict = tests_by_name[name].number, judge(claimed, outcome, tests_by_name[name].tolerance)
            passed[number] = passed.get(number, True) and verdict.passed
        decided |= {number for number, all_cases in passed.items() if all_cases}
    return sorted(decided)


def _is_fact(name: str, right: Outcome, other: Outcome) -> bool:
    """Whether a value is the same for other inputs, and not a statistic, whose values have to be drawn."""
    one, another = right.shown[name], other.shown.get(name)
    return name not in right.measures and type(one) is type(another) and np.array_equal(one, another)


def read(folder: Path) -> dict[str, Quality]:
    """What is stored beside the answers in a folder, by module; nothing if there is no file."""
    path = folder / FILE
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {module: Quality(**values) for module, values in stored.items()}


def note(folder: Path, measured: Mapping[str, Quality]) -> None:
    """Store the measures beside the answers in a folder."""
    values = {module: asdict(quality) for module, quality in measured.items()}
    update(folder / FILE, (json.dumps(values, indent=1, sort_keys=True) + "\n").encode())
