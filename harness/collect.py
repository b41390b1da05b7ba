"""Turns pytest's items into graded tests, and checks that they keep the rules of graded tests."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.graded import TESTS, Case, GradedTest
from harness.marks import COMMON, Tolerance
from harness.tree import PACKAGES

FIXTURES = {"models", "given", "show"}


class ContractError(Exception):
    """A graded test that breaks a rule of graded tests."""


def is_graded(path: Path) -> bool:
    """Whether a test file is one of the graded ones."""
    return path.is_relative_to(TESTS) and path.relative_to(TESTS).parts[0] in PACKAGES


def from_items(items: Sequence[pytest.Item]) -> list[GradedTest]:
    """Group pytest's items, one for each case, into graded tests, in the order in which they were collected.

    Raises:
        ContractError: names the test that is no plain function of the three fixtures and simple arguments.
    """
    groups: dict[tuple[Path, str], list[pytest.Function]] = {}
    for item in items:
        if isinstance(item, pytest.Function) and is_graded(item.path):
            groups.setdefault((item.path, item.originalname), []).append(item)
    return [_graded(group) for group in groups.values()]


def case_of(item: pytest.Function) -> Case:
    """The case of a parametrized test that an item stands for."""
    callspec = getattr(item, "callspec", None)
    return Case(callspec.id, dict(callspec.params)) if callspec else Case("", {})


def _graded(group: list[pytest.Function]) -> GradedTest:
    item = group[0]
    function = item.obj
    module = item.path.relative_to(TESTS).as_posix()
    where = f"tests/{module}, {item.originalname}"
    cases = tuple(map(case_of, group))
    extra = set(item.fixturenames) - FIXTURES - set(cases[0].arguments) - {"request"}
    if item.cls is not None or extra:
        raise ContractError(f"{where}: a graded test is a plain function of models, given, show; not {extra}")
    if not function.__doc__ or not hasattr(function, "__number__") or not hasattr(function, "__weight__"):
        raise ContractError(f"{where}: a graded test has a docstring, @number and @weight")
    if not function.__weight__ > 0:
        raise ContractError(f"{where}: expected a weight above zero, found {function.__weight__}")
    try:
        json.dumps([dict(case.arguments) for case in cases])
    except TypeError as error:
        raise ContractError(f"{where}: parametrize with numbers, strings and None only ({error})") from None
    return GradedTest(
        module=module,
        name=item.originalname,
        summary=" ".join(function.__doc__.split("\n\n")[0].split()),
        number=function.__number__,
        weight=function.__weight__,
        tolerance=getattr(function, "__tolerance__", Tolerance()),
        steered_by=tuple(getattr(function, "__steered_by__", ())),
        integration=hasattr(function, "__integration__"),
        visibility=getattr(function, "__visibility__", None),
        tags=tuple(getattr(function, "__tags__", ())),
        cases=cases,
        only=getattr(function, "__integration__", {}),
        size_names=getattr(function, "__size_names__", COMMON),
    )
