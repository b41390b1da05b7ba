"""A repository that a test may change."""

from pathlib import Path

import pytest

from tests.project.prepare.copied import copy_into


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return copy_into(tmp_path)
