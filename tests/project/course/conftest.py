"""The contract, for what is graded in these tests."""

import pytest

from harness.contract import Assignment
from tests.project.conftest import ROOT


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    return Assignment.load(ROOT / "student" / "assignment.json")
