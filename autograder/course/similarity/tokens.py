"""The code of a submission as sequences of tokens that cheap disguises do not change.

Tokens are the words of a syntax tree in postfix order, one sequence for each function: what is computed, called and
decided. Left out is what a copier changes without thinking: names that the submission itself binds, temporary
variables, comments, docstrings, annotations, texts, layout, the order of functions, of keyword arguments and of the
operands of `+`, `*`, `and`, `==` and the like. `x += y` reads as `x = x + y`, `b > a` as `a < b`, a comprehension as
the loop that appends, `x.relu()` as `torch.relu(x)`, and `with torch.no_grad():` as the decorator.
"""

import ast
import builtins
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from harness.submission.encoding import read_source
from harness.submission.source import Source
from harness.submission.syntax import DEFINITIONS

LARGEST = 128 << 10  # bytes of a file that are read; only the code of a notebook can have more than 64 KiB
SMALL = 10  # integers up to this size stay what they are
BUILTINS = frozenset(dir(builtins))
DEFINITION = re.compile(r"[ \t]*(@|(async[ \t]+)?def[ \t]|class[ \t])")
TEXT = re.compile(r"(\"\"\"|''')[\s\S]*?\1")  # a docstring
WORD = re.compile(r"\w+|[^\w\s]")
REVERSED = {ast.Gt: "Lt", ast.GtE: "LtE"}
ORDERLESS = (ast.Eq, ast.NotEq)
COMMUTATIVE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Token(NamedTuple):
    """A word, and the line that it comes from, counted from 1."""

    word: str
    line: int


Unit = list[Token]  # of one function, or of the statements of a class or a file outside its functions


def units(files: Mapping[str, bytes], fixed: frozenset[str] = frozenset()) -> dict[str, list[Unit]]:
    """The tokens of each file of a submission. Never raises, whatever the bytes.

    Args:
        fixed: names that the handout binds; no copier can change them, so they stay.
    """
    pieces = {path: list(_pieces(content)) for path, content in files.items()}
    bound = frozenset(_bound(node for parts in pieces.values() for part in parts for node in part.nodes)) - fixed
    return {path: [unit for part in parts for unit in part.units(bound) if unit] for path, parts in pieces.items()}


def handed_out(files: Mapping[str, bytes]) -> frozenset[str]:
    """The names that a handout binds: attributes, definitions, and the words of its classes' docstrings."""
    nodes = [node for content in files.values() for part in _pieces(content) for node in part.nodes]
    texts = [ast.get_docstring(node) or "" for node in nodes if isinstance(node, ast.ClassDef)]
    return frozenset(_bound(nodes)) | frozenset(re.findall(r"\w+", " ".join(texts)))


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


class _Piece(NamedTuple):
    """A file, or a part of one that cannot be parsed as a whole.

    Attributes:
        body: its statements; empty where it cannot be parsed, and then `text` is all that there is.
        before: the number of lines before it.
    """

    body: Sequence[ast.stmt]
    nodes: Sequence[ast.AST]
    text: str
    before: int

    def units(self, bound: frozenset[str]) -> Iterator[Unit]:
        if not self.body:
            yield _words(self.text, self.before)
            return
        imports = [node for node in self.nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
        imported = {alias.asname or alias.name.split(".")[0]: alias.name for node in imports for alias in node.names}
        yield _Walker(imported, bound, self.before).tokens_of(self.body)
        for node in self.nodes:
            if isinstance(node, DEFINITIONS):
                decorators = node.decorator_list if isinstance(node, FUNCTIONS) else []
                yield _Walker(imported, bound, self.before).tokens_of(node.body, decorators)


def words(files: Mapping[str, bytes]) -> Iterator[Unit]:
    """The units of files as they would be if none of them could be parsed."""
    for content in files.values():
        for text, before in _parts(_text(content)):
            yield _words(text, before)


def _text(content: bytes) -> str:
    return read_source(content[:LARGEST]).replace("\0", " ")


def _pieces(content: bytes) -> Iterator[_Piece]:
    """A file as a whole if it can be parsed, else function by function."""
    text = _text(content)
    source = Source.parse(text)
    if not (source.error or source.excess):
        yield _piece(source, "", 0)
        return
    for part, before in _parts(text):
        yield _piece(Source.parse(textwrap.dedent(part)), part, before)


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """The text from each definition to the next, and the number of lines before it."""
    lines = text.split("\n")
    starts = [
        number
        for number, line in enumerate(lines)
        if (found := DEFINITION.match(line))
        and not (number and lines[number - 1].lstrip().startswith("@") and found[1] != "@")
    ]
    for start, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        yield "\n".join(lines[start:end]), start


def _piece(source: Source, text: str, before: int) -> _Piece:
    body = () if source.error or source.excess else source.body + source.script
    return _Piece(body, [node for statement in body for node in ast.walk(statement)], text, before)


def _words(text: str, before: int) -> Unit:
    """Mere words of what cannot be parsed, without docstrings and comments; all names are the same word."""
    text = TEXT.sub(lambda found: "\n" * found[0].count("\n"), text)
    return [
        Token(f"?{word if word in BUILTINS or not word.isidentifier() else 'name'}", number)
        for number, line in enumerate(text.split("\n"), before + 1)
        for word in WORD.findall(line.partition("#")[0])
    ]


class _Walker:
    """Writes down the tokens of syntax trees. Source.parse has limited their depth.

    A local name leaves no token, so `x = f(y); return g(x)` reads as `return g(f(y))`.
    """

    def __init__(self, imported: Mapping[str, str], bound: frozenset[str], before: int) -> None:
        self._imported, self._bound, self._before = imported, bound, before
        self._tokens: Unit = []
        self._line = 0

    def tokens_of(self, body: Sequence[ast.stmt], decorators: Sequence[ast.expr] = ()) -> Unit:
        """The tokens of a body without its docstring and without functions and classes in it."""
        for decorator in decorators:
            self._walk(decorator)
            self._say("with")
        self._block(body)
        return self._tokens

    def _say(self, word: str) -> None:
        self._tokens.append(Token(word, self._line + self._before))

    def _walk(self, node: ast.AST) -> None:
        self._line = getattr(node, "lineno", self._line)
        visit = getattr(self, f"_{type(node).__name__}", None)
        if visit is not None:
            visit(node)
        else:
            self._all(ast.iter_child_nodes(node))
            if isinstance(node, (ast.stmt, ast.expr)):
                self._at(node, type(node).__name__)

    def _all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self._walk(node)

    def _at(self, node: ast.stmt | ast.expr, word: str) -> None:
        """Write a word after those of the node's parts."""
        self._line = node.lineno
        self._say(word)

    def _block(self, body: Sequence[ast.AST]) -> None:
        for node in body:
            if not isinstance(node, DEFINITIONS):
                self._walk(node)

    def _sorted(self, nodes: Iterable[ast.AST]) -> None:
        """Write operands in an order that does not depend on theirs."""
        parts: list[Unit] = []
        before = self._tokens
        for node in nodes:
            self._tokens = []
            self._walk(node)
            parts.append(self._tokens)
        self._tokens = before
        for part in sorted(parts, key=lambda part: [token.word for token in part]):
            self._tokens += part

    # Statements.

    def _Import(self, node: ast.AST) -> None:
        pass

    _ImportFrom = _Pass = _Global = _Nonlocal = _Import

    def _Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring, or `...`
            self._walk(node.value)

    def _Assign(self, node: ast.Assign) -> None:
        self._walk(node.value)
        self._all(node.targets)

    def _AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._all([node.value, node.target])

    def _AugAssign(self, node: ast.AugAssign) -> None:
        self._operation(node, node.op, [_loaded(node.target), node.value])
        self._walk(node.target)

    def _Return(self, node: ast.Return) -> None:
        self._all([node.value])
        self._at(node, "return")

    def _If(self, node: ast.If | ast.IfExp) -> None:
        self._walk(node.test)
        self._at(node, "if")
        body, otherwise = ([part] if isinstance(part, ast.expr) else part for part in (node.body, node.orelse))
        self._block(body)
        if otherwise:
            self._say("else")
            self._block(otherwise)

    _IfExp = _If

    def _For(self, node: ast.For) -> None:
        self._walk(node.iter)
        self._at(node, "for")
        self._block([node.target, *node.body, *node.orelse])

    _AsyncFor = _For

    def _While(self, node: ast.While) -> None:
        self._walk(node.test)
        self._at(node, "while")
        self._block([*node.body, *node.orelse])

    def _With(self, node: ast.With) -> None:
        for item in node.items:
            self._all([item.context_expr, item.optional_vars])
            self._say("with")
        self._block(node.body)

    _AsyncWith = _With

    def _Try(self, node: ast.Try) -> None:
        self._at(node, "try")
        self._block(node.body)
        for handler in node.handlers:
            self._all([handler.type])
            self._at_handler(handler)
            self._block(handler.body)
        self._block(node.orelse)
        if node.finalbody:
            self._say("finally")
            self._block(node.finalbody)

    def _at_handler(self, handler: ast.ExceptHandler) -> None:
        self._line = handler.lineno
        self._say("except")

    # Expressions.

    def _Name(self, node: ast.Name) -> None:
        name = self._imported.get(node.id, node.id)
        if isinstance(node.ctx, ast.Load) and (node.id in self._imported or name in BUILTINS):
            self._say(name.rpartition(".")[2])

    def _Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, (str, bytes)):
            self._say("text")
        elif isinstance(value, float | int) and not isinstance(value, bool):
            self._say(f"{value:g}" if abs(value) <= SMALL else "number")
        else:
            self._say(repr(value))

    def _JoinedStr(self, node: ast.JoinedStr) -> None:
        self._at(node, "text")

    def _Attribute(self, node: ast.Attribute) -> None:
        self._owner(node)
        word = "" if node.attr in self._bound else node.attr
        self._at(node, f".{word}" + ("=" if isinstance(node.ctx, ast.Store) else ""))

    def _owner(self, node: ast.Attribute) -> None:
        """What an attribute is taken from; a module leaves no token."""
        owner: ast.expr = node
        while isinstance(owner, ast.Attribute):
            owner = owner.value
        if not (isinstance(owner, ast.Name) and owner.id in self._imported):
            self._walk(node.value)

    def _Call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute):
            self._owner(function)
            name = "" if function.attr in self._bound else function.attr
        elif isinstance(function, ast.Name):
            name = self._imported.get(function.id, function.id if function.id in BUILTINS else "").rpartition(".")[2]
        else:
            self._walk(function)
            name = ""
        self._all(node.args)
        self._all(word.value for word in sorted(node.keywords, key=lambda word: word.arg or ""))
        self._at(node, f"{name}()")

    def _Subscript(self, node: ast.Subscript) -> None:
        self._all([node.value, node.slice])
        self._at(node, "[]=" if isinstance(node.ctx, ast.Store) else "[]")

    def _Slice(self, node: ast.Slice) -> None:
        self._all([node.lower])
        self._at(node, ":")
        self._all([node.upper, node.step])

    def _List(self, node: ast.List | ast.Tuple | ast.Set) -> None:
        self._all(node.elts)

    _Tuple = _Set = _List

    def _Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self._all([value, key])
            self._say("[]=")

    def _Starred(self, node: ast.Starred) -> None:
        self._walk(node.value)

    def _NamedExpr(self, node: ast.NamedExpr) -> None:
        self._walk(node.value)

    def _BinOp(self, node: ast.BinOp) -> None:
        operands: list[ast.expr] = [node.right]
        left = node.left
        while isinstance(node.op, COMMUTATIVE) and isinstance(left, ast.BinOp) and type(left.op) is type(node.op):
            operands.append(left.right)
            left = left.left
        self._operation(node, node.op, [left, *reversed(operands)])

    def _operation(self, node: ast.stmt | ast.expr, operator: ast.operator, operands: Sequence[ast.expr]) -> None:
        if isinstance(operator, COMMUTATIVE):
            self._sorted(operands)
        else:
            self._all(operands)
        for _ in operands[1:]:
            self._at(node, type(operator).__name__)

    def _BoolOp(self, node: ast.BoolOp) -> None:
        self._sorted(node.values)
        self._at(node, type(node.op).__name__)

    def _UnaryOp(self, node: ast.UnaryOp) -> None:
        self._walk(node.operand)
        self._at(node, type(node.op).__name__)

    def _Compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        words = [type(operator).__name__ for operator in node.ops]
        if all(type(operator) in REVERSED for operator in node.ops):
            operands, words = operands[::-1], [REVERSED[type(operator)] for operator in reversed(node.ops)]
        if all(isinstance(operator, ORDERLESS) for operator in node.ops):
            self._sorted(operands)
        else:
            self._all(operands)
        for word in words:
            self._at(node, word)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        for generator in node.generators:
            self._walk(generator.iter)
            self._at(node, "for")
            for test in generator.ifs:
                self._walk(test)
                self._at(node, "if")
        if isinstance(node, ast.DictComp):
            self._all([node.value, node.key])
            self._at(node, "[]=")
        else:
            self._walk(node.elt)
            self._at(node, "append()")

    _ListComp = _SetComp = _GeneratorExp = _DictComp = _comprehension


def _loaded(target: ast.expr) -> ast.expr:
    """The target of `x += y` as `x = x + y` reads it."""
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target
