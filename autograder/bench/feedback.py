"""Shows what a student is told first about wrong attempts, the causes of which are known.

    python -m autograder bench --feedback [--attempts FOLDER]... [--only WORD] [--json FILE]

A set of attempts is a folder with `models/`, somebody's own right solution (or some files of one), and `attempts.toml`:

    [[attempt]]
    name = "mask_inverted"
    kind = "mask"                                # a short family, by which results are counted
    deliverable = "transformer.full_forward"                 # the one that the author meant
    file = "models/Transformer.py"
    cause = "The causal mask hides the past."    # one sentence, by the author
    before = '''...'''                           # stands exactly once in the file
    after = '''...'''

    [[attempt.edit]]                             # more changes of the same file, where one is not enough
    before = '''...'''
    after = '''...'''

Somebody else reads what is printed and adds to each attempt what became of it:

    told = "right"                               # "right", "partly" or "none": whether the true cause was told
    words = "..."                                # the sentence that decided it

Words that are no longer said make the judgement void, and the command says so.
"""

import multiprocessing
import os
import random
import resource
import signal
import textwrap
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

import torch

from autograder.grade.overlay import overlay
from autograder.prepare.files import read_folder
from harness.contract import Assignment, Deliverable
from harness.plugin import stored_answers, stored_hints
from harness.progress.recorder import Recorder, run_pytest
from harness.progress.view import Standing
from harness.submission.preflight import inspect
from harness.verdicts import ended_early
from harness.warm import warm_up

SETS = Path(__file__).parent / "attempts"
FILE = "attempts.toml"
REQUIRED = ("name", "kind", "deliverable", "file", "cause", "before", "after")
OPTIONAL = ("edit", "told", "words")
TOLD = ("right", "partly", "none")
SECONDS = 40  # of CPU, for the tests of one file; those of a right Transformer.py take five
MEMORY = 4 << 30


class AttemptsError(ValueError):
    """A set of attempts that cannot be used. The message names the file and the attempt, and what was expected."""


@dataclass(frozen=True)
class Attempt:
    """A wrong attempt: changes of one file of its set's right solution.

    Attributes:
        edits: pairs of text before and after.
        told, words: what an independent reader found, and the sentence that decided it; "" before that.
    """

    set: str
    name: str
    kind: str
    deliverable: str
    file: str
    cause: str
    edits: tuple[tuple[str, str], ...]
    told: str = ""
    words: str = ""

    def __str__(self) -> str:
        return f"{self.set}/{self.name}"


@dataclass(frozen=True)
class AttemptSet:
    """Somebody's right solution, path in the tree -> content, and wrong attempts that are made from it."""

    name: str
    files: dict[str, bytes]
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Feedback:
    """What `python -m tests` says first.

    Attributes:
        test: number and deliverable of the test that it is about; "" where nothing is wrong.
        paragraphs: as the student reads them, the hint last.
        lost: points with the published inputs.
    """

    test: str = ""
    paragraphs: tuple[str, ...] = ()
    lost: float = 0.0

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


@dataclass
class Report:
    """The results of all attempts, and complaints for an author or a reader."""

    told: list[tuple[Attempt, Feedback]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def load(folders: Iterable[Path], assignment: Assignment) -> list[AttemptSet]:
    """Read sets of attempts: each folder is one, or holds some.

    Raises:
        AttemptsError: for a folder without attempts, or an attempt that cannot be used.
    """
    sets: list[AttemptSet] = []
    for folder in folders:
        set_folders = [folder] if (folder / FILE).exists() else sorted(path.parent for path in folder.glob(f"*/{FILE}"))
        if not set_folders:
            raise AttemptsError(f"{folder}: expected {FILE}, here or one folder deeper")
        sets += [_read(path, assignment) for path in set_folders]
    return sets


def measure(
    root: Path, sets: Sequence[AttemptSet], only: str = "", step: Callable[[str], None] = lambda name: None
) -> Report:
    """Run the sets' right solutions and their attempts.

    An attempt is compared only where its right solution passes the tests of its deliverable.

    Args:
        root: the repository.
        only: a part of the names of the attempts that are wanted.
        step: told each attempt's name before it runs.
    """
    assignment = Assignment.load(root / "student" / "assignment.json")
    report = Report()
    for attempt_set in sets:
        wanted = [attempt for attempt in attempt_set.attempts if only in str(attempt)]
        files = {attempt.file for attempt in wanted}
        step(f"{attempt_set.name}: the right solution")
        changed_deliverables = [d for d in assignment.deliverables if d.file in files]
        _read_once(attempt_set.files, changed_deliverables, assignment)
        unsound = set()
        if run(root, attempt_set.files, changed_deliverables, assignment).text:  # seldom; then each alone
            for deliverable in changed_deliverables:
                if failure := run(root, attempt_set.files, [deliverable], assignment).text:
                    unsound.add(deliverable.id)
                    complaint = f"{attempt_set.name}: the right solution fails {deliverable.id}:\n{failure}"
                    report.complaints.append(complaint)
        for attempt in wanted:
            if attempt.deliverable in unsound:
                continue
            step(str(attempt))
            sound = [d for d in assignment.deliverables if d.file == attempt.file and d.id not in unsound]
            told = run(root, attempt_set.files | {attempt.file: changed(attempt_set.files, attempt)}, sound, assignment)
            report.told.append((attempt, told))
            if not is_still_said(attempt, told):
                report.complaints.append(f"{attempt}: judged by words that are no longer said: {attempt.words}")
    return report


def _read_once(files: Mapping[str, bytes], chosen: Sequence[Deliverable], assignment: Assignment) -> None:
    """Fill the caches that the processes of all attempts inherit: parsed files, public answers and hints."""
    inspect(files, assignment)
    warm_up(deliverable.tests for deliverable in chosen)
    for deliverable in chosen:
        stored_answers(deliverable.tests)
        stored_hints(deliverable.tests)


def is_still_said(attempt: Attempt, feedback: Feedback) -> bool:
    """Whether the feedback contains the words by which an attempt was judged."""
    return " ".join(attempt.words.split()) in " ".join(feedback.text.split())


def changed(files: Mapping[str, bytes], attempt: Attempt) -> bytes:
    """The attempt's file with its changes.

    Raises:
        AttemptsError: unless the text before each change stands there exactly once.
    """
    if attempt.file not in files:
        raise AttemptsError(f"file: expected one of {', '.join(files)}, found {attempt.file!r}")
    source = files[attempt.file].decode()
    for before, after in attempt.edits:
        if (count := source.count(before)) != 1:
            raise AttemptsError(f"expected `before` once in {attempt.file}, found it {count} times: {before!r}")
        source = source.replace(before, after)
    return source.encode()


def run(root: Path, files: Mapping[str, bytes], chosen: Sequence[Deliverable], assignment: Assignment) -> Feedback:
    """What a student with these files is told first about these deliverables; runs in its own process."""
    context = multiprocessing.get_context("fork")  # torch is imported once
    with overlay(root / "student", files) as tree:
        receiver, sender = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(sender, tree, chosen, assignment))
        child.start()
        sender.close()
        try:
            feedback: Feedback = receiver.recv()
        except EOFError:
            child.join()
            status = child.exitcode or 0
            end = "timeout" if -status == signal.SIGXCPU else f"signal {-status}" if status < 0 else f"exit {status}"
            points = sum(deliverable.points for deliverable in chosen)
            feedback = Feedback("no test", (ended_early(end),), points)
        child.join()
    return feedback


def _child(sender: Connection, tree: Path, chosen: Sequence[Deliverable], assignment: Assignment) -> None:
    """Run the tests quietly and send the first wrong one; random attempts always give the same result."""
    random.seed(0)
    torch.manual_seed(0)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)

    def tell() -> None:
        recorder.finish(assignment)
        sender.send(_first([recorder.standings[deliverable.tests] for deliverable in chosen]))

    def stop() -> NoReturn:
        tell()
        os._exit(0)

    recorder = Recorder(assignment, end=stop)
    run_pytest([deliverable.tests for deliverable in chosen], tree, recorder)
    tell()


def _first(standings: Sequence[Standing]) -> Feedback:
    """What is told first about these deliverables, as in `view.show`."""
    lost = sum(standing.deliverable.points - standing.points for standing in standings)
    for standing in sorted(standings, key=lambda standing: standing.first_wrong is None):
        if wrong := standing.first_open:
            test, verdict = wrong
            return Feedback(f"{test.number} {standing.deliverable.title}", tuple(verdict.words(test.summary)), lost)
    return Feedback(lost=lost)


def show(report: Report) -> Iterator[str]:
    """Paragraphs of the report: every attempt, complaints, and the table by kind as Markdown."""
    for attempt, told in report.told:
        yield f"{attempt} ({attempt.deliverable}, {attempt.kind})\n{_filled(f'Cause: {attempt.cause}')}"
        lost = f"loses {told.lost:.3g} points" if told.lost else "loses no points"
        yield "\n".join([f"  {told.test or 'Nothing is wrong'}; {lost}", *map(_filled, told.paragraphs)])
        if attempt.told:
            yield _filled(f"Judged: {attempt.told}: {attempt.words or 'nothing said'}")
    yield from report.complaints
    yield table(report.told)


def _filled(paragraph: str) -> str:
    return textwrap.fill(paragraph, 100, initial_indent="    ", subsequent_indent="    ")


def table(told: Sequence[tuple[Attempt, Feedback]]) -> str:
    """The counts by kind: attempts, those that lose points, and what the judged ones were told."""
    kinds = sorted({attempt.kind for attempt, _ in told})
    rows = [(kind, [pair for pair in told if pair[0].kind == kind]) for kind in kinds]
    lines = ["| kind | attempts | lose points | right cause told | partly | not told | not judged |"]
    lines.append("|---" * 7 + "|")
    for name, pairs in [*rows, ("all", list(told))]:
        judged = [attempt.told if is_still_said(attempt, feedback) else "" for attempt, feedback in pairs]
        lost = sum(feedback.lost > 0 for _, feedback in pairs)
        counts = [len(pairs), lost, *(judged.count(answer) for answer in (*TOLD, ""))]
        lines.append(f"| {name} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def as_json(report: Report) -> dict[str, Any]:
    """The report as JSON."""
    attempts = [
        {**asdict(attempt), "feedback": asdict(told), "still said": is_still_said(attempt, told)}
        for attempt, told in report.told
    ]
    return {"attempts": attempts, "complaints": report.complaints, "table": table(report.told)}


def _read(folder: Path, assignment: Assignment) -> AttemptSet:
    path = folder / FILE
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no UTF-8, no TOML
        raise AttemptsError(f"{path}: expected TOML in UTF-8, found: {error}") from error
    if set(document) != {"attempt"} or not isinstance(document["attempt"], list):
        raise AttemptsError(f"{path}: expected one or more [[attempt]] and nothing else")
    files = read_folder(folder, "models", ".py")
    attempts: list[Attempt] = []
    for position, entry in enumerate(document["attempt"], start=1):
        with _named(f"{path}, attempt {position} ({entry.get('name', 'without a name')})"):
            attempt = _attempt(entry, folder.name, assignment)
            if attempt.name in {other.name for other in attempts}:
                raise AttemptsError("name: expected one that no other attempt has")
            changed(files, attempt)
            attempts.append(attempt)
    return AttemptSet(folder.name, files, tuple(attempts))


@contextmanager
def _named(where: str) -> Iterator[None]:
    try:
        yield
    except AttemptsError as error:
        raise AttemptsError(f"{where}: {error}") from None


def _attempt(entry: Mapping[str, Any], set_name: str, assignment: Assignment) -> Attempt:
    if missing := [key for key in REQUIRED if key not in entry]:
        raise AttemptsError(f"expected the keys {', '.join(REQUIRED)}; missing: {', '.join(missing)}")
    if unknown := sorted(set(entry) - {*REQUIRED, *OPTIONAL}):
        raise AttemptsError(f"expected no keys but {', '.join((*REQUIRED, *OPTIONAL))}; found {', '.join(unknown)}")
    known = [deliverable.id for deliverable in assignment.deliverables]
    if entry["deliverable"] not in known:
        raise AttemptsError(f"deliverable: expected one of {', '.join(known)}; found {entry['deliverable']!r}")
    if entry.get("told", "right") not in TOLD:
        raise AttemptsError(f"told: expected one of {', '.join(TOLD)}; found {entry['told']!r}")
    if entry.get("told", "none") != "none" and not entry.get("words"):
        raise AttemptsError(f"words: expected the sentence that makes it {entry['told']!r}")
    pairs = [entry, *entry.get("edit", [])]
    for pair in pairs:
        if not all(isinstance(pair.get(key), str) for key in ("before", "after")) or not pair["before"].strip():
            raise AttemptsError(f"expected text for `before` and `after`, found {pair!r}")
    texts = {key: entry.get(key, "") for key in (*REQUIRED[:5], "told", "words")}
    if bad := [key for key, value in texts.items() if not isinstance(value, str)]:
        raise AttemptsError(f"{bad[0]}: expected text, found {texts[bad[0]]!r}")
    return Attempt(set_name, edits=tuple((pair["before"], pair["after"]) for pair in pairs), **texts)
