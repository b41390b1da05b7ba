"""What the report on weak tests says of the misconceptions and the answers that are stored."""

from autograder.prepare import catalogue, weak_tests
from autograder.prepare.store import Stored
from harness.graded import GradedTest
from tests.project.conftest import ROOT


def test_the_report_finds_the_tests_that_find_something(stored: Stored, graded: list[GradedTest]) -> None:
    tests_by_mistake = weak_tests.found_by(graded, stored)
    assert tests_by_mistake.keys() == {str(entry) for entry in catalogue.load(ROOT)}
    assert all(tests_by_mistake.values())
    assert tests_by_mistake["seq2seq.Seq2Seq/device_ignored"] == {"2.4.1 seq2seq keeps both models on the device"}


def test_the_report_names_values_that_the_tolerance_hides(stored: Stored, graded: list[GradedTest]) -> None:
    """A bias of the keys has no gradient: it adds the same to all scores of a softmax. What is left is rounding."""
    hidden = weak_tests.hidden_by_tolerance(graded, stored)
    assert {name for _, name, _ in hidden} == {"gradient of keys.0.bias", "gradient of keys.1.bias"}
