"""The kit: everything that grading needs, packed by `python -m autograder build`. It holds no solution.

kit/
  setup.sh  run_autograder  requirements.txt  Containerfile  kit.json
  autograder/  harness/  tests/                  the grader and the graded tests
  student/                                       the pristine handout
  answers/public.safetensors, hidden-1.safetensors, ...    expected outcomes, closed to student code
  answers/public.hints.safetensors                         known wrong outcomes with their hints, if hints are on
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.rubric import Excused, Rubric
from harness.answers import Answers
from harness.contract import Assignment, Deliverable
from harness.graded import GradedTest
from harness.hints import Hints

PUBLIC = "public"  # the name of the seed whose inputs and answers are published
HINTS = f"{PUBLIC}.hints.safetensors"
OVERLAY = "autograder/overlay.toml"  # what a course's own rubric changes, if there is one


@dataclass(frozen=True)
class Kit:
    """An unpacked kit.

    Attributes:
        seeds: names of the answers' files, PUBLIC first.
        answers_id: changes whenever an expected outcome, a test or the rubric changes.
    """

    root: Path
    rubric: Rubric
    assignment: Assignment
    tests: tuple[GradedTest, ...]
    seeds: tuple[str, ...]
    answers_id: str

    @classmethod
    def load(cls, root: Path) -> "Kit":
        data = json.loads((root / "kit.json").read_text(encoding="utf-8"))
        overlay = root / OVERLAY
        return cls(
            root=root,
            rubric=Rubric.load(root / "autograder" / "rubric.toml", overlay if overlay.is_file() else None),
            assignment=Assignment.load(root / "student" / "assignment.json"),
            tests=tuple(GradedTest.from_json(test) for test in data["tests"]),
            seeds=tuple(data["seeds"]),
            answers_id=data["answers"],
        )

    @property
    def folder(self) -> Path:
        """The folder with the expected outcomes."""
        return self.root / "answers"

    def answers(self) -> dict[str, Answers]:
        """Read the expected outcomes of every seed. Call it only after the zygote has started."""
        return {seed: Answers.load(self.folder / f"{seed}.safetensors") for seed in self.seeds}

    def hints(self) -> Hints:
        """Read the known wrong outcomes; there are none if the rubric keeps hints out of the kit."""
        path = self.folder / HINTS
        return Hints.load(path) if path.exists() else Hints()

    @cached_property
    def points(self) -> dict[str, float]:
        """Test key -> its full points: the deliverable's, shared by weight, in hundredths that add up.

        A test that is excused has no weight where its points are spread.
        """
        points: dict[str, float] = {}
        for deliverable in self.assignment.deliverables:
            tests = self.tests_of(deliverable)
            weights = [0.0 if self.is_spread(test) else test.weight for test in tests]
            shares = share(deliverable.points, weights)
            points.update(zip((test.key for test in tests), shares, strict=True))
        return points

    def excused(self, test: GradedTest) -> Excused | None:
        """The rubric's entry for a test that has proved faulty."""
        return next((entry for entry in self.rubric.excused if entry.test == test.number), None)

    def is_spread(self, test: GradedTest) -> bool:
        entry = self.excused(test)
        return entry is not None and entry.points == "spread"

    def tests_of(self, deliverable: Deliverable) -> list[GradedTest]:
        return [test for test in self.tests if test.module == deliverable.tests]

    def deliverable_of(self, test: GradedTest) -> Deliverable:
        return next(deliverable for deliverable in self.assignment.deliverables if deliverable.tests == test.module)


def share(total: float, weights: list[float]) -> list[float]:
    """Split points by weight into hundredths whose sum is the total (largest remainders first)."""
    exact = [100 * total * weight / sum(weights) for weight in weights]
    cents = [int(value) for value in exact]
    by_remainder = sorted(range(len(weights)), key=lambda index: cents[index] - exact[index])
    for index in by_remainder[: round(100 * total) - sum(cents)]:
        cents[index] += 1
    return [cent / 100 for cent in cents]
