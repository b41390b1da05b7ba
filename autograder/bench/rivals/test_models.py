"""The graded tests for the plain pytest runner."""

import pytest
from ordinary import TESTS, check


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_models(test, record_property):
    record_property("number", test.number)
    record_property("weight", test.weight)
    for case in test.cases:
        check(test, case)
