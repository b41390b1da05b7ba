"""Where answers and hints are kept between runs, and when they are made anew.

Those of the public seed lie in tests/reference/, two files for each test module, and are part of the repository. The
answers of hidden seeds, of which no hints are given, lie in .secrets/, which git ignores, in a folder for each secret.
Beside both stands what they were made from (see provenance).
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

from autograder.grade.kit import PUBLIC
from autograder.prepare import mistakes, provenance
from autograder.prepare.answers import (
    PUBLIC_SEED,
    SECRET_FILE,
    AnswersError,
    Mapper,
    hidden_answers,
    right_answers,
)
from autograder.prepare.catalogue import Misconception
from autograder.prepare.handout import RUBRIC
from autograder.prepare.mistakes import Failure
from autograder.rubric import Rubric
from harness import answers, hints
from harness.answers import Answers
from harness.graded import GradedTest
from harness.hints import Hints

COMMAND = "python -m autograder answers"


@dataclass(frozen=True)
class Made:
    """What the public seed gives.

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
    """What is kept of the public seed."""

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
    right = right_answers(root, tests, lambda name: PUBLIC_SEED, header, mapper, kept)
    tasks = mistakes.tasks(root, tests, right)
    done = tqdm(mapper(mistakes.failures, tasks), "misconceptions", len(tasks), unit="", disable=None)
    return Made(right, [(task.misconception, failed) for task, failed in zip(tasks, done, strict=True)])


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


def load(root: Path, tests: Sequence[GradedTest], secret: bytes) -> tuple[dict[str, Answers], Hints]:
    """All answers by the seed's name (public, hidden-1, ...), and the hints. Stale hidden answers are made anew.

    Raises:
        AnswersError: where public answers are stale or missing.
    """
    check_public(root)
    public = load_public(root, tests)
    folder, made_from = _hidden_folder(root, secret), _hidden_sources(root, tests)
    if provenance.changed(folder, made_from):
        with workers() as mapper:
            renew_hidden(root, tests, secret, mapper)
    hidden = {path.stem: Answers.load(path) for path in sorted(folder.glob("hidden-*.safetensors"))}
    return {PUBLIC: public.answers, **hidden}, public.hints


def renew_hidden(root: Path, tests: Sequence[GradedTest], secret: bytes, mapper: Mapper) -> None:
    """Run the solution with the hidden seeds and keep what it gives."""
    rubric, folder, public = Rubric.load(root / RUBRIC), _hidden_folder(root, secret), load_public(root, tests)
    right = hidden_answers(root, tests, secret, rubric.grading.hidden_seeds, public.answers, mapper)
    for name, answers_of_seed in right.items():
        answers_of_seed.save(folder / f"{name}.safetensors")
    provenance.note(folder, _hidden_sources(root, tests))
    # Last, and no file that is new: another process may be doing the same, with the same result.
    for path in folder.glob("hidden-*.safetensors"):
        if path.stem not in right:
            path.unlink(missing_ok=True)


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
