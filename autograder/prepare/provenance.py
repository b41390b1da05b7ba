"""Records what stored answers were made from, so that only those whose sources have changed are made again.

Each graded test module has a record: what its answers and hints depend on, by name, with a digest or a version.

    solution/models/naive/LSTM.py                      the file outside of its functions
    solution/models/naive/LSTM.py::LSTM.forward        a function that ran when the answers were made
    tests/models/naive/test_LSTM.py, harness/given.py  the tests, and what they and the makers of answers import
    autograder/prepare/misconceptions/naive.LSTM.toml
    torch

Digests are of what Python reads: comments, docstrings and layout change none.
"""

import ast
import hashlib
import importlib.metadata
import json
import sys
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import Any

from autograder.prepare.files import replace

NOTE = "made_from.json"
MAKERS = ("harness/answers.py", "harness/hints.py", "harness/judge.py", "harness/run.py")  # make, compare and sketch
QUALITY = "autograder/prepare/quality.py"  # measures the misconceptions
PACKAGES = ("harness", "tests")  # whose modules are looked into
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Record = Mapping[str, str]


@contextmanager
def traced(tree: Path) -> Iterator[set[str]]:
    """Note which functions of a tree run ("models/naive/LSTM.py::LSTM.forward"), and the names of imported files.

    A function inside another one counts as the outer one.
    """
    ran: set[str] = set()
    codes: set[Any] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        codes.add(frame.f_code)

    before = sys.gettrace()
    sys.settrace(note)
    try:
        yield ran
    finally:
        sys.settrace(before)
        for code in codes:
            path = Path(code.co_filename)
            if path.is_relative_to(tree):
                name = path.relative_to(tree).as_posix()
                ran |= {name, f"{name}::{code.co_qualname.partition('.<locals>')[0]}"}


def record(root: Path, module: str, misconceptions: Path, ran: Iterable[str]) -> Record:
    """What a module's answers and hints depend on, as it is now.

    Args:
        root: the repository.
        module: a graded test module, relative to tests/.
        misconceptions: those of its deliverable, relative to the repository.
        ran: what `traced` has noted while its answers were made.
    """
    made_from = {"torch": importlib.metadata.version("torch").partition("+")[0]}
    for name in sorted(ran):
        path, _, function = name.partition("::")
        parts = _read(root / "solution" / path).parts
        if function in parts:  # neither a class's body nor a lambda, which belong to the file's own code
            made_from[f"solution/{name}"] = parts[function]
    for path in (QUALITY, *_closure(root, (f"tests/{module}", *MAKERS))):
        made_from[path] = _read(root / path).digest
    catalogue = root / misconceptions
    entries = catalogue.read_text(encoding="utf-8") if catalogue.is_file() else ""
    made_from[misconceptions.as_posix()] = _digest_of_entries(entries)
    return made_from


def ran_for(made_from: Record) -> list[str]:
    """The functions and files that `traced` has noted for a record."""
    return [name.removeprefix("solution/") for name in made_from if name.startswith("solution/")]


def changed(then: Record, now: Record) -> list[str]:
    """The names of what differs between two records; what is gone by now counts as well."""
    return [name for name in sorted(then.keys() | now.keys()) if then.get(name) != now.get(name)]


def read(folder: Path) -> dict[str, Record]:
    """The records of the answers in a folder, by module; none where there are none."""
    path = folder / NOTE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def note(folder: Path, records: Mapping[str, Record]) -> None:
    """Store the records beside the answers in a folder."""
    replace(folder / NOTE, (json.dumps(records, indent=1, sort_keys=True) + "\n").encode())


def _digest(content: Any) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Source:
    """The digests and imports of a Python file.

    Attributes:
        digest: of all of it.
        parts: the digests of functions and methods by qualified name; of all that is outside of them by "".
        imports: the names of modules in import statements, wherever they stand, and of what is imported from them.
    """

    digest: str
    parts: Mapping[str, str]
    imports: Collection[str]


def _read(path: Path) -> Source:
    return _source(path.read_bytes() if path.is_file() else b"")


@lru_cache(maxsize=256)
def _source(content: bytes) -> Source:
    tree = ast.parse(content)
    return Source(_digest(_canonical(tree)), _parts(tree), _imports(tree))


def _parts(tree: ast.Module) -> dict[str, str]:
    functions: dict[str, list[Any]] = {}

    def outside(body: Iterable[ast.stmt], inside: str) -> Any:
        """The statements of a module or a class without its functions."""
        rest: list[Any] = []
        for statement in body:
            if isinstance(statement, FUNCTIONS):
                functions.setdefault(inside + statement.name, []).append(_canonical(statement))
            elif isinstance(statement, ast.ClassDef):
                head = _canonical([*statement.bases, *statement.keywords, *statement.decorator_list])
                rest.append((statement.name, head, outside(statement.body, f"{inside}{statement.name}.")))
            elif not _is_docstring(statement):
                rest.append(_canonical(statement))
        return rest

    outside_functions = outside(tree.body, "")
    return {name: _digest(content) for name, content in functions.items()} | {"": _digest(outside_functions)}


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.split(".")[0] in PACKAGES}


def _is_docstring(statement: ast.AST) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _canonical(node: Any) -> Any:
    """What a node says, the same for every version of Python: no places, no docstrings and no empty fields."""
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields if name not in ("ctx", "kind"))
        return type(node).__name__, [(name, _canonical(value)) for name, value in fields if value not in (None, [])]
    if isinstance(node, list):
        return [_canonical(item) for item in node if not _is_docstring(item)]
    return node


@lru_cache(1 << 10)
def _digest_of_entries(text: str) -> str:
    """Of a file of misconceptions as it is understood; of its text where it is not."""
    try:
        return _digest(tomllib.loads(text).get("misconception"))
    except tomllib.TOMLDecodeError:
        return _digest(text)


def _closure(root: Path, paths: Iterable[str]) -> list[str]:
    """The files among harness/ and tests/ that some files import, directly or not, and these files."""
    closure: set[str] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in closure:
            closure.add(path)
            for name in _read(root / path).imports:
                module = name.replace(".", "/")
                waiting += [file for file in (f"{module}.py", f"{module}/__init__.py") if (root / file).is_file()]
    return sorted(closure)
