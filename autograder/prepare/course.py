"""The course: the shipped rubric, what a course lays over it, and checks that need more than the rubric itself.

It imports nothing heavy, so that a mistake in the rubric stops every command within a second.
"""

import ast
import fnmatch
import importlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from autograder.rubric import Deliverable, Rubric, RubricError

RUBRIC = "autograder/rubric.toml"
VARIABLE = "ASSIGNMENT_RUBRIC"  # in the environment: the path of a rubric that is laid over the shipped one
IMAGE = "autograder/prepare/image/requirements.txt"
OWN = ("models", "theory")  # the packages that students write


def overlay() -> Path | None:
    """The rubric that is laid over the shipped one, if there is one."""
    return Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def load(root: Path) -> Rubric:
    """The course's rubric.

    Raises:
        RubricError: for a mistake in one of the two files.
    """
    return Rubric.load(root / RUBRIC, overlay())


def check(root: Path) -> None:
    """Demand that all files of the rubric's deliverables are there and that imports are what grading can import.

    Raises:
        RubricError: names the first mistake, and what to do.
    """
    rubric = load(root)
    for complaint in chain(_missing_files(root, rubric), _imports(root, rubric)):
        raise RubricError(f"{overlay() or RUBRIC}: {complaint}")


def _missing_files(root: Path, rubric: Rubric) -> Iterator[str]:
    for deliverable in rubric.deliverables:
        for path in (f"tests/{deliverable.tests}", f"solution/{deliverable.file}"):
            if not (root / path).is_file():
                yield f"part[{deliverable.part}].deliverable[{deliverable.id}]: expected {path}, found no such file"


def _imports(root: Path, rubric: Rubric) -> Iterator[str]:
    """What may be imported must be in the image, and what the solution imports must be allowed."""
    key, allowed = "assignment.allowed_imports", rubric.assignment.allowed_imports
    there = {*OWN, *sys.stdlib_module_names, *image_modules(root)}
    for name in allowed:
        if name.partition(".")[0] not in there:
            yield f"{key}: expected modules of Python or of a package in {IMAGE}, found {name!r}; add its package there"
    for path in dict.fromkeys(deliverable.file for deliverable in rubric.deliverables):
        for line, name in _imported(root / "solution" / path):
            if name not in (*allowed, *OWN, "__future__"):
                yield f"{key}: expected {name!r} too, which solution/{path}:{line} imports"


def image_modules(root: Path) -> set[str]:
    """The modules that the image's packages bring."""
    text = (root / IMAGE).read_text(encoding="utf-8")
    packages = {"torch", *re.findall(r"(?m)^([\w.-]+)", text)}
    provided = importlib.metadata.packages_distributions()
    return {module for module, names in provided.items() if packages.intersection(names)} | packages


def _imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and first name of each absolute import."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def check_refused(rubric: Rubric) -> None:
    """Demand that each pattern of refused names matches a name that exists. Imports what may be imported.

    Raises:
        RubricError: names the pattern.
    """
    for name in rubric.assignment.allowed_imports:
        if name not in OWN:
            importlib.import_module(name)
    modules = {name: module for name, module in sys.modules.items() if module is not None}
    names = {name for module in modules for name in (module, *(f"{module}.{word}" for word in dir(modules[module])))}
    for deliverable in rubric.deliverables:
        for pattern in _unmatched(deliverable, names):
            where = f"part[{deliverable.part}].deliverable[{deliverable.id}].refused"
            raise RubricError(f"{overlay() or RUBRIC}: {where}: expected names that exist, found {pattern!r}")


def _unmatched(deliverable: Deliverable, names: set[str]) -> Iterator[str]:
    for pattern in deliverable.refused:
        if not fnmatch.filter(names, pattern):
            yield pattern
