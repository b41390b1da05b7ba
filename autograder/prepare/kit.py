"""Pack the kit: `autograder.zip`, which is uploaded to Gradescope and which `grade` unpacks here."""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autograder.grade.kit import HINTS, OVERLAY, PUBLIC
from autograder.prepare import answers, course, handout, store
from autograder.prepare.answers import AnswersError
from autograder.prepare.files import read_folder, replace, zipped
from autograder.rubric import Rubric
from harness.answers import Answers
from harness.contract import Assignment
from harness.graded import GradedTest
from harness.hints import Hints
from harness.tree import PACKAGES

TORCH_SOURCE = "--index-url https://download.pytorch.org/whl/cpu"  # PyTorch's own index of CPU builds
INPUTS = (
    "solution",
    "autograder/grade",
    "autograder/prepare/image",
    "harness",
    "tests/reference",
)
GRADER = ("autograder/__init__.py", "autograder/rubric.py", "autograder/rubric.toml")


class KitError(Exception):
    """A file that is not a kit; the message names it."""


def build(root: Path, target: Path, secret: str | None = None, torch_source: str = TORCH_SOURCE) -> str:
    """Write the kit's zip and return, in words, where the term's secret came from.

    Args:
        root: the repository.
        secret: what hidden seeds derive from; see `term_secret`.
        torch_source: options for the pip that installs torch in the image.

    Raises:
        RubricError: where a pattern of refused names matches nothing.
        HandoutError: where student/ is not what solution/ and the rubric give.
        AnswersError: where answers are missing or older than what they were made from.
    """
    course.check_refused(course.load(root))
    student = handout.checked(root)
    tests = graded(root)
    key, origin = answers.term_secret(root, secret)
    files = kit_files(root, student, tests, *store.load(root, tests, key), torch_source)
    private = [name for name in files if name.startswith("answers/")]
    replace(target, zipped(files, executable=("setup.sh", "run_autograder"), private=private))
    return origin


def graded(root: Path) -> list[GradedTest]:
    """All graded tests of the rubric, in its order, collected by pytest."""
    return graded_by(course.load(root), answers.graded_tests(root))


def kit_files(
    root: Path,
    student: Mapping[str, bytes],
    tests: Sequence[GradedTest],
    stored: Mapping[str, Answers],
    hints: Hints,
    torch_source: str,
) -> dict[str, bytes]:
    """All files of the kit. The solution is not among them, which `check_leaks` makes sure of.

    Args:
        student: what students get in student/, by path.
        stored: the answers of every seed, by name.
        hints: known wrong outcomes with the published inputs.
    """
    rubric = course.load(root)
    files = _grader(root)
    files |= read_folder(root, "autograder/grade", ".py")
    files |= read_folder(root, "harness", ".py") | {"tests/__init__.py": b""}
    for folder in PACKAGES:
        tests_of = read_folder(root, f"tests/{folder}", ".py")
        files |= {name: tests_of[name] for name in handout.switched_on(rubric, tests_of)}
    files |= {f"student/{name}": data for name, data in student.items() if not name.endswith(".ipynb")}
    handout.check_leaks(files, handout.solution_sources(root))
    image = read_folder(root / "autograder" / "prepare" / "image")
    image["setup.sh"] = image["setup.sh"].replace(b"@TORCH_SOURCE@", torch_source.encode())
    files |= image
    files |= {f"answers/{name}.safetensors": seed_answers.to_bytes() for name, seed_answers in stored.items()}
    if rubric.assignment.hints == "everywhere":
        files[f"answers/{HINTS}"] = hints.to_bytes()
    kit: dict[str, Any] = {
        "answers": _identify(files),
        "inputs": inputs(root),
        "seeds": list(stored),
        "made with": stored[PUBLIC].header,
        "tests": [test.to_json() for test in tests],
    }
    files["kit.json"] = (json.dumps(kit, indent=1) + "\n").encode()
    return files


def inputs(root: Path) -> str:
    """A digest of everything in the repository that a kit and its answers are made of."""
    files = _grader(root)
    for folder in (*INPUTS, *(f"tests/{folder}" for folder in PACKAGES)):
        files |= read_folder(root, folder)
    return _digest(files)


def contract(kit: Path) -> Assignment:
    """What a kit grades: its assignment.json.

    Raises:
        KitError: for a file that is no kit.
    """
    return Assignment.parse(_read(kit, "student/assignment.json"))


def _grader(root: Path) -> dict[str, bytes]:
    above = course.overlay()
    return {name: (root / name).read_bytes() for name in GRADER} | ({OVERLAY: above.read_bytes()} if above else {})


def built_from(kit: Path) -> str:
    """The `inputs` that a kit's zip was built from; "" for one that does not say.

    Raises:
        KitError: for a file that is no kit.
    """
    try:
        return str(json.loads(_read(kit, "kit.json")).get("inputs", ""))
    except (ValueError, AttributeError) as error:
        raise KitError(f"{kit}: expected JSON in kit.json, found: {error}") from None


def _read(kit: Path, name: str) -> str:
    try:
        with zipfile.ZipFile(kit) as archive:
            return archive.read(name).decode()
    except (OSError, zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        raise KitError(f"{kit} is no autograder that `python -m autograder build` has made: {error}") from None


def graded_by(rubric: Rubric, tests: Sequence[GradedTest]) -> list[GradedTest]:
    """The tests in the rubric's order, each under its deliverable.

    Raises:
        AnswersError: for a deliverable without tests, and for a test whose number is taken or not its deliverable's.
    """
    ordered: list[GradedTest] = []
    for deliverable in rubric.deliverables:
        own_tests = [test for test in tests if test.module == deliverable.tests]
        if not own_tests:
            raise AnswersError(f"tests/{deliverable.tests}: expected graded tests of {deliverable.id}, found none")
        numbers = [test.number for test in own_tests]
        for test in own_tests:
            if not test.number.startswith(f"{deliverable.number}.") or numbers.count(test.number) > 1:
                expected = f"a number of its own that begins with {deliverable.number}."
                raise AnswersError(f"tests/{test.key}: expected {expected}, found {test.number}")
        ordered += own_tests
    _check_excused(rubric, ordered)
    return ordered


def _check_excused(rubric: Rubric, tests: Sequence[GradedTest]) -> None:
    spread = {entry.test for entry in rubric.excused if entry.points == "spread"}
    for entry in rubric.excused:
        test = next((test for test in tests if test.number == entry.test), None)
        if test is None:
            raise AnswersError(f"{course.name()}: excused[{entry.test}].test: no test has this number")
        if all(other.number in spread for other in tests if other.module == test.module):
            advice = 'no test is left to take the points; write points = "given"'
            raise AnswersError(f"{course.name()}: excused[{entry.test}].points: {advice}")


def _identify(files: Mapping[str, bytes]) -> str:
    """Eight digits that change with the answers, the tests and the rubric."""
    deciding = ("answers/", *(f"tests/{folder}/" for folder in PACKAGES), course.RUBRIC, OVERLAY)
    return _digest({name: data for name, data in files.items() if name.startswith(deciding)})


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
    return digest.hexdigest()[:8]
