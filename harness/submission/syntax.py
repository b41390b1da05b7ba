"""Questions about pieces of Python's syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from harness.submission.limits import MAX_TEXT

OLDEST = (3, 11)  # newer syntax fails where grading runs on this version
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements of a body, also those in if, try, with and loops, but not those in functions and classes."""
    stack: list[ast.AST] = [*body]
    stack.reverse()
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, (*DEFINITIONS, ast.expr)):
            stack += list(ast.iter_child_nodes(node))[::-1]


def bindings(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """The names that a body binds by definition, import or assignment -> the last statement that binds each."""
    bound: dict[str, ast.stmt] = {}
    for statement in statements(body):
        if isinstance(statement, DEFINITIONS):
            bound[statement.name] = statement
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            bound.update({alias.asname or alias.name.split(".")[0]: statement for alias in statement.names})
        else:
            bound.update({node.id: statement for node in _targets(statement) if isinstance(node, ast.Name)})
    return bound


def _targets(statement: ast.stmt) -> list[ast.AST]:
    """The names, attributes and items that an assignment sets."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets += [statement.target] if isinstance(statement, ast.AnnAssign) else []
    nodes = (node for target in targets for node in ast.walk(target))
    return [node for node in nodes if isinstance(getattr(node, "ctx", None), ast.Store)]


def stored_names(body: Iterable[ast.AST]) -> tuple[set[str], set[str]]:
    """The names that code binds outside inner functions and comprehensions, and its global and nonlocal ones."""
    bound: set[str] = set()
    elsewhere: set[str] = set()
    stack = [*body]
    while stack:
        node = stack.pop()
        if isinstance(node, DEFINITIONS):
            bound.add(node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            elsewhere.update(node.names)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bound.add(node.rest)
        if not isinstance(node, (*DEFINITIONS, ast.Lambda, *COMPREHENSIONS)):
            stack += ast.iter_child_nodes(node)
    return bound, elsewhere


def rebound_names(nodes: Iterable[ast.AST]) -> set[str]:
    """All names that anything but an import binds, in any scope."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif not isinstance(node, ast.alias):
            bound = (getattr(node, word, None) for word in ("name", "arg", "rest"))
            names.update(name for name in bound if isinstance(name, str))
    return names


def in_comprehension(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Iterator[ast.AST]:
    """All parts of a comprehension but its first iterable, the only one that does not see its names."""
    for number, generator in enumerate(node.generators):
        yield from [generator.target, *generator.ifs, *([generator.iter] if number else [])]
    yield from [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]


def all_arguments(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.arg]:
    arguments = function.args
    others = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *others]


class Chain(NamedTuple):
    """`a.b.c` or `getattr(a.b, "c")`: its first expression, the words after that, and further arguments of getattr."""

    root: ast.expr
    words: list[str]
    beside: list[ast.AST]


def chain_of(node: ast.expr) -> Chain:
    """Take a dotted name apart; other code gives a chain without words."""
    words: list[str] = []
    beside: list[ast.AST] = []
    while True:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            words.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call) and (word := _asked(node)):
            words.append(word)
            beside += node.args[2:]
            node = node.args[0]
        else:
            return Chain(node, words[::-1], beside)


def _asked(node: ast.Call) -> str:
    """The attribute that a `getattr` asks for by a literal string, else ""."""
    asks = isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) > 1
    word = node.args[1] if asks else None
    return word.value if isinstance(word, ast.Constant) and isinstance(word.value, str) else ""


def last_word(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def parsed_annotation(text: ast.Constant) -> list[ast.expr]:
    """Parse an annotation that is written as a string; [] where it cannot be parsed."""
    try:
        tree = ast.parse(str(text.value)[:MAX_TEXT].strip(), mode="eval", feature_version=OLDEST).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.lineno = text.lineno
    return [tree]
