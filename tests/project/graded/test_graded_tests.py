"""What must hold of the graded tests as a whole: fail on the skeleton, pass on the solution, on any machine."""

import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from autograder.prepare import rules, store
from autograder.prepare.kit import graded_by
from autograder.rubric import Rubric
from harness import answers
from harness.draws import measured
from harness.graded import GradedTest
from harness.marks import COMMON
from harness.run import run_case
from harness.tree import Tree
from tests.project.conftest import environment

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def tests(graded: list[GradedTest]) -> list[GradedTest]:
    return graded


@pytest.fixture(scope="module")
def solution() -> Tree:
    tree = Tree(ROOT / "solution")
    tree.activate()
    return tree


def graded_run(python: str, tree: str, **variables: str) -> dict[str, int]:
    """Run the graded tests as a student does and count results."""
    command = [python, "-m", "pytest", "tests/models", f"--tree={tree}", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=ROOT, env=environment() | variables, capture_output=True, text=True, check=False)
    return {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}


@pytest.fixture(scope="module")
def cases(tests: list[GradedTest]) -> int:
    """How many there are of all tests together."""
    return sum(len(test.cases) for test in tests)


def test_each_belongs_to_a_deliverable(tests):
    assert len(graded_by(Rubric.load(ROOT / "autograder" / "rubric.toml"), tests)) == len(tests)


def test_every_part_keeps_the_rules(tests):
    assert rules.complaints(ROOT, tests) == []


def test_every_name_of_a_batch_size_or_length_is_one_of_its_test(tests):
    known = {*COMMON.batches, *COMMON.lengths}
    for test in tests:
        outcomes = answers.Answers.load(answers.public_file(test.module)).outcomes
        sizes = {name for case in test.cases for name in outcomes[test.identifier(case)].sizes}
        unknown = {*test.size_names.batches, *test.size_names.lengths} - known - sizes
        assert not unknown, f"tests/{test.key}: @size_names has {unknown}, which are none of {sorted(sizes)}"


def test_every_graded_test_fails_on_the_skeleton(cases, warm_python):
    assert graded_run(warm_python, "student") == {"failed": cases}


@pytest.mark.parametrize(("kernels", "threads"), [("default", "2"), ("avx2", "1")])
def test_the_solution_passes_whatever_the_processor_does(kernels, threads, cases):
    """Other vector instructions and another number of threads sum in another order; the engine has neither."""
    variables = {"ATEN_CPU_CAPABILITY": kernels, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    variables["OMP_WAIT_POLICY"] = "PASSIVE"  # a thread that waits must not keep the other one from a busy core
    results = graded_run(sys.executable, "solution", **variables)
    assert results == {"passed": cases}


def test_rounding_leaves_most_of_the_tolerance_on_this_processor_too(tests, solution):
    """float32 against float64 on the stored draws, of which it took up a tenth at most where they were made."""
    stored = store.load_public(ROOT, tests).answers
    for test in tests:
        for case in test.cases:
            identifier = test.identifier(case)
            shown = (run_case(test, case, solution, stored.seeds[identifier], double) for double in (False, True))
            single, double = (measured(outcome, stored.outcomes[identifier]) for outcome in shown)
            answers.check_head_room(single, double, test.tolerance, answers.KEPT_ROOM)
            answers.check_margins(single, test.steered_by)


def test_every_test_has_steady_draws_and_shows_a_float_that_depends_on_the_seed(tests, solution):
    for test in tests:
        for case in test.cases:
            made = [answers.make(test, case, seed, partial(run_case, test, case, solution)) for seed in ("0", "1", "2")]
            answers.check_seeds_matter(test.identifier(case), dict(made))


def test_no_graded_test_draws_from_torch_or_asserts(tests):
    """Their inputs come from `given` alone, and only the judge judges."""
    drawn = r"\btorch\.(rand|randn|randint|randperm|manual_seed|normal|bernoulli)\w*\(|np\.random"
    forbidden = re.compile(rf"{drawn}|^\s*assert\b")
    for module in {test.module for test in tests}:
        for number, line in enumerate((ROOT / "tests" / module).read_text(encoding="utf-8").splitlines(), 1):
            assert not forbidden.search(line), f"tests/{module}:{number}: {line.strip()}"


def test_references_say_what_they_were_made_with(tests):
    for module in {test.module for test in tests}:
        header = answers.Answers.load(answers.public_file(module)).header
        assert set(header) >= {"torch", "numpy", "contract"}
