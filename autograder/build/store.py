"""Where answers and hints are kept between runs, and when they are made anew.

Those of the public seed lie in tests/reference/, two files for each test module, and are part of the repository. Those
of hidden seeds lie in .secrets/, which git ignores, in a folder for each secret. Beside both stands what they
were made from (see provenance).
"""

import hashlib
import importlib.metadata
import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from autograder.build import mistakes, provenance
from autograder.build.answers import (
    PUBLIC_SEED,
    SECRET_FILE,
    AnswersError,
    Mapper,
    hidden_answers,
    right_answers,
)
from autograder.build.catalogue import Misconception
from autograder.build.handout import RUBRIC
from autograder.build.mistakes import Failure
from autograder.grade.kit import PUBLIC
from autograder.rubric import Rubric
from tests.harness import answers, hints
from tests.harness.answers import Answers
from tests.harness.graded import GradedTest
from tests.harness.hints import Hints

COMMAND = "python -m autograder answers"


@dataclass(frozen=True)
class Made:
    """What one seed gives.

    Attributes:
        answers: the right outcomes.
        failed: the misconceptions that were run, with the tests that each of them fails.
    """

    answers: Answers
    failed: Sequence[tuple[Misconception, Mapping[str, Failure]]]

    @property
    def hints(self) -> Hints:
        return mistakes.hints_of(self.answers, self.failed)


@dataclass(frozen=True)
class Stored:
    """What is kept of one seed."""

    answers: Answers
    hints: Hints


@contextmanager
def workers() -> Iterator[Mapper]:
    """`map` by processes, one for each core."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        yield pool.map


def make_public(root: Path, tests: Sequence[GradedTest], mapper: Mapper) -> Made:
    """Run solution and misconceptions with the public seed, also where students get no hints: assistants do."""
    rubric = Rubric.load(root / RUBRIC)
    header = {package: importlib.metadata.version(package) for package in ("torch", "numpy")}
    header["contract"] = rubric.assignment.version
    kept: dict[str, str] = {}
    for module in {test.module for test in tests}:
        with suppress(FileNotFoundError):
            kept |= Answers.load(answers.public(module, root / "tests")).seeds
    right = {PUBLIC: right_answers(root, tests, lambda name: PUBLIC_SEED, header, mapper, kept)}
    return _made(right, mistakes.tasks(root, tests, right, {}), mapper)[PUBLIC]


def keep_public(root: Path, made: Made) -> None:
    """Write what students get: the public answers and hints of every test module."""
    rubric, folder = Rubric.load(root / RUBRIC), root / "tests"
    found = made.hints
    for module in dict.fromkeys(name.split("::")[0] for name in made.answers.outcomes):
        made.answers.of(module).save(answers.public(module, folder))
        if rubric.assignment.hints == "off":
            hints.public(module, folder).unlink(missing_ok=True)
        else:
            found.of(module).save(hints.public(module, folder))
    provenance.note(folder / "reference", provenance.sources(root, rubric))


def check_public(root: Path) -> None:
    """Demand that nothing has changed since the public answers were made."""
    changed = provenance.changed(root / "tests" / "reference", provenance.sources(root, Rubric.load(root / RUBRIC)))
    if changed:
        names = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if changed[3:] else "")
        raise AnswersError(f"tests/reference: made before {names} changed; run `{COMMAND}`")


def load_public(root: Path, tests: Sequence[GradedTest]) -> Stored:
    """The public answers and hints of the tests' modules, each as one.

    Raises:
        AnswersError: where one is missing; names it and the command that makes it.
    """
    right, known = Answers(), Hints()
    wanted = Rubric.load(root / RUBRIC).assignment.hints != "off"
    for module in dict.fromkeys(test.module for test in tests):
        try:
            right |= Answers.load(answers.public(module, root / "tests"))
            known |= Hints.load(hints.public(module, root / "tests")) if wanted else Hints()
        except FileNotFoundError as error:
            raise AnswersError(f"{error.filename} is missing; run `{COMMAND}`") from None
    for name in (test.identifier(case) for test in tests for case in test.cases):
        if name not in right.outcomes:
            raise AnswersError(f"{name} has no public answer; run `{COMMAND}`")
    return Stored(right, known)


def load(root: Path, tests: Sequence[GradedTest], secret: bytes) -> dict[str, Stored]:
    """What is kept of all seeds, by name: public, hidden-1, ... Hidden answers that are stale are made anew.

    Raises:
        AnswersError: where public answers are stale or missing.
    """
    check_public(root)
    stored = {PUBLIC: load_public(root, tests)}
    folder, made_from = _hidden_folder(root, secret), _hidden_sources(root, tests)
    if provenance.changed(folder, made_from):
        with workers() as mapper:
            renew_hidden(root, tests, secret, mapper)
    for path in sorted(folder.glob("hidden-*.hints.safetensors")):
        name = path.name.removesuffix(".hints.safetensors")
        stored[name] = Stored(Answers.load(folder / f"{name}.safetensors"), Hints.load(path))
    return stored


def renew_hidden(root: Path, tests: Sequence[GradedTest], secret: bytes, mapper: Mapper) -> None:
    """Run solution and misconceptions with the hidden seeds and keep what they give.

    What a misconception fails with the published inputs already it need not run with others: nobody who passes there
    has it. Where the rubric wants no hints, none has to run.
    """
    rubric, folder, public = Rubric.load(root / RUBRIC), _hidden_folder(root, secret), load_public(root, tests)
    right = hidden_answers(root, tests, secret, rubric.grading.hidden_seeds, public.answers, mapper)
    failed = {known.name: frozenset(known.wrong) for known in public.hints.known}
    wanted = right and rubric.assignment.hints != "off"
    for name, made in _made(right, mistakes.tasks(root, tests, right, failed) if wanted else [], mapper).items():
        made.answers.save(folder / f"{name}.safetensors")
        made.hints.save(folder / f"{name}.hints.safetensors")
    provenance.note(folder, _hidden_sources(root, tests))
    # Last, and no file that is new: another process may be doing the same, with the same result.
    kept = {f"{name}{kind}" for name in right for kind in (".safetensors", ".hints.safetensors")}
    for path in folder.glob("*.safetensors"):
        if path.name not in kept:
            path.unlink()


def _made(right: Mapping[str, Answers], tasks: Sequence[mistakes.Task], mapper: Mapper) -> dict[str, Made]:
    """Run misconceptions with the seeds of the right answers."""
    done = list(tqdm(mapper(mistakes.failures, tasks), "misconceptions", len(tasks), unit="", disable=None))
    entries = [task.misconception for task in tasks]
    return {
        name: Made(each, [(entry, failed[name]) for entry, failed in zip(entries, done, strict=True)])
        for name, each in right.items()
    }


def _hidden_folder(root: Path, secret: bytes) -> Path:
    """A folder for each secret, closed to others."""
    folder = (root / SECRET_FILE).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    folder /= f"answers-{hashlib.sha256(b'folder of answers' + secret).hexdigest()[:16]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _hidden_sources(root: Path, tests: Sequence[GradedTest]) -> dict[str, str]:
    rubric = Rubric.load(root / RUBRIC)
    modules = ", ".join(dict.fromkeys(test.module for test in tests))
    return {
        **provenance.sources(root, rubric),
        "the number of hidden seeds": str(rubric.grading.hidden_seeds),
        "the graded modules": modules,
    }
