"""Runs the attack list against this grader and two ordinary ones, and reports the results.

    python -m autograder bench --attacks        (as root, on Linux: student code needs a user of its own)

Each verdict is measured. In this order, the first that holds:

forged    results.json holds what the submission wrote, not what the grader found
inflated  the attacked file has more points than the same file without the attack
leaked    what students see holds an expected value or a seed, or the attack says that it reached what it must not
broken    no valid results in time, or other files have lost points
held      none of these
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from autograder.bench import cage, malicious
from autograder.bench.malicious import Attack
from autograder.grade import collection, policy, results
from autograder.grade.engine import Engine, Grades
from autograder.grade.kit import Kit
from autograder.grade.main import close_folders
from autograder.grade.metadata import Metadata
from autograder.prepare import rehearsal
from autograder.prepare.files import replace as write_file
from harness.contract import Assignment
from harness.submission.listed_files import read_tree

RIVALS = Path(__file__).parent / "rivals"
COMMANDS = {
    "gradescope-utils": ["gradescope_run.py"],
    "pytest": ["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_models.py"],
}
OURS = "this grader"
VERDICTS = ("forged", "inflated", "leaked", "broken", "held")
ATTACKED, OTHER = "1.2.", "1.1."  # how the numbers of the attacked file's tests begin, and those of the other file's
SECONDS = 15.0  # for an ordinary grader, which needs one second on a quiet machine
DIGITS = 10  # by which a leaked number is recognised


@dataclass(frozen=True)
class Result:
    """The results of one submission.

    Attributes:
        points: number of a row -> points.
        text: everything that the student sees.
        valid: whether results.json can be read as results.
    """

    points: Mapping[str, float]
    text: str
    valid: bool


Grader = Callable[[bytes], Result]


def compare(repository: Path, kit_zip: Path, wanted: Sequence[Attack]) -> dict[str, dict[str, str]]:
    """Run attacks against all graders: attack -> grader -> verdict; "" where an attack does not concern a grader."""
    good = read_tree(repository / "solution", Assignment.load(repository / "student" / "assignment.json"))
    table: dict[str, dict[str, str]] = {attack.name: {} for attack in wanted}
    with (
        tempfile.TemporaryDirectory(prefix="attacks-") as folder,
        _layout(Path(folder), kit_zip) as engine,
        _graders(engine, repository, Path(folder)) as graders,
    ):
        public = malicious.published(engine.kit.folder / "public.safetensors")
        secrets = _secrets(engine)
        for name, grade in graders.items():
            full = grade(malicious.zipped(good))
            assert min(full.points.values(), default=0) > 0, f"{name} fails the solution: {full.text[:2000]}"
            bases = {"nothing", *(attack.base for attack in wanted)}
            honest = {base: grade(malicious.harmless(base).archive(good, public)).points for base in bases}
            for attack in track(wanted, description=name, transient=True):
                applies = name == OURS or "Only here" not in attack.says
                result = grade(attack.archive(good, public)) if applies else None
                fair = dict.fromkeys(honest["nothing"], 0.0) if "Taken" in attack.says else honest[attack.base]
                table[attack.name][name] = verdict(result, fair, secrets) if result else ""
    return table


def verdict(result: Result, honest: Mapping[str, float], secrets: set[str]) -> str:
    """The result of an attack in one word; see the module's docstring."""
    if "FORGED" in result.text:
        return "forged"
    if _sum(result.points, ATTACKED) > _sum(honest, ATTACKED) + 1e-9:
        return "inflated"
    if "TAKEN" in result.text or any(secret in result.text for secret in secrets):
        return "leaked"
    if not result.valid or not set(honest) <= set(result.points):
        return "broken"
    return "held" if _sum(result.points, OTHER) >= _sum(honest, OTHER) - 1e-9 else "broken"


def _sum(points: Mapping[str, float], start: str) -> float:
    return sum(score for number, score in points.items() if number.startswith(start))


@contextlib.contextmanager
def _layout(folder: Path, kit_zip: Path) -> Iterator[Engine]:
    """An engine of ours that grades the two files of part 1, with short limits."""
    folder.chmod(0o755)
    layout = folder / "ours"
    (layout / "empty").mkdir(parents=True)
    rehearsal.lay_out(layout, kit_zip, layout / "empty")
    close_folders(layout)
    kit = Kit.load(layout / "source")
    grading = kit.rubric.grading
    limits = replace(grading.limits, test_seconds=2.0, timeouts=2)
    kit = replace(kit, rubric=replace(kit.rubric, grading=replace(grading, limits=limits)))
    kit = replace(kit, tests=tuple(test for test in kit.tests if test.number.startswith((ATTACKED, OTHER))))
    engine = Engine(kit)
    try:
        yield engine
    finally:
        engine.close()


def _secrets(engine: Engine) -> set[str]:
    """The beginnings of the hidden seeds, and of the numbers that are expected for them."""
    secrets: set[str] = set()
    for name in engine.kit.seeds[1:]:
        answers = engine.answers[name]
        secrets |= {seed[:12] for seed in answers.seeds.values()}
        for test in engine.kit.tests:
            for case in test.cases:
                for value in answers.outcomes[test.identifier(case)].shown.values():
                    numbers = [] if isinstance(value, str) else value.flatten().tolist()
                    secrets |= {f"{abs(number):.15f}"[: 2 + DIGITS] for number in numbers if number % 1}
    return secrets


@contextlib.contextmanager
def _graders(engine: Engine, repository: Path, folder: Path) -> Iterator[dict[str, Grader]]:
    """The three graders, by name."""

    def ours(archive: bytes) -> Result:
        return read(grade_here(engine, archive, folder)[1])

    def rival(name: str) -> Grader:
        return lambda archive: run_rival(process, COMMANDS[name], archive, engine, repository)

    command = [sys.executable, "-I", cage.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield {OURS: ours, **{name: rival(name) for name in COMMANDS}}
        process.communicate()


def grade_here(engine: Engine, archive: bytes, folder: Path) -> tuple[Grades, dict[str, Any]]:
    """Grade a zip with our engine; its grades, and results.json without what only instructors see."""
    path = folder / "submission.zip"
    path.write_bytes(archive)
    taken = collection.take(path, engine.kit.assignment)
    grades = engine.grade(taken.files)
    settled = policy.settle(engine.kit, grades, Metadata.load(folder / "none.json"), taken.notebooks)
    return grades, {**results.compose(engine.kit, settled, taken.notes, {}), "extra_data": {}}


def read(data: Any) -> Result:
    """A grader's results.json, whatever it is."""
    text = json.dumps(data, ensure_ascii=False)
    try:
        points = {str(row["number"]): float(row["score"]) for row in data["tests"]}
    except (KeyError, TypeError, ValueError):
        return Result({}, text, False)
    return Result(points, text, True)


def run_rival(
    process: "subprocess.Popen[str]", command: Sequence[str], archive: bytes, engine: Engine, repository: Path
) -> Result:
    """Grade one submission with an ordinary grader in the cage; late results count as none."""
    with tempfile.TemporaryDirectory(prefix="rival-", ignore_cleanup_errors=True) as folder, rehearsal.mount_point():
        layout = Path(folder)
        _furnish(layout, archive, engine, repository)
        assert process.stdin is not None
        assert process.stdout is not None
        request = {"layout": str(layout), "command": list(command), "seconds": SECONDS}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        if process.stdout.readline() != "done\n":
            raise RuntimeError("the cage has ended: nothing can be measured")
        try:
            return read(json.loads((layout / "results" / "results.json").read_bytes()))
        except (OSError, ValueError):
            return Result({}, "", False)


def _furnish(layout: Path, archive: bytes, engine: Engine, repository: Path) -> None:
    """Lay out the grader in source/ and copy the student's listed files there, as Gradescope's own examples do."""
    source, submission = layout / "source", layout / "submission"
    for name in ("results", "submission"):
        (layout / name).mkdir()
    shutil.copytree(RIVALS, source, ignore=shutil.ignore_patterns("__init__.py", "__pycache__"))
    for name in ("harness", "tests/models"):
        shutil.copytree(repository / name, source / name)
    (source / "tests" / "__init__.py").touch()
    shutil.copytree(repository / "student" / "models", source / "models")
    shutil.copy(engine.kit.folder / f"{engine.kit.seeds[1]}.safetensors", source / "answers.safetensors")
    tests = json.dumps([test.to_json() for test in engine.kit.tests])
    (source / "tests.json").write_text(tests, encoding="utf-8")
    path = layout / "submission.zip"
    path.write_bytes(archive)
    with contextlib.suppress(Exception), zipfile.ZipFile(path) as packed:  # the platform unpacks it; this may fail
        packed.extractall(submission)
    for name in engine.kit.assignment.files:
        if (submission / name).is_file():
            shutil.copy(submission / name, source / name)
    for path in [layout, *layout.rglob("*")]:
        os.chown(path, cage.USER, cage.USER, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


def counts(files: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, int]]:
    """Grader -> verdict -> number of files."""
    names = next(iter(files.values())).keys()
    return {name: dict(Counter(row[name] for row in files.values() if row[name])) for name in names}


def markdown(files: Mapping[str, Mapping[str, str]]) -> str:
    """The two tables of docs/results/security.md: counts, and the verdicts of each row of the list."""
    totals = counts(files)
    lines = ["| attacks | " + " | ".join(VERDICTS) + " |", "|---|" + "---:|" * len(VERDICTS)]
    for name, total in totals.items():
        numbers = [str(total.get(word, 0)) for word in VERDICTS]
        lines.append(f"| {name}, {sum(total.values())} | {' | '.join(numbers)} |")
    lines += ["", f"| row | attacks | {' | '.join(totals)} |", "|---:|---:|" + "---|" * len(totals)]
    for number in sorted({int(name[3:5]) for name in files}):
        rows = [row for name, row in files.items() if int(name[3:5]) == number]
        cells = [_cell(Counter(row[name] for row in rows)) for name in totals]
        lines.append(f"| {number} | {len(rows)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(words: Counter[str]) -> str:
    phrases = [f"{words[word]} {word}" for word in VERDICTS if words[word]]
    return ", ".join(phrases) or "-"


def main(repository: Path, kit_zip: Path, only: str = "", json_file: Path | None = None) -> dict[str, Any]:
    """Run all attacks whose name contains `only`; print the tables, return the figures, and write them to `json_file`.

    A file that attacks at several moments is run at the first one only. The ordinary graders have the tests of part 1,
    so attacks against other rows are left out.
    """
    if os.geteuid() != 0 or not rehearsal.can_mount():
        sys.exit("bench --attacks needs root and mounts: an ordinary grader under attack must not reach this machine")
    wanted = [
        attack for attack in malicious.first_moments(malicious.load()) if only in str(attack) and not attack.against
    ]
    if not wanted:
        sys.exit(f"no attack's name contains {only!r}")
    files = compare(repository, kit_zip, wanted)
    figures = {"counts": counts(files), "files": files}
    shown = Table("attack", *counts(files))
    for name, row in files.items():
        shown.add_row(name, *row.values())
    Console().print(shown)
    print(markdown(files))
    if json_file:
        write_file(json_file, json.dumps(figures, indent=1).encode())
    return figures
