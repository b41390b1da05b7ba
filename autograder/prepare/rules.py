"""Rules that every part keeps. A breach is a sentence that says what to write, and where."""

import ast
import importlib.util
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.prepare import catalogue, course
from autograder.prepare.catalogue import Misconception
from autograder.rubric import Deliverable
from harness import stress
from harness.graded import GradedTest
from harness.submission.source import definition
from harness.warm import FUNCTION, file_beside

LEAST_TESTS = 3  # of a deliverable
MOST_INTEGRATION = 2  # tests of a part that use a student's own pieces
INFLUENCE = "calls_do_not_influence"  # stands in the name of a property that each deliverable has
MUTANTS = Path("tests", "project", "graded", "stress_mutants")


def complaints(root: Path, tests: Sequence[GradedTest]) -> list[str]:
    """All breaches in a repository, whose graded tests these are; none where all is well."""
    rubric, entries, breaches = course.load(root), catalogue.load(root), list[str]()
    heads = catalogue.heads(root)
    for deliverable in rubric.deliverables:
        own_tests = [test for test in tests if test.module == deliverable.tests]
        breaches += _about_tests(deliverable, own_tests)
        number = sum(entry.deliverable == deliverable.id for entry in entries)
        if number < catalogue.LEAST and not heads.get(deliverable.id, catalogue.Head()).fewer:
            breaches.append(
                f"{catalogue.FOLDER}/{deliverable.id}.toml: expected {catalogue.LEAST} misconceptions, found {number}; "
                'write more, or why there are fewer, in the first line: fewer = "..."'
            )
    for part in rubric.parts:
        own = [deliverable for deliverable in rubric.deliverables if deliverable.part == part.id]
        breaches += _about_part(root, own, tests)
        breaches += _about_names(root, own, entries)
        breaches += _about_stress(root, own)
    return breaches


def _about_tests(deliverable: Deliverable, tests: Sequence[GradedTest]) -> Iterator[str]:
    where = f"tests/{deliverable.tests}"
    if len(tests) < LEAST_TESTS:
        yield f"{where}: expected {LEAST_TESTS} graded tests of {deliverable.id}, found {len(tests)}; write more"
    weights = sum(test.weight for test in tests)
    if weights != deliverable.points:
        yield (
            f"{where}: the weights add up to {weights:g}, and {course.name()} gives {deliverable.id} "
            f"{deliverable.points:g} points; change a @weight or the points"
        )
    for test in tests:
        yield from _about_needs(deliverable, test)


def _about_needs(deliverable: Deliverable, test: GradedTest) -> Iterator[str]:
    for needed in test.only.values():
        if needed not in deliverable.needs:
            yield f"{course.name()}: {deliverable.id}: add {needed} to `needs`: {test.key} says that it uses it"
        if {test.uses(needed, case.name) for case in test.cases} != {True, False}:
            yield f"tests/{test.key}: @integration says that only some cases use {needed}; write cases of both kinds"


def _about_part(root: Path, part: Sequence[Deliverable], tests: Sequence[GradedTest]) -> Iterator[str]:
    modules = {deliverable.tests for deliverable in part}
    integration = [test.key for test in tests if test.integration and test.module in modules]
    if len(integration) > MOST_INTEGRATION:
        yield (
            f"tests/models/{part[0].part}: expected at most {MOST_INTEGRATION} tests with @integration, found "
            f"{', '.join(integration)}; give the others stand-ins (doubles.py) for what they need"
        )
    for file in sorted({file_beside(module) for module in modules}):
        source = root / "tests" / file
        text = source.read_text(encoding="utf-8") if source.is_file() else ""
        if definition(text, FUNCTION) is None:
            yield (
                f"tests/{file}: expected a function {FUNCTION}(), found none; write one that uses each kind of layer "
                "of this part's tests once (see harness/warm.py)"
            )


def _about_names(root: Path, part: Sequence[Deliverable], entries: Sequence[Misconception]) -> Iterator[str]:
    sources = [(root / "solution" / deliverable.file).read_text(encoding="utf-8") for deliverable in part]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    constructs = any(isinstance(node, ast.FunctionDef) and node.name == "__init__" for node in nodes)
    ids = {deliverable.id for deliverable in part}
    if constructs and not any(entry.renamed and entry.deliverable in ids for entry in entries):
        yield (
            f"{catalogue.FOLDER}/{part[0].part}.*.toml: expected a misconception of the part with a wrong name, found "
            'none; write one with renamed = { right_name = "wrong_name" } in place of before and after'
        )


def _about_stress(root: Path, part: Sequence[Deliverable]) -> Iterator[str]:
    id = part[0].part
    where, mutants = f"tests/stress/{id}.py", MUTANTS / f"{id}.toml"
    if not importlib.util.find_spec(f"tests.stress.{id}"):
        yield f"{where}: expected properties of this part, found no file; write functions with @stress and a docstring"
        return
    written = tomllib.loads((root / mutants).read_text(encoding="utf-8")) if (root / mutants).is_file() else {}
    noticed = {mutant["property"] for mutant in written.get("mutant", [])}
    for deliverable in part:
        properties = stress.properties(deliverable.id)
        if not any(INFLUENCE in function.__name__ for function in properties):
            yield (
                f'{where}: expected a property with @stress("{deliverable.id}") and {INFLUENCE!r} in its name, found '
                "none; write one that calls `same_again`"
            )
        for name, summary in ((function.__name__, function.__doc__ or "") for function in properties):
            if not summary.strip().endswith("."):
                yield f"{where}: {name} has no sentence that says what holds; write it as the docstring"
            if name not in noticed:
                yield (
                    f"{mutants}: expected a change of the solution that {name} notices, found none; write a "
                    f'[[mutant]] with property = "{name}", before and after'
                )
