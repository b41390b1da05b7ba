"""Finds the parameters that a graded test module gives by name, which students therefore cannot rename."""

import ast
from collections.abc import Iterable, Sequence

NEVER_A_STUDENTS = ("given", "show", "torch", "nn", "F")  # calls on these call no code of a student


def given_by_name(source: bytes, parameters: Iterable[str]) -> list[str]:
    """Those of some parameters that a test module gives by name, in their order.

    The names come from all calls, such as `model(x, max_length=4)`, and from dictionaries that a call unpacks, such as
    `Model(**others)`. Calls on `given`, `show` and torch do not count, and neither do parameters of the module's own
    functions. Names that such a function takes as `**options` count, because it passes them on.
    """
    names: set[str] = set()
    nodes = list(ast.walk(ast.parse(source)))
    own = {node.name: _parameters(node.args) for node in nodes if isinstance(node, ast.FunctionDef)}
    literals = {ast.unparse(node.targets[0]): node.value for node in nodes if isinstance(node, ast.Assign)}
    for call in nodes:
        if isinstance(call, ast.Call) and ast.unparse(call.func).partition(".")[0] not in NEVER_A_STUDENTS:
            given = {name for keyword in call.keywords for name in _names(keyword, literals)}
            names |= given.difference(own.get(ast.unparse(call.func), ()))
    return [name for name in dict.fromkeys(parameters) if name in names]


def _parameters(arguments: ast.arguments) -> Sequence[str]:
    return [argument.arg for argument in (*arguments.args, *arguments.kwonlyargs)]


def _names(keyword: ast.keyword, literals: dict[str, ast.expr]) -> list[str]:
    """The names that a keyword or an unpacked dictionary of a call gives."""
    if keyword.arg:
        return [keyword.arg]
    literal = literals.get(ast.unparse(keyword.value))
    keys = literal.keys if isinstance(literal, ast.Dict) else []
    return [str(key.value) for key in keys if isinstance(key, ast.Constant)]
