"""The course: the shipped rubric, what a course lays over it, and checks that need more than the rubric itself.

It imports nothing heavy, so that a mistake in the rubric stops every command within a second.
"""

import ast
import builtins
import contextlib
import fnmatch
import importlib
import importlib.metadata
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from autograder.rubric import Rubric, RubricError

RUBRIC = "autograder/rubric.toml"
VARIABLE = "ASSIGNMENT_RUBRIC"  # in the environment: the path of a rubric that is laid over the shipped one
IMAGE = "autograder/prepare/image/requirements.txt"
OWN = ("models", "theory")  # the packages that students write


def overlay() -> Path | None:
    """The rubric that is laid over the shipped one, if there is one."""
    return Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def name() -> str:
    """What a message calls the course's rubric."""
    return f"{overlay()}, laid over {RUBRIC}" if overlay() else RUBRIC


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
    if complaint := next(chain(_missing_files(root, rubric), _imports(root, rubric)), ""):
        raise RubricError(f"{name()}: {complaint}")


def _missing_files(root: Path, rubric: Rubric) -> Iterator[str]:
    for deliverable in rubric.deliverables:
        for path in (f"tests/{deliverable.tests}", f"solution/{deliverable.file}"):
            if not (root / path).is_file():
                yield f"part[{deliverable.part}].deliverable[{deliverable.id}]: expected {path}, found no such file"


def _imports(root: Path, rubric: Rubric) -> Iterator[str]:
    """What may be imported must be in the image, and what the solution imports must be allowed."""
    key, allowed = "assignment.allowed_imports", rubric.assignment.allowed_imports
    there = {*OWN, *sys.stdlib_module_names, *image_modules(root)}
    for module in allowed:
        if "." in module:
            yield f"{key}: expected modules without dots, which allow all that is in them, found {module!r}"
        if module not in there:
            expected = f"modules of Python or of a package in {IMAGE}"
            yield f"{key}: expected {expected}, found {module!r}; add its package there and to requirements.txt"
    for path in dict.fromkeys(deliverable.file for deliverable in rubric.deliverables):
        try:
            imported = [*_imported((root / "solution" / path).read_bytes())]
        except (SyntaxError, ValueError) as error:
            yield f"expected Python in solution/{path}, found: {error}"
            continue
        for line, module in imported:
            if module not in (*allowed, *OWN, "__future__"):
                yield f"{key}: expected {module!r} too, which solution/{path}:{line} imports"


def image_modules(root: Path) -> set[str]:
    """The modules that the image's packages bring; of packages that are not installed here, their own names."""
    try:
        text = (root / IMAGE).read_text(encoding="utf-8")
    except OSError as error:
        raise RubricError(f"{IMAGE}: expected what the image installs, found: {error.strerror}") from None
    packages = {"torch", *map(_normal, re.findall(r"(?m)^([\w.-]+)", text))}
    provided = importlib.metadata.packages_distributions()
    modules = {module for module, names in provided.items() if packages.intersection(map(_normal, names))}
    return modules | {package.replace("-", "_") for package in packages}


def _normal(package: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def _imported(source: bytes) -> Iterator[tuple[int, str]]:
    """Line and first name of each absolute import."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def check_refused(rubric: Rubric) -> None:
    """Demand that each pattern of refused names matches a name that exists. Imports what may be imported.

    Raises:
        RubricError: names the pattern, or a module that cannot be imported.
    """
    modules = [name for name in rubric.assignment.allowed_imports if name not in OWN]
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            why = f"{module!r} cannot be imported here ({error}); install its package"
            raise RubricError(f"{name()}: assignment.allowed_imports: {why}") from None
    known = {*dir(builtins), *_names(modules)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old names warn when they are looked at
        for deliverable in rubric.deliverables:
            for pattern in deliverable.refused:
                if not _matches(pattern, known) and not _matches(pattern, _attributes(modules)):
                    where = f"part[{deliverable.part}].deliverable[{deliverable.id}].refused"
                    raise RubricError(f"{name()}: {where}: expected names that exist, found {pattern!r}")


def _matches(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern matches one of the names, after the module that it begins with was imported."""
    literal = pattern.partition("*")[0].partition("?")[0].rpartition(".")[0]
    with contextlib.suppress(ImportError, ValueError):
        importlib.import_module(literal)
    matches = re.compile(fnmatch.translate(pattern)).match
    return any(matches(name) for name in names) or any(matches(name) for name in _names([literal]))


def _names(modules: Iterable[str]) -> Iterator[str]:
    """The modules that are imported in some packages, and what is in them."""
    for name, module in [*sys.modules.items()]:
        if module is not None and any(name == top or name.startswith(f"{top}.") for top in modules):
            yield name
            yield from (f"{name}.{word}" for word in dir(module))


def _attributes(modules: Iterable[str]) -> Iterator[str]:
    """What is in the classes of these modules."""
    for name in [*_names(modules), *dir(builtins)]:
        module, _, word = name.rpartition(".")
        value = getattr(sys.modules.get(module or "builtins"), word, None)
        if isinstance(value, type):
            yield from (f"{name}.{attribute}" for attribute in dir(value))
