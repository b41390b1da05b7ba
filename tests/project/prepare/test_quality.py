"""What `answers` says of misconceptions that it cannot tell apart."""

from dataclasses import replace

from autograder.prepare import mistakes, quality, store
from autograder.prepare.catalogue import Misconception
from autograder.prepare.mistakes import Task
from harness.graded import GradedTest
from tests.project.conftest import ROOT, RUBRIC

NO_TANH = Misconception("no_tanh", "naive.RNN", "models/naive/RNN.py", "A tanh is missing.", "torch.tanh(", "(")
TWIN = replace(NO_TANH, name="twin", hint="Something else.")


def test_two_hints_for_one_outcome_are_a_complaint(graded: list[GradedTest]) -> None:
    module = RUBRIC.deliverable("naive.RNN").tests
    tests = tuple(test for test in graded if test.module == module)
    right = store.load_public(ROOT, graded).answers.of(module)
    failures = mistakes.failures(Task(ROOT, NO_TANH, tests, right))

    measured, complaints = quality.measure(tests, right, right, [(NO_TANH, failures)])
    assert complaints == []
    assert measured.rows == measured.with_hint == len(failures)

    measured, complaints = quality.measure(tests, right, right, [(NO_TANH, failures), (TWIN, failures)])
    assert complaints == [
        "naive.RNN/twin: the first test that it fails gets another hint, or none; change the entry",
        "naive.RNN/no_tanh and naive.RNN/twin have one outcome and two hints; keep one of them",
        "naive.RNN/twin and naive.RNN/no_tanh have one outcome and two hints; keep one of them",
    ]
    assert measured.with_hint == measured.rows / 2


def test_a_value_that_is_the_same_for_other_inputs_is_a_fact(graded: list[GradedTest]) -> None:
    """Where all inputs give the right answers, every value is one, and a wrong solution that claims them passes."""
    module = RUBRIC.deliverable("naive.RNN").tests
    tests = tuple(test for test in graded if test.module == module)
    right = store.load_public(ROOT, graded).answers.of(module)
    failed = [(NO_TANH, mistakes.failures(Task(ROOT, NO_TANH, tests, right)))]
    numbers = sorted({test.number for test in tests for case in test.cases if test.identifier(case) in failed[0][1]})
    assert quality.decided_by_facts(tests, right, right, failed) == numbers
