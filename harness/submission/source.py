"""A parsed file."""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.contract import Assignment
from harness.submission.encoding import LIMIT, read_source
from harness.submission.fingerprint import fingerprint
from harness.submission.limits import LONG_CHAIN, TOO_DEEP, too_much
from harness.submission.names import Names
from harness.submission.namespaces import GIVES_NAMES
from harness.submission.reader import Reader
from harness.submission.syntax import OLDEST, bindings, last_word


@dataclass(frozen=True)
class Definition:
    """A function in a file; `line` counts from 1, `parameters` are written as in `Function`."""

    line: int
    parameters: tuple[str, ...]
    fingerprint: str


def definition(source: str, name: str) -> Definition | None:
    """The function of this name, such as "LSTM.forward"; None when the source does not define it."""
    return Source.parse(source).definition(name)


def parameters(arguments: ast.arguments) -> tuple[str, ...]:
    """A function's parameters as the contract has them: "x", "states=None", "/", "*", "*args", "**kwargs"."""
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(arguments.defaults)), *arguments.defaults]
    words = list(map(_parameter, plain, defaults))
    if arguments.posonlyargs:
        words.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg or arguments.kwonlyargs:
        words.append("*" + (arguments.vararg.arg if arguments.vararg else ""))
    words += map(_parameter, arguments.kwonlyargs, arguments.kw_defaults)
    return (*words, "**" + arguments.kwarg.arg) if arguments.kwarg else tuple(words)


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    try:
        return argument.arg if default is None else f"{argument.arg}={ast.unparse(default)}"
    except (ValueError, RecursionError):  # a number of 5000 digits has no decimal form
        return f"{argument.arg}=..."


@dataclass(frozen=True)
class Source:
    """A parsed file without the code that runs only as a script; after a syntax error, what can be parsed around it.

    `excess` says of what there is too much; then the body is empty.
    """

    lines: tuple[str, ...]
    body: tuple[ast.stmt, ...] = ()
    script: tuple[ast.stmt, ...] = ()
    error: SyntaxError | None = None
    excess: str = ""
    _scopes: dict[ast.ClassDef | None, dict[str, ast.stmt]] = field(default_factory=dict, compare=False)
    _definitions: dict[str, Definition | None] = field(default_factory=dict, compare=False)
    _names: dict[str, Names] = field(default_factory=dict, compare=False)
    _readers: dict[str, Reader] = field(default_factory=dict, compare=False)

    @classmethod
    @functools.lru_cache(maxsize=16)  # a submission's files: preflight, `not_started` and `line_of_work` read the same
    def parse(cls, text: str) -> Source:
        """Parse a file; never raises. Keeps the first syntax error and parses all but the block around it."""
        kept = text.split("\n")
        lines = tuple(kept)
        if LONG_CHAIN.search(text):
            return cls(lines, excess=TOO_DEEP)
        first: SyntaxError | None = None
        for _ in range(6):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    body = ast.parse("\n".join(kept), feature_version=OLDEST).body
                if excess := too_much(body):
                    return cls(lines, excess=excess)
                script = tuple(filter(_is_script, body))
                return cls(lines, tuple(node for node in body if node not in script), script, first)
            except SyntaxError as error:
                first = first or error
                _blank(kept, error.lineno or 1)
            except (RecursionError, MemoryError):  # raised at a depth that depends on the caller; the message must not
                return cls(lines, excess=TOO_DEEP)
            except ValueError as error:  # a null byte
                first = first or SyntaxError(str(error))
                break
        return cls(lines, error=first)

    def find(self, name: str) -> ast.stmt | None:
        """The statement that binds a dotted name last, usually its definition."""
        bound = scope = self._scope(None)
        statement: ast.stmt | None = None
        for step in name.split("."):
            parent, statement = statement, scope.get(step)
            if statement is None and isinstance(parent, ast.ClassDef):
                bases = [bound.get(base.id) for base in parent.bases if isinstance(base, ast.Name)]
                others = (base for base in bases if isinstance(base, ast.ClassDef) and base is not parent)
                return next(others, None)
            if not isinstance(statement, ast.ClassDef):
                return None if isinstance(statement, (ast.Import, ast.ImportFrom)) else statement
            scope = self._scope(statement)
        return statement

    def _scope(self, holder: ast.ClassDef | None) -> dict[str, ast.stmt]:
        """The names that a class binds or, for None, the file."""
        if holder not in self._scopes:
            self._scopes[holder] = bindings(holder.body if holder else self.body)
        return self._scopes[holder]

    def names(self, path: str) -> Names:
        """The names of this source as the file at this path."""
        if path not in self._names:
            self._names[path] = Names(self.body, self.nodes, path)
        return self._names[path]

    def reader(self, path: str) -> Reader:
        """What each statement of this source uses as the file at this path."""
        if path not in self._readers:
            self._readers[path] = Reader(self.body, self.names(path))
        return self._readers[path]

    def with_script(self) -> Source:
        """The same file with its script block as ordinary code."""
        return Source(self.lines, self.body + self.script, (), self.error, self.excess)

    @functools.cached_property
    def nodes(self) -> list[ast.AST]:
        """All pieces of syntax of the body."""
        return [node for statement in self.body for node in ast.walk(statement)]

    def sets_name(self) -> bool:
        """Whether the file may set a module's `__name__`, so that script blocks run in grading."""
        nodes = self.nodes
        asked = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        return bool(GIVES_NAMES & asked) or any(map(_sets_name, nodes))

    def definition(self, name: str) -> Definition | None:
        if name not in self._definitions:
            self._definitions[name] = self._define(name)
        return self._definitions[name]

    def _define(self, name: str) -> Definition | None:
        node = self.find(name)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return None
        text = "\n".join(self.lines[node.lineno - 1 : node.end_lineno])
        return Definition(node.lineno, parameters(node.args), fingerprint(text))


def source_of(files: Mapping[str, bytes], path: str) -> Source:
    """Parse a file; one that is missing or too large counts as empty."""
    data = files.get(path, b"")
    return Source.parse(read_source(data) if len(data) <= LIMIT else "")


def sources_of(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, Source]:
    """Parse all listed files, with their script blocks where some file may make these run."""
    sources = {path: source_of(files, path) for path in assignment.files}
    if any(source.script for source in sources.values()) and any(source.sets_name() for source in sources.values()):
        return {path: source.with_script() for path, source in sources.items()}
    return sources


_IS_SCRIPT = ast.dump(ast.parse('__name__ == "__main__"', mode="eval").body)


def _is_script(statement: ast.stmt) -> bool:
    """`if __name__ == "__main__":` without else, which does not run in grading."""
    return isinstance(statement, ast.If) and not statement.orelse and ast.dump(statement.test) == _IS_SCRIPT


def _sets_name(node: ast.AST) -> bool:
    """Whether a node uses `__name__` in any way but to read it."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        return not isinstance(node.ctx, ast.Load) and last_word(node) == "__name__"
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and "__name__" in node.value
    named = (getattr(node, word, None) for word in ("name", "asname", "arg", "rest"))
    return "__name__" in named or "__name__" in getattr(node, "names", ())


def _blank(lines: list[str], number: int) -> None:
    """Blank the top-level statement around a line, with its decorators; all lines keep their numbers."""
    starts = [index for index, line in enumerate(lines) if re.match(r"[^\W\d]|@", line)]
    starts = [index for index in starts if index == 0 or not lines[index - 1].startswith("@")]
    first = max((index for index in starts if index < number), default=0)
    last = min((index for index in starts if index >= number), default=len(lines))
    lines[first:last] = [""] * (last - first)
