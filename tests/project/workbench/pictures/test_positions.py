"""The sinusoids of positions."""

import itertools

import numpy as np
import pytest

from workbench.pictures import positions


def test_positions_are_those_of_the_formula():
    signals = positions.sinusoids(7, 6)
    for p, k in itertools.product(range(7), range(3)):
        assert signals[p, 2 * k] == pytest.approx(np.sin(p / 10000 ** (2 * k / 6)))
        assert signals[p, 2 * k + 1] == pytest.approx(np.cos(p / 10000 ** (2 * k / 6)))
