"""What is known of a graded test without running it. The judge imports this module, so it imports no torch."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.marks import COMMON, SizeNames, Tolerance

TESTS = Path(__file__).resolve().parents[1] / "tests"


@dataclass(frozen=True)
class Case:
    """One set of arguments of a parametrized test; a plain test has one case without a name."""

    name: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        return "In the case " + ", ".join(f"{name} = {value}" for name, value in self.arguments.items())


@dataclass(frozen=True)
class GradedTest:
    """A test function with its cases and everything that decides about its row.

    Attributes:
        module: its file, relative to tests/, with forward slashes; the rubric names it under a deliverable.
        summary: the first paragraph of the docstring, which says what is checked.
        cases: all of them share the row, and the test passes if all cases pass.
        integration, only: see `marks.integration`.
    """

    module: str
    name: str
    summary: str
    number: str
    weight: float
    tolerance: Tolerance
    steered_by: tuple[str, ...]
    integration: bool
    visibility: str | None
    tags: tuple[str, ...]
    cases: tuple[Case, ...]
    only: Mapping[str, str] = field(default_factory=dict)
    size_names: SizeNames = COMMON

    def uses(self, needed: str, case: str) -> bool:
        """Whether a case, given by its name, is known to use a deliverable that this integration test needs."""
        marks = {mark for mark, id in self.only.items() if id == needed}
        arguments = next((known.arguments for known in self.cases if known.name == case), {})
        return not marks or any(
            value in marks or (value is True and name in marks) for name, value in arguments.items()
        )

    @property
    def key(self) -> str:
        return f"{self.module}::{self.name}"

    @property
    def title(self) -> str:
        """The function's name as words."""
        return self.name.removeprefix("test_").replace("_", " ")

    def identifier(self, case: Case) -> str:
        """The name of a test and its case, in the answers and in the seed of every input."""
        return f"{self.key}[{case.name}]" if case.name else self.key

    def function(self) -> Callable[..., None]:
        """Import the test function. Call it only where student code may run, because its module imports torch."""
        module = importlib.import_module("tests." + self.module.removesuffix(".py").replace("/", "."))
        function: Callable[..., None] = getattr(module, self.name)
        return function

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "GradedTest":
        return cls(
            **{
                **data,
                "tolerance": Tolerance(**data["tolerance"]),
                "size_names": SizeNames(*map(tuple, data["size_names"].values())),
                "steered_by": tuple(data["steered_by"]),
                "tags": tuple(data["tags"]),
                "cases": tuple(Case(**case) for case in data["cases"]),
            }
        )
