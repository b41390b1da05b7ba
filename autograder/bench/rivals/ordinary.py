"""Shared by both graders: the expected values, and a comparison for each shown value."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness import draws
from harness.answers import Answers
from harness.given import Given
from harness.graded import Case, GradedTest
from harness.outcome import Outcome
from harness.tree import Package

HERE = Path(__file__).parent
EXPECTED = Answers.load(HERE / "answers.safetensors")
TESTS = [GradedTest.from_json(test) for test in json.loads((HERE / "tests.json").read_text(encoding="utf-8"))]


class Show:
    """Has the methods of the harness's Show, and compares at once."""

    def __init__(self, expected: Outcome) -> None:
        self.expected = expected.shown

    def __call__(self, name: str, value: Any) -> None:
        if isinstance(value, tuple | list) and type(value) is not torch.Size:
            for index, element in enumerate(value):
                self(f"{name}[{index}]", element)
        elif isinstance(self.expected[name], str):
            assert repr(value) == self.expected[name] or str(value) == self.expected[name], f"{name} is wrong"
        else:
            expected, got = self.expected[name], value.detach().numpy()
            assert got.shape == expected.shape, f"{name} has the wrong shape"
            assert np.allclose(got, expected, rtol=1e-4, atol=1e-5), f"{name} has wrong values"

    def gradients(self, module: Any, of: str = "") -> None:
        for name, parameter in module.named_parameters(remove_duplicate=False):
            self(f"gradient of {name}", parameter.grad)

    def spread(self, name: str, value: Any, low: float, high: float) -> None:
        assert draws.spread(value.detach().numpy(), low, high) == self.expected[name], f"{name} is drawn wrongly"

    def alike(self, name: str, tensors: dict[str, Any]) -> None:
        rows = torch.stack([*tensors.values()]).detach().numpy()
        assert draws.alike(rows, list(tensors)) == self.expected[name], f"of {name} others are the same"


def check(test: GradedTest, case: Case) -> None:
    """Run one graded test on the student's files; AssertionError where something is wrong."""
    identifier = test.identifier(case)
    fixtures = {
        "models": Package("models"),
        "given": Given(EXPECTED.seeds[identifier], identifier),
        "show": Show(EXPECTED.outcomes[identifier]),
        **case.arguments,
    }
    test.function()(**fixtures)
