"""What a class is graded with: the facts of a kit that the record keeps."""

import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.grade.kit import OVERLAY, Kit
from autograder.prepare import rehearsal
from autograder.prepare.kit import KitError
from autograder.rubric import RubricError
from harness.contract import Assignment
from harness.graded import GradedTest

NEEDED = ("kit.json", "autograder/rubric.toml", "student/assignment.json")


@dataclass(frozen=True)
class KitFacts:
    """A kit as seen from outside.

    Attributes:
        digest: of all its files; another digest means that everything is graded again.
        answers: the short identifier that students read.
        contract, listed: assignment.json, and the tests as kit.json lists them, both as JSON.
        points: test number -> full points.
        seconds: the rubric's limit for one submission.
        seeds: the names of the inputs, "public" first.
    """

    path: Path
    digest: str
    answers: str
    contract: str
    listed: str
    points: Mapping[str, float]
    seconds: float
    seeds: tuple[str, ...]

    @property
    def assignment(self) -> Assignment:
        return Assignment.parse(self.contract)

    @property
    def tests(self) -> list[GradedTest]:
        return [GradedTest.from_json(test) for test in json.loads(self.listed)]


def facts(path: Path) -> KitFacts:
    """Read a kit's zip without its answers.

    Raises:
        KitError: for a file that is no kit, or one that another version of this project has built.
    """
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory(prefix="kit-") as folder:
            names = set(archive.namelist())
            for name in (*NEEDED, *names.intersection([OVERLAY])):
                archive.extract(name, folder)
            kit = Kit.load(Path(folder))
            digest = rehearsal.digest(path)
            listed = json.dumps([test.to_json() for test in kit.tests])
            contract = (Path(folder) / "student" / "assignment.json").read_text(encoding="utf-8")
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, RubricError) as error:
        raise KitError(f"{path} is no autograder that this version has built: {error}") from None
    points = {test.number: kit.points[test.key] for test in kit.tests}
    seconds = kit.rubric.grading.limits.overall_seconds
    return KitFacts(path, digest, kit.answers_id, contract, listed, points, seconds, kit.seeds)
