"""The properties in tests/stress/: each holds for the solution and catches what it is there for."""

import tomllib
from pathlib import Path

import pytest

from autograder.prepare.mistakes import activated, changed
from harness import stress
from harness.contract import Assignment
from harness.graded import TESTS

ROOT = TESTS.parent
ASSIGNMENT = Assignment.load(ROOT / "student" / "assignment.json")
PROPERTIES = {
    function.__name__: function
    for deliverable in ASSIGNMENT.deliverables
    for function in stress.properties(deliverable.id)
}
FOLDER = Path(__file__).parent / "stress_mutants"
MUTANTS = [  # a property, its deliverable's file, and a change of the solution that the property has to notice
    (mutant["property"], deliverable.file, mutant["before"], mutant["after"])
    for part in ASSIGNMENT.parts
    for mutant in tomllib.loads((FOLDER / f"{part.id}.toml").read_text(encoding="utf-8"))["mutant"]
    for deliverable in ASSIGNMENT.deliverables
    if deliverable.id == getattr(PROPERTIES.get(mutant["property"]), stress.MARK, None)
]


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_holds_for_the_solution(name):
    with activated(ROOT / "solution") as tree:
        failures = list(stress.failures(PROPERTIES[name], tree))
    assert [(str(failure.drawn), failure.message) for failure in failures] == []


@pytest.mark.parametrize(
    ("name", "file", "before", "after"), MUTANTS, ids=[f"{n} {mutant[0]}" for n, mutant in enumerate(MUTANTS)]
)
def test_a_property_notices_the_mistake_that_it_is_for(name, file, before, after):
    source = (ROOT / "solution" / file).read_text(encoding="utf-8")
    assert source.count(before) == 1, f"{before!r} stands {source.count(before)} times in {file}"
    with changed(ROOT, file, source.replace(before, after)) as folder, activated(folder) as tree:
        failures = list(stress.failures(PROPERTIES[name], tree))
    assert failures
    slips = ("NameError", "SyntaxError")
    assert not any(slip in failure.message for failure in failures for slip in slips)
