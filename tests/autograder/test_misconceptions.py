"""Every misconception fails a public test of its deliverable; the solution fails none."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import torch

from autograder.build import catalogue
from autograder.build.catalogue import CatalogueError, Misconception
from autograder.rubric import Deliverable, Rubric
from tests.harness import answers, collect
from tests.harness.answers import Answers
from tests.harness.graded import TESTS, GradedTest
from tests.harness.judge import Verdict, judge
from tests.harness.run import run
from tests.harness.tree import PACKAGES, Tree

ROOT = TESTS.parent
RUBRIC = Rubric.load(ROOT / "autograder" / "rubric.toml")
CATALOGUE = catalogue.load(ROOT)

stored = cache(lambda module: Answers.load(answers.public(module)))


@pytest.mark.parametrize("misconception", CATALOGUE, ids=str)
def test_a_misconception_fails_a_public_test(
    misconception: Misconception, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    shutil.copytree(ROOT / "solution", tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / misconception.file
    file.write_text(catalogue.apply(misconception, file.read_text(encoding="utf-8")), encoding="utf-8")
    tests = graded_tests(RUBRIC.deliverable(misconception.deliverable), request.session)
    failed = next((verdict for _, verdict in verdicts(tests, tmp_path) if not verdict.passed), None)
    assert failed, f"{misconception} passes all {len(tests)} tests"
    assert "NameError" not in failed.message, "a slip in the catalogue, no misconception"


@pytest.mark.parametrize("deliverable", RUBRIC.deliverables, ids=lambda each: each.id)
def test_the_solution_passes_and_has_misconceptions(deliverable: Deliverable, request: pytest.FixtureRequest) -> None:
    tests = graded_tests(deliverable, request.session)
    failed = {name: verdict for name, verdict in verdicts(tests, ROOT / "solution") if not verdict.passed}
    assert not failed
    assert sum(entry.deliverable == deliverable.id for entry in CATALOGUE) >= 5


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("name = 'n'\nbefore = 'absent text'\nafter = ''\nhint = 'h'", "once in models/naive/RNN.py, found it 0 times"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = '('", "expected the keys name, before, after, hint"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = '('\nhint = ''", "hint: expected text"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = 'torch.tanh(('\nhint = 'h'", "expected Python after the change"),
        ("name = 'n'\nbefore = 'torch.tanh('\nafter = ' torch.tanh('\nhint = 'h'", "expected a change"),
        ("name =", "expected TOML"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(entry: str, complaint: str, tmp_path: Path) -> None:
    for name in ("solution/models/naive/RNN.py", "autograder/rubric.toml"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    file = tmp_path / catalogue.FOLDER / "naive.rnn.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f"[[misconception]]\n{entry}\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=complaint) as caught:
        catalogue.load(tmp_path)
    assert str(caught.value).startswith(str(file))


def graded_tests(deliverable: Deliverable, session: pytest.Session) -> list[GradedTest]:
    """The graded tests of a deliverable, as pytest collects them."""
    module = pytest.Module.from_parent(session, path=TESTS / deliverable.tests)
    return collect.from_items([item for item in module.collect() if isinstance(item, pytest.Item)])


def verdicts(tests: list[GradedTest], root: Path) -> Iterator[tuple[str, Verdict]]:
    """Run one public case after the other on a tree and judge it: identifier and verdict."""
    with activated(root) as tree:
        for test in tests:
            expected = stored(test.module)
            for case in test.cases:
                name = test.identifier(case)
                outcome = run(test.function(), tree, name, expected.seeds[name], case.arguments)
                yield name, judge(outcome, expected.outcomes[name], test.tolerance)


@contextmanager
def activated(root: Path) -> Iterator[Tree]:
    """A tree whose modules are imported inside; afterwards those of before are back.

    One thread: the tensors are tiny, and threads that wait for a busy processor take a hundred times as long.
    """
    path, modules, threads = list(sys.path), dict(sys.modules), torch.get_num_threads()
    torch.set_num_threads(1)
    tree = Tree(root, ROOT / "student")
    tree.activate()
    try:
        yield tree
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] in PACKAGES]:
            del sys.modules[name]
        sys.modules.update({name: module for name, module in modules.items() if name.split(".")[0] in PACKAGES})
        sys.path[:] = path
        torch.set_num_threads(threads)
