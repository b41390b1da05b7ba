"""Where answers and hints are kept between runs, and when they are made again: one test module at a time.

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
from dataclasses import dataclass, field, replace
from multiprocessing import forkserver
from pathlib import Path

from tqdm import tqdm

from autograder.grade.kit import PUBLIC
from autograder.prepare import catalogue, course, mistakes, provenance, quality, reuse
from autograder.prepare.answers import (
    PUBLIC_SEED,
    SECRET_FILE,
    AnswersError,
    Mapper,
    hidden_answers,
    right_answers,
    run_solution,
)
from autograder.prepare.catalogue import CatalogueError, Misconception
from autograder.prepare.files import update
from autograder.prepare.mistakes import Failure, Task
from autograder.prepare.provenance import Record
from autograder.prepare.quality import Quality
from harness import answers, hints
from harness.answers import Answers, Unsteady
from harness.graded import GradedTest
from harness.hints import Hints
from harness.words import abridged

COMMAND = "python -m autograder answers"


@dataclass(frozen=True)
class Made:
    """What the public seed gives in some test modules.

    Attributes:
        right: module -> the right outcomes; stored ones where the new ones agree with them.
        failed: the misconceptions that were run, with the tests that each of them fails.
        records: module -> what it was made from, for those that can be kept.
        complaints: module -> what is wrong with it, for those that cannot.
        quality: module -> how well its misconceptions are told apart, where that was measured.
    """

    right: Mapping[str, Answers]
    failed: Sequence[tuple[Misconception, Mapping[str, Failure]]]
    records: Mapping[str, Record]
    complaints: Mapping[str, str]
    quality: Mapping[str, Quality] = field(default_factory=dict)

    @property
    def answers(self) -> Answers:
        """The answers of all modules, as one."""
        made = Answers()
        for right in self.right.values():
            made |= right
        return made

    @property
    def hints(self) -> Hints:
        return mistakes.hints_of(self.answers, self.failed)


@dataclass(frozen=True)
class Stored:
    """The stored answers and hints of the public seed."""

    answers: Answers
    hints: Hints


@contextmanager
def workers() -> Iterator[Mapper]:
    """`map` by processes, one for each core; they are forked from one that has imported torch."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([mistakes.__name__])
    try:
        with ProcessPoolExecutor(os.cpu_count(), context) as pool:
            yield pool.map
    finally:
        forkserver._forkserver._stop()  # type: ignore[attr-defined]  # else it lives on, uncounted, until we end


def make_public(root: Path, tests: Sequence[GradedTest], mapper: Mapper) -> Made:
    """Run solution and misconceptions with the public seed; the guide for assistants needs them even without hints."""
    complaints: dict[str, str] = {}
    right, ran = _run_solution(root, tests, mapper, complaints)
    tasks: list[Task] = []
    records: dict[str, Record] = {}
    for deliverable in catalogue.deliverables(root):
        module = deliverable.tests
        if module in right and module not in complaints:
            own_tests = tuple(test for test in tests if test.module == module)
            try:
                tasks += [Task(root, entry, own_tests, right[module]) for entry in catalogue.of(root, deliverable)]
            except CatalogueError as error:
                complaints[module] = str(error)
            records[module] = provenance.record(root, module, catalogue.file_of(deliverable), ran[module])
    done = tqdm(mapper(mistakes.failures, tasks), "misconceptions", len(tasks), unit="", disable=None)
    failed = [*zip(tasks, done, strict=True)]
    for task, failures in failed:
        if why := mistakes.complaint(failures):
            complaints.setdefault(task.tests[0].module, f"{task.misconception}: {why}")
    kept = {module: record for module, record in records.items() if module not in complaints}
    return Made(right, [(task.misconception, failures) for task, failures in failed], kept, complaints)


def add_quality(root: Path, tests: Sequence[GradedTest], made: Made, mapper: Mapper) -> Made:
    """Add what `quality` measures, and complaints about misconceptions that do not get their own hint."""
    seeds = made.answers.seeds
    tests = [test for test in tests if test.module in made.records]
    others = right_answers(root, tests, lambda name: f"other~same:{seeds[name]}", {}, mapper)
    measured: dict[str, Quality] = {}
    complaints = dict(made.complaints)
    for deliverable in catalogue.deliverables(root):
        module = deliverable.tests
        if module in made.records:
            own_tests = [test for test in tests if test.module == module]
            failed = [(entry, failures) for entry, failures in made.failed if entry.deliverable == deliverable.id]
            measured[module], wrong = quality.measure(own_tests, made.right[module], others, failed)
            if wrong:
                complaints[module] = "\n".join(wrong)
    records = {module: record for module, record in made.records.items() if module not in complaints}
    return replace(made, records=records, complaints=complaints, quality=measured)


def _run_solution(
    root: Path, tests: Sequence[GradedTest], mapper: Mapper, complaints: dict[str, str]
) -> tuple[dict[str, Answers], dict[str, set[str]]]:
    """The right answers of each module, and which parts of the solution ran for them."""
    header = {package: importlib.metadata.version(package) for package in ("torch", "numpy")}
    header["contract"] = course.load(root).assignment.version
    modules = dict.fromkeys(test.module for test in tests)
    stored = {module: _stored(root, module) for module in modules}
    made = {module: Answers(header=dict(header)) for module in modules}
    ran: dict[str, set[str]] = {module: set() for module in modules}
    seeds = {name: seed for known in stored.values() for name, seed in known.seeds.items()}
    for run in run_solution(root, tests, lambda name: PUBLIC_SEED, mapper, seeds):
        module = run.test.module
        made[module] |= run.answers
        ran[module] |= set(run.ran)
        if run.complaint:
            complaints.setdefault(module, run.complaint)
    right = {
        module: reuse.answers(new, stored[module], [test for test in tests if test.module == module])
        for module, new in made.items()
        if module not in complaints
    }
    return right, ran


def _stored(root: Path, module: str) -> Answers:
    """The stored public answers of a module; empty if none are stored."""
    with suppress(FileNotFoundError):
        return Answers.load(answers.public_file(module, root / "tests"))
    return Answers()


def keep_public(root: Path, made: Made) -> None:
    """Write the public answers and hints of the modules without complaints; files that would stay the same are left."""
    folder, new = root / "tests", made.hints
    for module in made.records:
        path, known = hints.public_file(module, folder), new.of(module)
        with suppress(FileNotFoundError):
            known = reuse.hints(known, Hints.load(path))
        update(answers.public_file(module, folder), made.right[module].to_bytes())
        update(path, known.to_bytes())
    measured = {
        **quality.read(folder / "reference"),
        **{name: values for name, values in made.quality.items() if name in made.records},
    }
    quality.note(folder / "reference", {name: values for name, values in measured.items() if (folder / name).is_file()})
    _note(root, folder / "reference", made.records)


def _note(root: Path, folder: Path, records: Mapping[str, Record]) -> None:
    """Add to a folder's records, and drop those of modules that are gone."""
    before = provenance.read(folder)
    now = {module: record for module, record in before.items() if (root / "tests" / module).is_file()} | dict(records)
    if now != before:
        provenance.note(folder, now)


def stale(root: Path) -> dict[str, list[str]]:
    """Module -> what has changed since its public answers and hints were made; modules without changes are left out."""
    folder = root / "tests" / "reference"
    records, measured = provenance.read(folder), quality.read(folder)
    changes: dict[str, list[str]] = {}
    for deliverable in catalogue.deliverables(root):
        module = deliverable.tests
        files = [public_file(module, root / "tests") for public_file in (answers.public_file, hints.public_file)]
        then = records.get(module)
        if then is None or module not in measured or not all(path.exists() for path in files):
            changes[module] = [f"tests/{module}"]
        else:
            now = provenance.record(root, module, catalogue.file_of(deliverable), provenance.ran_for(then))
            changes[module] = provenance.changed(then, now)
    return {module: changed for module, changed in changes.items() if changed}


def check_public(root: Path) -> None:
    """Demand that nothing has changed since the public answers were made."""
    changed = sorted({name for names in stale(root).values() for name in names})
    if changed:
        raise AnswersError(f"tests/reference: made before {abridged(changed, 3)} changed; run `{COMMAND}`")


def load_public(root: Path, tests: Sequence[GradedTest]) -> Stored:
    """The public answers and hints of the tests' modules, each as one.

    Raises:
        AnswersError: where one is missing; names it and the command that makes it.
    """
    right, known = Answers(), Hints()
    with_hints = course.load(root).assignment.hints != "off"
    for module in dict.fromkeys(test.module for test in tests):
        try:
            right |= Answers.load(answers.public_file(module, root / "tests"))
            known |= Hints.load(hints.public_file(module, root / "tests")) if with_hints else Hints()
        except FileNotFoundError as error:
            raise AnswersError(f"{error.filename} is missing; run `{COMMAND}`") from None
    for name in (test.identifier(case) for test in tests for case in test.cases):
        if name not in right.outcomes:
            raise AnswersError(f"{name} has no public answer; run `{COMMAND}`")
    return Stored(right, known)


def load(root: Path, tests: Sequence[GradedTest], secret: bytes) -> tuple[dict[str, Answers], Hints]:
    """All answers by the seed's name (public, hidden-1, ...), and the hints. Stale hidden answers are made anew.

    Raises:
        AnswersError: where public answers are stale or missing, and where hidden ones cannot be made.
    """
    check_public(root)
    with workers() as mapper:
        complaints = renew_hidden(root, tests, secret, mapper)
    if complaints:
        raise AnswersError("\n".join(complaints.values()))
    public = load_public(root, tests)
    folder, number = _hidden_folder(root, secret), course.load(root).grading.hidden_seeds
    hidden = {f"hidden-{n}": Answers() for n in range(1, number + 1)}
    for module in dict.fromkeys(test.module for test in tests):
        for name, seed_answers in hidden.items():
            seed_answers |= Answers.load(_hidden_file(folder, module, name))
    return {PUBLIC: public.answers, **hidden}, public.hints


def renew_hidden(
    root: Path, tests: Sequence[GradedTest], secret: bytes, mapper: Mapper, everything: bool = False
) -> dict[str, str]:
    """Run the solution with the hidden seeds, in modules whose stored answers are stale, and keep what it gives.

    Args:
        everything: also in modules whose answers are not stale.

    Returns:
        Module -> complaint, for those whose answers cannot be made.
    """
    folder, number = _hidden_folder(root, secret), course.load(root).grading.hidden_seeds
    kept, complaints = provenance.read(folder), dict[str, str]()
    outdated = stale(root)
    for module in dict.fromkeys(test.module for test in tests if test.module not in outdated):
        made_from = _hidden_record(root, module, number)
        files = [_hidden_file(folder, module, f"hidden-{n}") for n in range(1, number + 1)]
        if made_from == kept.get(module) and all(path.exists() for path in files) and not everything:
            continue
        own_tests = [test for test in tests if test.module == module]
        try:
            made = hidden_answers(root, own_tests, secret, number, _stored(root, module), mapper)
        except Unsteady as error:
            complaints[module] = str(error)
            continue
        for name, seed_answers in made.items():
            seed_answers.save(_hidden_file(folder, module, name))
        _note(root, folder, {module: made_from})
    return complaints


def _hidden_folder(root: Path, secret: bytes) -> Path:
    """A folder for each secret, closed to others."""
    folder = (root / SECRET_FILE).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    folder /= f"answers-{hashlib.sha256(b'folder of answers' + secret).hexdigest()[:16]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _hidden_file(folder: Path, module: str, name: str) -> Path:
    return folder / Path(module).with_suffix("") / f"{name}.safetensors"


def _hidden_record(root: Path, module: str, number: int) -> Record:
    """What a module's hidden answers depend on: what the public ones were made from, and their seeds."""
    made_from = provenance.read(root / "tests" / "reference")[module]
    seeds = repr(sorted(_stored(root, module).seeds.items()))
    return {
        **{name: digest for name, digest in made_from.items() if not name.startswith(catalogue.FOLDER.as_posix())},
        "the number of hidden seeds": str(number),
        "the public seeds": hashlib.sha256(seeds.encode()).hexdigest()[:12],
    }
