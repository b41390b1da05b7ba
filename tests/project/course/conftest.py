"""The contract of what is graded in these tests, and Debian's chromium for those that click in pages."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from harness.contract import Assignment
from tests.project.conftest import ROOT


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    return Assignment.load(ROOT / "student" / "assignment.json")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all tests of a file: while it is open, nothing else in this process can run an event loop."""
    from playwright.sync_api import sync_playwright  # not above: only tests that need chromium need it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()
