"""Which modules a file may import, and with which statements."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from harness.contract import Assignment
from harness.submission.findings import FileReport
from harness.submission.names import Names, imported_module
from harness.words import joined, shorten


def check_imports(names: Names, report: FileReport) -> None:
    """Report imports of modules that do not exist in grading: all but the allowed ones and the listed files."""
    listed = listed_modules(report.assignment)
    packages = packages_of(report.assignment)
    allowed = {"__future__", *report.assignment.allowed_imports} - {"models"}
    handed_out = report.assignment.imports_of.get(report.path)
    for node in names.imports:
        faults = [*_refused(node, report, allowed, listed, packages)]
        if not faults and handed_out is not None:
            words = "was not handed out with this file. Here imports stay exactly as they were; delete it."
            faults = [f"`{shorten(line)}` {words}" for line in statements(node) if line not in handed_out]
        for fault in faults:
            report.fault("import", node.lineno, fault)


def _refused(
    node: ast.Import | ast.ImportFrom,
    report: FileReport,
    allowed: Collection[str],
    listed: Collection[str],
    packages: Collection[str],
) -> Iterator[str]:
    """Why modules of an import do not exist in grading, and what to do."""
    for module in needed_modules(node, report.path, packages):
        top = module.split(".")[0]
        if top in allowed or module in listed or module in packages:
            continue
        own = [name for name in listed if name.endswith(f".{module}")]
        if own:
            advice = f"is not found in grading. Import it as {own[0]}."
        elif top == "models":
            advice = "is not handed in. Move its code into the file that needs it."
        else:
            advice = f"may not be imported. Delete the line{_choice(report.assignment.allowed_imports)}."
        yield f"{shorten(module)} {advice}"


def statements(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """An import written out, with one name in each statement."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield ast.unparse(ast.Import([alias]))
        else:
            yield ast.unparse(ast.ImportFrom(node.module, [alias], node.level))


def _choice(allowed: Iterable[str]) -> str:
    """What may be imported, in words: first the packages that do not belong to Python, which people look for."""
    names = [name for name in allowed if name not in ("__future__", "models")]
    outside = joined(name for name in names if name not in sys.stdlib_module_names)
    inside = ", ".join(name for name in names if name in sys.stdlib_module_names)
    if outside and inside:
        return f" or do with {outside}, and from Python: {inside}"
    return f" or do with {outside or inside}" if outside or inside else ""


def packages_of(assignment: Assignment) -> set[str]:
    """The dotted names of the folders that hold the listed files."""
    folders = (folder for path in assignment.files for folder in PurePosixPath(path).parents)
    return {".".join(folder.parts) for folder in folders if folder.parts}


def listed_modules(assignment: Assignment) -> dict[str, str]:
    """The dotted names of the listed files, and their paths."""
    return {module_of(path): path for path in assignment.files}


def module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def needed_modules(node: ast.Import | ast.ImportFrom, path: str, packages: Collection[str]) -> list[str]:
    """The modules that an import needs; `from package import name` needs package.name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = imported_module(node, path)
    if module in packages:
        return [module if alias.name == "*" else f"{module}.{alias.name}" for alias in node.names]
    return [module or "." * node.level]
