"""The numbers of a class, against values worked out by hand."""

import math

import numpy as np
import pytest

from autograder.course.report import statistics


@pytest.mark.parametrize(
    ("full", "width", "count"), [(136, 10, 14), (140, 10, 14), (20, 2, 10), (6, 0.5, 12), (1, 0.1, 10), (46, 5, 10)]
)
def test_bins_have_a_round_width_and_reach_the_full_points(full, width, count):
    borders = statistics.edges(full)
    assert len(borders) == count + 1
    assert np.diff(borders) == pytest.approx(width)
    assert borders[0] == 0
    assert borders[-2] < full <= borders[-1] + 1e-9


def test_no_points_have_one_bin():
    assert statistics.edges(0) == [0, 1]


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (9.99, 0), (10, 1), (19, 1), (20, 1), (25, 1), (-1, 0)])
def test_a_bin_holds_its_lower_border_and_the_last_one_both(value, expected):
    assert statistics.bin_of(value, [0, 10, 20]) == expected


def test_a_test_that_the_strong_pass_discriminates():
    passed = np.array([0, 0, 0, 1, 1, 1], bool)
    others = np.array([1.0, 2, 3, 4, 5, 6])
    # means 5 and 2, standard deviation sqrt(35 / 12), half of them pass: (5 - 2) / 1.7078 * 0.5
    assert statistics.discrimination(passed, others) == pytest.approx(0.8783, abs=1e-4)
    assert statistics.discrimination(~passed, others) == pytest.approx(-0.8783, abs=1e-4)


@pytest.mark.parametrize(
    ("passed", "others"), [([1, 1, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6]), ([1, 1, 1, 0, 0, 0], [4, 4, 4, 4, 4, 4]), ([], [])]
)
def test_few_submissions_or_equal_points_say_nothing(passed, others):
    assert statistics.discrimination(np.array(passed, bool), np.array(others, float)) is None


def test_unusual_is_five_deviations_above_the_median():
    values = [8.0, 9, 10, 11, 12, 1000]  # median 10.5, deviations 0.5, 0.5, 1.5, 1.5, 2.5, 989.5
    assert statistics.unusual_above(values, margin=1) == pytest.approx(10.5 + 5 * 1.5)
    assert statistics.unusual_above(values, margin=20) == pytest.approx(30.5)
    assert statistics.unusual_above([3.0] * 9, margin=2) == 5
    assert statistics.unusual_above([], margin=2) == math.inf


def test_mean_and_median():
    assert statistics.mean_and_median([1, 2, 9]) == {"mean": 4, "median": 2}
    assert statistics.mean_and_median([]) == {"mean": None, "median": None}
