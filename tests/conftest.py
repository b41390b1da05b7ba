"""Graded tests run through the harness; see harness/plugin.py."""

from harness.plugin import (
    given,
    models,
    pytest_addoption,
    pytest_configure,
    pytest_pyfunc_call,
    show,
)

__all__ = [
    "given",
    "models",
    "pytest_addoption",
    "pytest_configure",
    "pytest_pyfunc_call",
    "show",
]
