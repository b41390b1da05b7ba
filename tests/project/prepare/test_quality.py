"""What `answers` measures of misconceptions, and what it says of those that it cannot tell apart."""

from dataclasses import replace

import pytest

from autograder.prepare import mistakes, quality, store
from autograder.prepare.catalogue import Misconception
from autograder.prepare.mistakes import Failure, Task
from harness.answers import Answers
from harness.graded import GradedTest
from tests.project.conftest import ROOT, RUBRIC
from tests.project.prepare.copied import RNN, copy_into

NO_TANH = Misconception("no_tanh", "naive.RNN", "models/naive/RNN.py", "A tanh is missing.", "torch.tanh(", "(")
TWIN = replace(NO_TANH, name="twin", hint="Something else.")


@pytest.fixture(scope="module")
def tests(graded: list[GradedTest]) -> list[GradedTest]:
    """Those of the RNN."""
    return [test for test in graded if test.module == RUBRIC.deliverable("naive.RNN").tests]


@pytest.fixture(scope="module")
def right(tests: list[GradedTest]) -> Answers:
    return store.load_public(ROOT, tests).answers


@pytest.fixture(scope="module")
def failures(tests: list[GradedTest], right: Answers) -> dict[str, Failure]:
    """Those of an RNN without a tanh."""
    return mistakes.failures(Task(ROOT, NO_TANH, tuple(tests), right))


def test_two_hints_for_one_outcome_are_a_complaint(tests, right, failures) -> None:
    measured, complaints = quality.measure(tests, right, right, [(NO_TANH, failures)])
    assert complaints == []
    assert measured.rows == measured.with_hint == len(failures)

    measured, complaints = quality.measure(tests, right, right, [(NO_TANH, failures), (TWIN, failures)])
    assert complaints == [
        "naive.RNN/twin: the first test that it fails gets another hint, or none; change the entry",
        "naive.RNN/no_tanh and naive.RNN/twin have one outcome and two hints; keep one of them",
    ]
    assert measured.with_hint == measured.rows / 2


def test_facts_decide_tests_whose_values_are_the_same_for_other_inputs(tests, right, failures) -> None:
    """A wrong solution that shows them passes."""
    numbers = {test.identifier(case): test.number for test in tests for case in test.cases}
    failed = {numbers[name] for name in failures}
    assert quality.decided_by_facts(tests, right, right, [(NO_TANH, failures)]) == sorted(failed)

    first = numbers[next(iter(failures))]
    others = {
        name: replace(outcome, shown={}) if numbers[name] == first else outcome
        for name, outcome in right.outcomes.items()
    }
    assert quality.decided_by_facts(tests, right, replace(right, outcomes=others), [(NO_TANH, failures)]) == sorted(
        failed - {first}
    )


def test_a_module_without_measures_is_stale(tmp_path) -> None:
    copied = copy_into(tmp_path)
    assert RNN not in store.stale(copied)
    (copied / "tests" / "reference" / quality.FILE).unlink()
    assert store.stale(copied)[RNN] == [f"tests/{RNN}"]
