"""The grader that most courses have: gradescope-utils' JSONTestRunner, with student code in its own process.

    python unprotected.py KIT TREE RESULTS

KIT is an unpacked kit, TREE a handout with a submission's files laid over it. Every graded test with every seed is one
method of a unittest.TestCase; inputs, answers and tolerances are the kit's. Nothing here stops a cheat, and that is the
point.
"""

import sys
import unittest
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])

from gradescope_utils.autograder_utils.decorators import number, visibility, weight
from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner

from autograder.grade.kit import Kit
from harness.answers import Answers
from harness.draws import measured
from harness.graded import GradedTest
from harness.judge import judge
from harness.run import run_case
from harness.tree import Tree


def main(kit_folder: str, tree_folder: str, results: str) -> None:
    """Grade a tree in this process and write results.json as gradescope-utils does."""
    import torch

    torch.set_num_threads(1)  # as our grader does: with more, tensors this small spend most of their time waiting
    kit = Kit.load(Path(kit_folder))
    tree = Tree(Path(tree_folder))
    tree.activate()
    answers = kit.answers()
    methods = {
        f"test_{index:03}_{seed}": _method(test, answers[seed], tree, kit.points[test.key] / len(kit.seeds))
        for index, test in enumerate(kit.tests)
        for seed in kit.seeds
    }
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(type("Assignment", (unittest.TestCase,), methods))
    with Path(results).open("w", encoding="utf-8") as stream:
        JSONTestRunner(visibility="visible", stream=stream).run(suite)


def _method(test: GradedTest, answers: Answers, tree: Tree, points: float) -> Callable[[unittest.TestCase], None]:
    def method(self: unittest.TestCase) -> None:
        for case in test.cases:
            identifier = test.identifier(case)
            right = answers.outcomes[identifier]
            outcome = measured(run_case(test, case, tree, answers.seeds[identifier]), right)
            verdict = judge(outcome, right, test.tolerance)
            assert verdict.passed, verdict.message

    method.__doc__ = test.summary
    decorated: Callable[[unittest.TestCase], None] = number(test.number)(weight(points)(visibility("visible")(method)))
    return decorated


if __name__ == "__main__":
    main(*sys.argv[1:])
