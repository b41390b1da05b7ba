"""Expected outcomes for every seed, made by running the solution; and the secret that hidden seeds derive from."""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tqdm import tqdm

from autograder.grade.kit import PUBLIC
from autograder.prepare import provenance
from autograder.prepare.mistakes import activated
from harness import collect
from harness.answers import Answers, Unsteady, check_seeds_matter, make
from harness.graded import GradedTest
from harness.run import run_case
from harness.seeds import Seed
from harness.tree import PACKAGES

SECRET_FILE = ".secrets/term"  # ignored by git
SECRET_VARIABLE = "ASSIGNMENT_SECRET"
PUBLIC_SEED = "0"

Mapper = Callable[..., Iterable[Any]]  # `map`, or that of a pool of processes


class AnswersError(Exception):
    """Graded tests or answers that no kit can be made of; the message says which and what to do."""


def term_secret(root: Path, option: str | None) -> tuple[bytes, str]:
    """The secret that hidden seeds derive from, and where it came from in words.

    An option wins over the environment's ASSIGNMENT_SECRET, which wins over the file; without any of them one is
    drawn and kept in the file, readable by its owner only. It is made once a term and kept over rebuilds.
    """
    if option:
        return option.encode(), "the option --secret"
    if value := os.environ.get(SECRET_VARIABLE):
        return value.encode(), f"the environment's {SECRET_VARIABLE}"
    path = root / SECRET_FILE
    if not path.exists():
        _draw_secret(path)
        return path.read_bytes(), f"{path}, drawn now: keep it until the end of the term, outside git"
    kept = path.read_bytes().strip()
    if not kept:
        raise AnswersError(f"{path} is empty: anyone could compute the hidden seeds; delete it, and one is drawn")
    return kept, str(path)


def _draw_secret(path: Path) -> None:
    """Write a new secret, whole; where another process has just done so, its secret stays."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor, own = tempfile.mkstemp(dir=path.parent)  # readable by its owner only
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(own, path)
    finally:
        os.unlink(own)


def hidden_seed(secret: bytes, number: int, identifier: str, public: str, hidden: int) -> str:
    """The n-th hidden seed of a test and its case. It tells nothing of the secret, nor of other tests' seeds.

    If there are several, the first keeps the published sizes, so that a failure with it is not about sizes.

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
    folders = [str(root / "tests" / name) for name in PACKAGES if (root / "tests" / name).is_dir()]
    options = ["--collect-only", "-p", "no:terminal", "-p", "no:cacheprovider", f"--rootdir={root}"]
    with _without("PYTEST_ADDOPTS"):  # meant for another run, such as -v, which this one does not know
        status = pytest.main([*options, *folders], plugins=[collector])
    if status != pytest.ExitCode.OK:
        raise AnswersError(f"pytest cannot collect tests/ (exit {status}); `python -m pytest {folders[0]}` says why")
    return collect.from_items(collector.items)


@contextlib.contextmanager
def _without(variable: str) -> Iterator[None]:
    """Remove a variable from the environment inside the context."""
    kept = os.environ.pop(variable, None)
    try:
        yield
    finally:
        if kept is not None:
            os.environ[variable] = kept


@dataclass(frozen=True)
class SolutionRun:
    """What the solution gives in one test.

    Attributes:
        answers: those of the test's cases.
        ran: the parts of the solution that ran; see `provenance.traced`.
        complaint: why there are no answers; else "".
    """

    test: GradedTest
    answers: Answers
    ran: Collection[str]
    complaint: str = ""


def run_solution(
    root: Path,
    tests: Sequence[GradedTest],
    seed: Callable[[str], str],
    mapper: Mapper = map,
    kept: Mapping[str, str] | None = None,
) -> Iterator[SolutionRun]:
    """Run the solution: yields a SolutionRun for each test.

    Args:
        seed: identifier of a test and case -> the seed wanted; another is drawn from it where rounding could decide.
        kept: identifier -> the seed used so far, which is used again unless rounding could decide.
    """
    seeds = [{name: seed(name) for name in map(test.identifier, test.cases)} for test in tests]
    runs = mapper(_run, [root] * len(tests), tests, seeds, [kept or {}] * len(tests))
    yield from tqdm(runs, "right answers", len(tests), unit="", disable=None)


def right_answers(
    root: Path, tests: Sequence[GradedTest], seed: Callable[[str], str], header: Mapping[str, str], mapper: Mapper = map
) -> Answers:
    """The answers of `run_solution`, as one.

    Raises:
        Unsteady: for a test whose right answer depends on rounding.
    """
    made = Answers(header=dict(header))
    for run in run_solution(root, tests, seed, mapper):
        if run.complaint:
            raise Unsteady(run.complaint)
        made |= run.answers
    return made


def hidden_answers(
    root: Path, tests: Sequence[GradedTest], secret: bytes, hidden: int, public: Answers, mapper: Mapper = map
) -> dict[str, Answers]:
    """Run the solution with the hidden seeds and return the answers by name: hidden-1, ...

    Args:
        hidden: how many hidden seeds there are.

    Raises:
        Unsteady: for a test whose right answer depends on rounding, or on no seed at all.
    """
    made: dict[str, Answers] = {}
    for number in range(1, hidden + 1):

        def seed(name: str, number: int = number) -> str:
            return hidden_seed(secret, number, name, public.seeds[name], hidden)

        made[f"hidden-{number}"] = right_answers(root, tests, seed, public.header, mapper)
    for name in public.outcomes if made else ():
        check_seeds_matter(name, {key: answers.outcomes[name] for key, answers in {PUBLIC: public, **made}.items()})
    return made


def _run(root: Path, test: GradedTest, seeds: Mapping[str, str], kept: Mapping[str, str]) -> SolutionRun:
    made = Answers()
    with activated(root / "solution") as tree, provenance.traced(tree.root) as ran:
        try:
            for case in test.cases:
                name = test.identifier(case)
                made.seeds[name], made.outcomes[name] = make(
                    test, case, seeds[name], partial(run_case, test, case, tree), kept.get(name)
                )
        except Unsteady as error:
            return SolutionRun(test, Answers(), ran, str(error))
    return SolutionRun(test, made, ran)
