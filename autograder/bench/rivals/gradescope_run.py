"""gradescope-utils as in its examples: unittest cases with @weight and @number, run by JSONTestRunner."""

import unittest

from gradescope_utils.autograder_utils.decorators import number, weight
from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner
from ordinary import TESTS, check

from harness.graded import GradedTest


def method(test: GradedTest):
    @weight(test.weight)
    @number(test.number)
    def run(self: unittest.TestCase) -> None:
        for case in test.cases:
            check(test, case)

    run.__doc__ = test.summary
    return run


TestModels = type("TestModels", (unittest.TestCase,), {test.name: method(test) for test in TESTS})

if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(TestModels)
    with open("/autograder/results/results.json", "w") as file:
        JSONTestRunner(visibility="visible", stream=file).run(suite)
