"""Errors name the package that is missing; the maps in __init__.py name every file of the workbench."""

import ast
import re
from pathlib import Path

from workbench.errors import PACKAGES, explained

FOLDER = Path(__file__).resolve().parents[3] / "workbench"


def test_docstrings_of_packages_list_every_module_and_no_other():
    """Of the package, and of each of its folders; that of the package lists the folders that are no parts."""
    maps = [FOLDER / "__init__.py", *FOLDER.glob("*/__init__.py")]
    assert len(maps) > 1
    for path in maps:
        words = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        named = set(re.findall(r"\b\w+\.py\b", words))
        files = {module.name for module in path.parent.glob("*.py")} - {"__init__.py", "__main__.py"}
        assert named == files, path
    folders = {path.parent.name for path in FOLDER.glob("*/__init__.py") if not (path.parent / "part.py").exists()}
    assert set(re.findall(r"\b(\w+)/ ", ast.get_docstring(ast.parse(maps[0].read_text("utf-8"))) or "")) == folders


def test_every_package_that_is_required_is_explained_when_it_is_missing():
    imported = {"markdown-it-py": "markdown_it", "scikit-learn": "sklearn"}
    not_ours = {"pytest", "gradescope-utils"}  # which only tests and grading import
    required = re.findall(r"^([\w-]+)==", (FOLDER.parent / "requirements.txt").read_text(), re.MULTILINE)
    assert len(required) > 5
    for name in set(required) - not_ours:
        module = imported.get(name, name)
        assert module in PACKAGES
        error = ModuleNotFoundError(f"No module named {module!r}", name=f"{module}.part")
        assert explained(error).startswith(f"{module} is not installed; run: pip install -r ")
    assert explained(ModuleNotFoundError("No module named 'modles'", name="modles")) is None
