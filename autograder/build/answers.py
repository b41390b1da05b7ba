"""Expected outcomes for every seed, made by running the solution; and the secret that hidden seeds grow from."""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import pytest
import torch
from tqdm import tqdm

from tests.harness import answers, collect
from tests.harness.answers import Answers
from tests.harness.graded import Case, GradedTest
from tests.harness.judge import judge
from tests.harness.outcome import Outcome
from tests.harness.run import run
from tests.harness.seeds import Seed
from tests.harness.tree import Tree

SECRET_FILE = ".secrets/term"  # ignored by git
SECRET_VARIABLE = "ASSIGNMENT_SECRET"
PUBLIC = "public"


class AnswersError(Exception):
    """Graded tests or answers that no kit can be made of; the message says which and what to do."""


def term_secret(root: Path, given: str | None) -> tuple[bytes, str]:
    """The secret that hidden seeds derive from, and where it came from in words.

    An option wins over the environment's ASSIGNMENT_SECRET, which wins over the file; without any of them one is
    drawn and kept in the file, readable by its owner only. It is made once a term and kept over rebuilds.
    """
    if given:
        return given.encode(), "the option --secret"
    if value := os.environ.get(SECRET_VARIABLE):
        return value.encode(), f"the environment's {SECRET_VARIABLE}"
    path = root / SECRET_FILE
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        return path.read_bytes(), f"{path}, drawn now: keep it until the end of the term, outside git"
    kept = path.read_bytes().strip()
    if not kept:
        raise AnswersError(f"{path} is empty: anyone could compute the hidden seeds; delete it, and one is drawn")
    return kept, str(path)


def hidden_seed(secret: bytes, number: int, identifier: str, public: str, hidden: int) -> str:
    """The n-th hidden seed of a test and its case. It tells nothing of the secret, nor of other tests' seeds.

    Where there are several, the first keeps the published sizes: what fails with it does not fail for a size.

    Args:
        public: the seed of the published answer, whose sizes the others avoid.
        hidden: how many hidden seeds there are.
    """
    values = hmac.new(secret, f"hidden-{number}-{identifier}".encode(), hashlib.sha256).hexdigest()[:32]
    return str(Seed(values, "same" if number == 1 and hidden > 1 else "other", public))


def graded_tests(root: Path) -> list[GradedTest]:
    """Collect the graded tests with pytest, without running any."""

    class Collector:
        items: Sequence[pytest.Item] = ()

        def pytest_collection_finish(self, session: pytest.Session) -> None:
            self.items = session.items

    collector = Collector()
    folders = [str(root / "tests" / name) for name in collect.FOLDERS if (root / "tests" / name).is_dir()]
    options = ["--collect-only", "-p", "no:terminal", "-p", "no:cacheprovider", f"--rootdir={root}"]
    status = pytest.main([*options, *folders], plugins=[collector])
    if status != pytest.ExitCode.OK:
        raise AnswersError(f"pytest cannot collect tests/ (exit {status}); `python -m pytest {folders[0]}` says why")
    return collect.from_items(collector.items)


def public_answers(root: Path, tests: Iterable[GradedTest]) -> Answers:
    """The stored answers of seed "0" of all test modules, as one."""
    merged = Answers()
    for module in dict.fromkeys(test.module for test in tests):
        path = answers.public(module, root / "tests")
        if not path.exists():
            raise AnswersError(f"{path} is missing; run `python -m pytest tests/models --update-references`")
        stored = Answers.load(path)
        merged.outcomes |= stored.outcomes
        merged.seeds |= stored.seeds
        merged.header |= stored.header
    for test in tests:
        for case in test.cases:
            if test.identifier(case) not in merged.outcomes:
                raise AnswersError(f"{test.identifier(case)} has no reference; run pytest with --update-references")
    return merged


def all_answers(root: Path, tests: Sequence[GradedTest], secret: bytes, hidden: int) -> dict[str, Answers]:
    """Run the solution on as many hidden seeds and return the answers by name: public, hidden-1, ...

    Raises:
        Unsteady: for a test whose right answer depends on rounding, or on no seed at all.
    """
    torch.set_num_threads(1)  # with more, tensors this small spend most of their time waiting
    tree = Tree(root / "solution", root / "student")
    tree.activate()
    made = {PUBLIC: public_answers(root, tests)}
    _check_up_to_date(tree, tests, made[PUBLIC])
    for number in range(1, hidden + 1):
        new = made[f"hidden-{number}"] = Answers(header=dict(made[PUBLIC].header))
        for test in tqdm(tests, desc=f"answers for hidden seed {number}", unit="test", disable=None):
            for case in test.cases:
                identifier = test.identifier(case)
                seed = hidden_seed(secret, number, identifier, made[PUBLIC].seeds[identifier], hidden)
                new.seeds[identifier], new.outcomes[identifier] = answers.make(
                    test, case, seed, partial(_run, tree, test, case)
                )
    for test in tests:
        for case in test.cases:
            identifier = test.identifier(case)
            if len(made) > 1:
                answers.check_seeds_matter(identifier, {name: each.outcomes[identifier] for name, each in made.items()})
    return made


def _check_up_to_date(tree: Tree, tests: Sequence[GradedTest], stored: Answers) -> None:
    """Demand that the solution still gives the stored public answers."""
    for test in tests:
        for case in test.cases:
            identifier = test.identifier(case)
            outcome = _run(tree, test, case, stored.seeds[identifier], False)
            verdict = judge(outcome, stored.outcomes[identifier], test.tolerance)
            if not verdict.passed:
                advice = "run `python -m pytest tests/models --update-references` if that is meant"
                raise AnswersError(
                    f"{identifier}: the solution no longer gives the stored answer; {advice}\n{verdict.message}"
                )


def _run(tree: Tree, test: GradedTest, case: Case, seed: str, double: bool) -> Outcome:
    dtype = torch.float64 if double else torch.float32
    return run(test.function(), tree, test.identifier(case), seed, case.arguments, dtype)
