"""The names of one file, and what they stand for through its imports."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from harness.submission.limits import MAX_MEANINGS, MAX_TEXT
from harness.submission.namespaces import is_namespace
from harness.submission.syntax import DEFINITIONS, bindings, chain_of, rebound_names, statements

# Functions that Python calls when a class is made or a module is asked for a name.
RUN_BY_PYTHON = {
    "__init_subclass__",
    "__set_name__",
    "__class_getitem__",
    "__mro_entries__",
    "__prepare__",
    "__getattr__",
}


class Use(NamedTuple):
    """A name that the code uses, as spelled, and the dotted names that it may stand for ("?" is any object).

    Attributes:
        base: what stands before the last dot.
        own: "name" for an attribute that the file's own objects may have, "me" for one of a method's own object.
        called: "()" or "(...)", without or with arguments.
        text: a string, which is a name only to code that looks names up.
        loose: hands on a whole namespace. From there on any object may be that namespace.
    """

    node: ast.AST
    line: int
    spelled: str
    dotted: tuple[str, ...]
    base: ast.AST | None = None
    own: str = ""
    called: str = ""
    text: bool = False
    loose: bool = False


class Place(NamedTuple):
    """Where a piece of syntax stands.

    Attributes:
        late: it runs only when a function is called.
        role: "dot" before a dot, "()" or "(...)" where it is called, "type" in an annotation, "" for a value.
        local: the names of the functions around it.
        me: the first parameter of the method around it.
        in_class: a class is made of it.
        at_once: methods here may run when their class is made.
    """

    late: bool = False
    role: str = ""
    local: tuple[frozenset[str], ...] = ()
    me: str = ""
    in_class: bool = False
    at_once: bool = False

    def has(self, name: ast.expr) -> bool:
        """Whether a name is local to one of the functions around it."""
        return isinstance(name, ast.Name) and any(name.id in names for names in self.local)


class Alias(NamedTuple):
    """What an import or an assignment makes a name stand for; `at_top` for an import that always runs."""

    line: int
    dotted: str
    at_top: bool = False


class Names:
    """Resolves the names of one file through its imports."""

    def __init__(self, body: Sequence[ast.stmt], nodes: Sequence[ast.AST], path: str) -> None:
        self.bound = bindings(body)
        self.imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
        self.aliases: dict[str, list[Alias]] = {}
        top = set(body)
        for node in self.imports:
            for name, dotted in _imported(node, path):
                self.aliases.setdefault(name, []).append(Alias(node.lineno, dotted, node in top))
        self.aliased: set[ast.expr] = set()
        self._follow_assignments(nodes)
        deleted = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)}
        always = bindings(node for node in body if isinstance(node, (*DEFINITIONS, ast.Assign)))
        self._own = {name: node for name, node in always.items() if name not in deleted}
        self.rebound = rebound_names(nodes)
        self._words, self._beginnings = _own_words(nodes, {node.name for node in body if isinstance(node, DEFINITIONS)})
        self.eager = any(self._is_eager(node) for node in nodes)
        self._first_call = min((node.lineno for node in body if _calls(node)), default=sys.maxsize)

    def _follow_assignments(self, nodes: Iterable[ast.AST]) -> None:
        """Treat `nn = torch.nn` as an import, except in a class, where it makes an attribute."""
        in_class = {inner for node in nodes if isinstance(node, ast.ClassDef) for inner in statements(node.body)}
        room = MAX_MEANINGS
        for node in nodes:
            if isinstance(node, ast.Assign) and node not in in_class:
                root, words, _ = chain_of(node.value)
                aliases = self.aliases.get(root.id, []) if isinstance(root, ast.Name) else []
                named = [target.id for target in node.targets if isinstance(target, ast.Name)]
                dotted = [".".join([alias.dotted, *words]) for alias in aliases]
                new = [Alias(node.lineno, meaning) for meaning in dotted if is_namespace(meaning)]
                room -= sum(len(alias.dotted) for alias in new) * len(named)
                if new and len(named) == len(node.targets) and room >= 0:
                    self.aliased.add(node.value)
                    for name in named:
                        self.aliases.setdefault(name, []).extend(new)

    def _is_eager(self, node: ast.AST) -> bool:
        """Whether Python may call functions that no code calls: when it makes a class or looks up a module's name."""
        if isinstance(node, ast.ClassDef):
            made_by = [chain_of(keyword.value).root for keyword in node.keywords]
            return not all(isinstance(root, ast.Name) and root.id in self.aliases for root in made_by)
        return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in RUN_BY_PYTHON

    def has(self, word: str) -> bool:
        """Whether the file gives its own objects an attribute of this name."""
        return word in self._words or word.startswith(self._beginnings)

    def resolve(self, name: ast.Name, place: Place) -> tuple[str, ...]:
        """The dotted names that a bare name stands for: none for the file's own, itself for a builtin."""
        aliases = self.aliases.get(name.id, [])
        if place.has(name):
            return tuple(alias.dotted for alias in aliases)
        builtin = [] if any(alias.at_top for alias in aliases) else [name.id]
        stars = self.aliases.get("*", [])
        aliases = aliases + [Alias(star.line, f"{star.dotted}.{name.id}", star.at_top) for star in stars]
        own = self._own.get(name.id)
        if own and self._hides(own, name, place):
            return tuple(alias.dotted for alias in aliases if not alias.at_top or alias.line > own.lineno)
        return (*builtin, *(alias.dotted for alias in aliases))

    def _hides(self, own: ast.stmt, name: ast.Name, place: Place) -> bool:
        """Whether a name here means a top-level definition of the file and no import above it."""
        if place.late and own.lineno < self._first_call:
            return True
        start = (own.body[0].lineno, own.body[0].col_offset) if isinstance(own, DEFINITIONS) else (own.lineno + 1, 0)
        return (name.lineno, name.col_offset) >= start

    def handed_on(self, name: str) -> Use:
        """What another file gets if it imports this name from here, where this file has imported it, too."""
        aliases = self.aliases.get(name, []) + self.aliases.get("*", [])
        node = ast.Name(name, ast.Load(), lineno=sys.maxsize, col_offset=0)  # as the end of the file sees it
        dotted = tuple(meaning for meaning in self.resolve(node, Place()) if aliases and meaning != name)
        return Use(node, aliases[0].line if aliases else 1, name, dotted, loose=any(map(is_namespace, dotted)))

    def origin(self, use: Use, dotted: str) -> int:
        """The line of the import through which a use has this meaning."""
        aliases = self.aliases.get(use.spelled.split(".")[0], []) + self.aliases.get("*", [])
        return next((alias.line for alias in aliases if dotted.startswith(alias.dotted)), use.line)


def _own_words(nodes: Iterable[ast.AST], classes: Collection[str]) -> tuple[set[str], tuple[str, ...]]:
    """The names that a file gives to attributes of its own objects, and beginnings of such names (f"W_{gate}").

    No object has a top-level class of the file as an attribute, so a string with its name does not count.
    """
    words: set[str] = set()
    beginnings: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            words.update(bindings(node.body))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            words.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            words.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= MAX_TEXT:
            words.update(set(re.findall(r"\w+", node.value)).difference(classes))
        elif isinstance(node, ast.JoinedStr):
            pieces = (part.value for part in node.values if isinstance(part, ast.Constant))
            beginnings.update(piece for piece in pieces if isinstance(piece, str) and piece.isidentifier())
    return words, tuple(beginnings)


def _calls(statement: ast.stmt) -> bool:
    """Whether a statement may call something when its file is imported."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call) or getattr(node, "decorator_list", []) or getattr(node, "keywords", []):
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack += node.args.defaults + [default for default in node.args.kw_defaults if default]
        else:
            stack += ast.iter_child_nodes(node)
    return False


def _imported(node: ast.Import | ast.ImportFrom, path: str) -> Iterator[tuple[str, str]]:
    """The names that an import binds and what they stand for; "*" stands for the module."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            top = alias.name.split(".")[0]
            yield alias.asname or top, alias.name if alias.asname else top
        else:
            module = imported_module(node, path)
            yield alias.asname or alias.name, module if alias.name == "*" else f"{module}.{alias.name}"


def imported_module(node: ast.ImportFrom, path: str) -> str:
    """The absolute name of the module that a file at this path imports from."""
    package = PurePosixPath(path).parts[: -node.level] if node.level else ()
    return ".".join([*package, *([node.module] if node.module else [])])
