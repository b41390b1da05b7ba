"""A needed deliverable that fails is named where it is to blame."""

from collections.abc import Sequence
from dataclasses import replace

from harness.contract import Assignment
from harness.graded import TESTS, Case, GradedTest
from harness.judge import Kind, Verdict
from harness.verdicts import name_needed
from tests.project.harness.samples import GRADED

ASSIGNMENT = Assignment.load(TESTS.parent / "student" / "assignment.json")
GENERATION, RNN_MODEL, TRANSFORMER = (
    f"models/language_model/test_{name}.py" for name in ("generation", "RNNModel", "TransformerModel")
)
CASES = tuple(Case(kind, {"kind": kind}) for kind in ("RNNModel", "TransformerModel"))
ONLY = {"RNNModel": "language_model.RNNModel", "TransformerModel": "language_model.TransformerModel"}
JOINED = replace(GRADED, module=GENERATION, integration=True, cases=CASES, only=ONLY)
PLAIN = replace(GRADED, module=GENERATION, name="test_plain")
DIFFERS = Verdict(Kind.VALUES, "a differs.")


def named(failing: Verdict, *fail: str, tests: Sequence[GradedTest] = (JOINED, PLAIN)) -> str:
    """The number of the deliverable that a failing integration test names while the tests of these modules fail."""
    needed = {
        f"{module}::test_a": DIFFERS if module in fail else Verdict(Kind.PASSED) for module in (RNN_MODEL, TRANSFORMER)
    }
    own = DIFFERS if GENERATION in fail else Verdict(Kind.PASSED)
    renamed = name_needed({**needed, JOINED.key: failing, PLAIN.key: own}, tests, ASSIGNMENT)
    message = renamed[JOINED.key].message if JOINED.key in renamed else ""
    return message.partition("(")[2].partition(")")[0]


def test_a_needed_deliverable_is_named_where_it_is_to_blame():
    recurrent, transformer = (DIFFERS.within(case) for case in CASES)
    assert named(recurrent, RNN_MODEL, TRANSFORMER) == "4.2"
    assert named(transformer, RNN_MODEL, TRANSFORMER) == "4.4"
    assert named(transformer, RNN_MODEL) == "", "this case does not use it"
    assert named(recurrent, RNN_MODEL, GENERATION) == "", "the deliverable's other tests fail as well"
    assert named(DIFFERS, RNN_MODEL) == "", "of a hidden run the case is not known"


def test_the_needed_deliverable_that_has_stopped_is_named():
    both = (replace(JOINED, only={}), PLAIN)
    stopped = Verdict(Kind.FAULT, "models/language_model/TransformerModel.py:50, in forward")
    assert named(stopped, RNN_MODEL, TRANSFORMER, tests=both) == "4.4"
    assert named(DIFFERS, RNN_MODEL, TRANSFORMER, tests=both) == "4.2"
