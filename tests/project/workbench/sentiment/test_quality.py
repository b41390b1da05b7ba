"""Accuracy, confusion, calibration and the worst mistakes, counted by hand."""

import pytest
import torch

from workbench.sentiment import quality

PROBABILITIES = torch.tensor([0.05, 0.5, 0.95, 0.7, 0.2, 1.0])
LABELS = torch.tensor([0, 1, 1, 0, 1, 1])


def test_rows_are_true_classes_and_half_is_negative():
    matrix = quality.confusion(PROBABILITIES, LABELS)
    assert matrix == [[1, 1], [2, 2]]
    assert quality.accuracy(matrix) == 0.5


def test_a_bin_has_its_mean_probability_and_its_share_of_positive_reviews():
    bins = quality.calibration(PROBABILITIES, LABELS)
    assert [each.reviews for each in bins] == [1, 1, 1, 1, 2]
    assert bins[-1].probability == pytest.approx(0.975)
    assert bins[-1].share == 1
    expected = (0.05 + 0.8 + 0.5 + 0.7 + 2 * 0.025) / 6
    assert quality.calibration_error(bins) == pytest.approx(expected)


def test_the_most_confident_mistake_comes_first():
    assert quality.worst(PROBABILITIES, LABELS, 10) == [4, 3, 1]
    assert quality.worst(PROBABILITIES, LABELS, 1) == [4]
