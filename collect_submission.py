"""Check your work and pack it for upload.

    python collect_submission.py --id YOUR_ID

It reads the files that are graded, says with file and line what would cost points, and writes one zip file.
None of your code is run. What it finds has one of three weights:

unusable   nothing could be graded, or the id or the group is wrong: no zip is written
fault      costs the tests that need this code; packed all the same, so that you can always hand in
warning    worth knowing

The autograder imports this file and makes the very same checks. About refused names: a deliverable answers
for the class or function that holds its code and for all that this code mentions by name, directly or not, in
the same file or imported from another listed one; so one file may hold deliverables with different lists.
Names are found by reading the source: that stops no determined cheat, and is not meant to.

Standard library only; Python 3.11 to 3.14, any operating system.
"""

from __future__ import annotations

import argparse
import ast
import codecs
import enum
import fnmatch
import functools
import hashlib
import io
import itertools
import json
import os
import re
import sys
import textwrap
import token
import tokenize
import warnings
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeVar

if sys.version_info < (3, 11):  # noqa: UP036 - a student may well start it with an older one
    sys.exit("collect_submission.py needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")

LIMIT = 64 * 1024  # bytes in one file
NOTEBOOK_LIMIT = 20 * 1024 * 1024  # bytes in a notebook: it holds its pictures
MAX_NODES = 20_000  # pieces of syntax in one file: a solution has 1500, and a hostile file must not cost minutes
MAX_DEPTH = 100  # of pieces of syntax within each other: a solution has 13
MAX_MEANINGS = 10_000  # of all names that a file uses: through imports one name may stand for many things
MAX_FINDINGS = 10  # in one file that differ in nothing but their words
MAX_WORD = 60  # characters of a name in a message
WIDTH = 79  # columns of a message on the terminal
OLDEST = (3, 11)  # newer syntax would fail where grading runs on this version
BUILDS_CODE = {"exec", "eval", "compile", "__import__"}
WRITES = ("print", "sys.stdout.*", "sys.stderr.*", "pprint.*")
ASKS = ("input", "breakpoint")
TOO_DEEP = f"is nested too deeply (over {MAX_DEPTH} levels)"
TOO_MANY_MEANINGS = "the names in this file may stand for too many imports. Import less."
ANSWER = re.compile(r"<!-- answer: ([\w-]+) -->\n(.*?)\n?<!-- end -->", re.DOTALL)  # in report.md
OPEN_ANSWER = "*(your answer)*"
# In a notebook's cell that starts this, so is still running.
PACKING = re.compile(
    r"notebook\.pack\(|^\s*[!%].*collect_submission|(python|executable|import).*\bcollect_submission", re.MULTILINE
)
BREAKS_A_FILE = ("syntax", "import")  # rules whose faults keep a file from running; see `Assignment.strict`
T = TypeVar("T")


# The contract: assignment.json


@dataclass(frozen=True)
class Function:
    """A function of the contract, named like "LSTM.forward".

    `parameters` are written as in the source without annotations ("states=None"); `untouched` is its
    fingerprint as handed out, or None where that says nothing.
    """

    name: str
    parameters: tuple[str, ...]
    untouched: str | None


@dataclass(frozen=True)
class Deliverable:
    id: str
    number: str
    part: str
    title: str
    points: float
    file: str
    tests: str
    needs: tuple[str, ...]
    refused: tuple[str, ...]
    functions: tuple[Function, ...]


@dataclass(frozen=True)
class Part:
    id: str
    number: str
    title: str


@dataclass(frozen=True)
class Assignment:
    """What is handed in, checked and graded. Other keys in the JSON file are ignored.

    `id_help` says in words what `id_pattern` matches; "" where nobody has. `hints` for known mistakes are given
    "local", "everywhere" or "off". `notebook` (*.ipynb) is "required", "optional" or "refused"; no zip is written
    with a required one whose code cells were not all run, which some courses give no points for. `strict` says what a
    file costs that does not run: "deliverable", its own ones, or "submission", everything.
    """

    name: str
    title: str
    version: str
    archive_name: str
    upload: str
    group_size: int
    id_pattern: str
    output: str
    allowed_imports: tuple[str, ...]
    files: tuple[str, ...]
    parts: tuple[Part, ...]
    deliverables: tuple[Deliverable, ...]
    id_help: str = ""
    hints: str = "everywhere"
    notebook: str = "optional"
    strict: str = "deliverable"

    @classmethod
    def load(cls, path: Path | str) -> Assignment:
        """Read assignment.json; OSError or ValueError when that fails."""
        return cls.parse(Path(path).read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> Assignment:
        """The assignment from its JSON text; ValueError when it is not one."""
        try:
            data = json.loads(text)
            parts = [_pick(Part, part) for part in data["parts"]]
            deliverables = [_deliverable(entry) for entry in data["deliverables"]]
            return _pick(cls, {**data, "parts": parts, "deliverables": deliverables})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"assignment.json is damaged: {type(error).__name__}: {error}") from error

    def deliverable(self, id: str) -> Deliverable:
        """The deliverable with this id; KeyError when there is none."""
        return {deliverable.id: deliverable for deliverable in self.deliverables}[id]

    def by_file(self, path: str) -> tuple[Deliverable, ...]:
        """The deliverables whose code stands in this file."""
        return tuple(deliverable for deliverable in self.deliverables if deliverable.file == path)

    def dependants(self, ids: Collection[str]) -> tuple[Deliverable, ...]:
        """The other deliverables that need one of these, directly or through another."""
        reached = set(ids)
        for _ in self.deliverables:  # no chain of needs is longer
            reached |= {d.id for d in self.deliverables if reached.intersection(d.needs)}
        return tuple(d for d in self.deliverables if d.id in reached and d.id not in ids)


def _pick(kind: type[T], data: Mapping[str, Any]) -> T:
    """A dataclass from the keys that it knows; lists become tuples. TypeError when one is missing."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    values = {name: data[name] for name in names.intersection(data)}
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def _deliverable(data: Mapping[str, Any]) -> Deliverable:
    return _pick(Deliverable, {**data, "functions": [_pick(Function, entry) for entry in data["functions"]]})


class Severity(enum.StrEnum):
    UNUSABLE = "unusable"
    FAULT = "fault"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing to say about a submission.

    `file` is "" for the submission as a whole, `line` is 0 for a file as a whole. `deliverables` are those
    whose own code is concerned; what needs them is left to `Assignment.dependants`. `rule` is one of

    nothing      no file of the assignment is there
    id, group    what --id and --group-size say
    missing      a file, or a class or function in it
    irregular    a file that is there and cannot be taken
    size         a file above LIMIT, or with more or deeper code than is read
    encoding     a file that is not UTF-8
    syntax       a file that Python cannot read
    signature    a function that cannot be called as it is tested
    import       a module that is not there in grading
    refused      a name that a deliverable refuses, or code that builds code
    output       something printed, or input asked for
    notebook     one that is asked for and not there, not taken, or not run
    report       open questions in it, or a PDF that is not up to date
    not-started  a deliverable that is as handed out
    """

    severity: Severity
    file: str
    line: int
    message: str
    deliverables: tuple[str, ...] = ()
    rule: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return place + self.message


# Source text


def read_source(data: bytes) -> str:
    """A Python file's text: a coding comment counts, else UTF-8, else latin-1; no BOM, lines end in LF."""
    return _decode(data)[0]


def to_utf8(data: bytes) -> bytes:
    """The same source so that Python reads what `read_source` reads: UTF-8, LF, no BOM, no other coding."""
    cookie = re.compile(r"^([ \t\f]*#.*?coding[:=][ \t]*)[-\w.]+")
    lines = read_source(data).split("\n")
    lines[:2] = [cookie.sub(r"\1utf-8", line) for line in lines[:2]]
    return "\n".join(lines).encode("utf-8")


def _decode(data: bytes) -> tuple[str, str]:
    """The text and the name of the encoding that it was read in."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16" if wide else _declared(data), "utf-8-sig", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        text = text.lstrip("\ufeff")  # a second BOM would be the first one of the copy that Python reads
        return text.replace("\r\n", "\n").replace("\r", "\n"), encoding.removesuffix("-sig")
    raise AssertionError("latin-1 reads everything")


def _declared(data: bytes) -> str:
    """The encoding that BOM or coding comment declare, where it is one that reads ASCII as ASCII."""
    probe = r"\u0041 \\ +AEE- xn--a"  # utf-7, unicode_escape and the like make something else of this
    try:
        name = codecs.lookup(tokenize.detect_encoding(io.BytesIO(data).readline)[0]).name
        return name if probe.encode("ascii").decode(name) == probe else "utf-8-sig"
    except (SyntaxError, LookupError, ValueError):
        return "utf-8-sig"


def fingerprint(source: str) -> str:
    """16 hex digits of a function's code, whatever its comments, docstring and layout.

    f-strings are left out: their tokens depend on Python's version.
    """
    words: list[str] = []
    line: list[tuple[int, str]] = []
    depth = 0
    try:
        for kind, text, *_ in tokenize.generate_tokens(io.StringIO(source).readline):
            depth += (kind in _OPENS) - (kind in _CLOSES)
            if kind == token.NEWLINE:
                if any(kind != token.STRING for kind, _ in line):
                    words += [word for _, word in line]
                line = []
            elif not (depth or kind in _LAYOUT or (kind == token.STRING and _F_STRING.match(text))):
                line.append((kind, text))
    except (tokenize.TokenError, SyntaxError):
        words = source.split()
    return hashlib.sha256(" ".join(words).encode("utf-8")).hexdigest()[:16]


_OPENS = {number for number, name in token.tok_name.items() if name in ("FSTRING_START", "TSTRING_START")}
_CLOSES = {number for number, name in token.tok_name.items() if name in ("FSTRING_END", "TSTRING_END")}
_F_STRING = re.compile(r"\w?[fF]")  # a single token before Python 3.12
_LAYOUT = {token.NL, token.INDENT, token.DEDENT, token.ENCODING, token.ENDMARKER, token.COMMENT, *_CLOSES}


# Parsed source

_Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Definition:
    """A function as it stands in a file; `line` counts from 1, `parameters` are written as in `Function`."""

    line: int
    parameters: tuple[str, ...]
    fingerprint: str


def definition(source: str, name: str) -> Definition | None:
    """The function of this name, such as "LSTM.forward"; None when the source does not define it."""
    return _Source.parse(source).definition(name)


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
class _Source:
    """A parsed file without what runs only as a script; after a syntax error, what is read around it.

    `excess` says what there is more of than is read; then the body is empty.
    """

    lines: tuple[str, ...]
    body: tuple[ast.stmt, ...] = ()
    error: SyntaxError | None = None
    excess: str = ""
    _scopes: dict[ast.ClassDef | None, dict[str, ast.stmt]] = field(default_factory=dict, compare=False)
    _definitions: dict[str, Definition | None] = field(default_factory=dict, compare=False)
    _names: dict[str, _Names] = field(default_factory=dict, compare=False)

    @classmethod
    @functools.lru_cache(maxsize=8)  # a submission's files: preflight, `not_started` and `place` read the same
    def parse(cls, text: str) -> _Source:
        """Never raises: the first error is kept, the block around it is left out, the rest is parsed."""
        kept = text.split("\n")
        lines = tuple(kept)
        if _LONG_CHAIN.search(text):
            return cls(lines, excess=TOO_DEEP)
        first: SyntaxError | None = None
        for _ in range(6):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    body = ast.parse("\n".join(kept), feature_version=OLDEST).body
                if excess := _excess(body):
                    return cls(lines, excess=excess)
                return cls(lines, tuple(statement for statement in body if not _is_script(statement)), first)
            except SyntaxError as error:
                first = first or error
                _blank(kept, error.lineno or 1)
            except (RecursionError, MemoryError):  # how deep is too deep depends on who calls: say the same always
                return cls(lines, excess=TOO_DEEP)
            except ValueError as error:  # a null byte
                first = first or SyntaxError(str(error))
                break
        return cls(lines, (), first)

    def find(self, name: str) -> ast.stmt | None:
        """What binds a dotted name last: its definition or, where none can be seen, another statement."""
        bound = scope = self._scope(None)
        found: ast.stmt | None = None
        for step in name.split("."):
            parent, found = found, scope.get(step)
            if found is None and isinstance(parent, ast.ClassDef):
                bases = [bound.get(base.id) for base in parent.bases if isinstance(base, ast.Name)]
                others = (base for base in bases if isinstance(base, ast.ClassDef) and base is not parent)
                return next(others, None)
            if not isinstance(found, ast.ClassDef):
                return None if isinstance(found, (ast.Import, ast.ImportFrom)) else found
            scope = self._scope(found)
        return found

    def _scope(self, holder: ast.ClassDef | None) -> dict[str, ast.stmt]:
        """What a class or, for None, the file binds."""
        if holder not in self._scopes:
            self._scopes[holder] = _bound(holder.body if holder else self.body)
        return self._scopes[holder]

    def names(self, path: str) -> _Names:
        """The names of this source, standing at this path."""
        if path not in self._names:
            self._names[path] = _Names(self.body, path)
        return self._names[path]

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


def _is_script(statement: ast.stmt) -> bool:
    """`if __name__ == "__main__":` without else, which does not run in grading."""
    return isinstance(statement, ast.If) and not statement.orelse and ast.dump(statement.test) == _IS_SCRIPT


# Python itself takes 1.2 GB for `import a.a.a...` of 64 KiB, so this is looked for before it parses.
_GAP = r"[ \t\f]*+(?:\\\n[ \t\f]*+)*+"
_WORD = r"[\w\u0080-\U0010ffff]"
_LONG_CHAIN = re.compile(rf"(?<!{_WORD})(?:{_WORD}++{_GAP}\.{_GAP}){{{MAX_DEPTH}}}")
_IS_SCRIPT = ast.dump(ast.parse('__name__ == "__main__"', mode="eval").body)


def _excess(body: Sequence[ast.AST]) -> str:
    """What there is more of than is read, or "". Checked before all that looks closer, which may cost far more."""
    count, level = 0, body
    for _ in range(MAX_DEPTH):
        count += len(level)
        if count > MAX_NODES:
            return f"holds far more code than this assignment needs (over {MAX_NODES} names, numbers and so on)"
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return ""
    return TOO_DEEP


def _blank(lines: list[str], number: int) -> None:
    """Empty the top-level statement around a line, decorators included; all lines keep their numbers."""
    starts = [index for index, line in enumerate(lines) if re.match(r"[^\W\d]|@", line)]
    starts = [index for index in starts if index == 0 or not lines[index - 1].startswith("@")]
    first = max((index for index in starts if index < number), default=0)
    last = min((index for index in starts if index >= number), default=len(lines))
    lines[first:last] = [""] * (last - first)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement that runs when the body runs, those within if, try, with and loops included."""
    stack: list[ast.AST] = [*body]
    stack.reverse()
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, (*_Scope, ast.expr)):
            stack += list(ast.iter_child_nodes(node))[::-1]


def _bound(body: Iterable[ast.stmt]) -> dict[str, ast.stmt]:
    """Each name that a body binds by definition, import or assignment, and the last statement that does."""
    bound: dict[str, ast.stmt] = {}
    for statement in _statements(body):
        if isinstance(statement, _Scope):
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


# Names and what they stand for


class _Use(NamedTuple):
    """A name that the code uses, as spelled, and the dotted names it may stand for ("?" is any object).

    `own` says that it is an attribute of some object, by a name that the file itself defines.
    """

    node: ast.expr
    spelled: str
    dotted: tuple[str, ...]
    own: bool = False


class _Names:
    """Resolves the names of one file through its imports."""

    def __init__(self, body: Sequence[ast.stmt], path: str) -> None:
        nodes = [node for statement in body for node in ast.walk(statement)]
        self.bound = _bound(body)
        self.defined = {node.name for node in nodes if isinstance(node, _Scope)}
        self.attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute) and _is_set_on_self(node)}
        self.imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
        self.aliases: dict[str, list[tuple[int, str]]] = {}
        for node in self.imports:
            for name, dotted in _imported(node, path):
                self.aliases.setdefault(name, []).append((node.lineno, dotted))

    def resolve(self, name: ast.Name) -> tuple[str, ...]:
        """The dotted names that a bare name stands for: none for the file's own, itself for a builtin."""
        own = self.bound.get(name.id)
        found = self.aliases.get(name.id, [])
        if isinstance(own, _Scope):  # from its body on, a definition hides an import above it
            inside = (name.lineno, name.col_offset) >= (own.body[0].lineno, own.body[0].col_offset)
            return tuple(dotted for line, dotted in found if not inside or line > own.lineno)
        if found or own is not None:
            return tuple(dotted for _, dotted in found)
        return (name.id, *(f"{module}.{name.id}" for _, module in self.aliases.get("*", [])))

    def handed_on(self, name: str) -> _Use:
        """What another file gets under this name where this file has imported it itself."""
        found = self.aliases.get(name, []) + self.aliases.get("*", [])
        node = ast.Name(name, ast.Load(), lineno=sys.maxsize, col_offset=0)  # as the end of the file sees it
        dotted = self.resolve(node) if found else ()
        node.lineno = found[0][0] if found else 1
        return _Use(node, name, tuple(each for each in dotted if each != name))

    def origin(self, use: _Use, dotted: str) -> int:
        """The line of the import by which a use stands for a dotted name."""
        found = self.aliases.get(use.spelled.split(".")[0], []) + self.aliases.get("*", [])
        return next((line for line, start in found if dotted.startswith(start)), use.node.lineno)

    def uses(self, statement: ast.stmt) -> Iterator[_Use]:
        """All names in a statement: bare ones, attributes of all but self, getattr with a constant."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield _Use(node, node.id, self.resolve(node))
            elif isinstance(node, ast.Attribute):
                yield from self._attribute(node, node.value, node.attr)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
                word = node.args[1] if len(node.args) > 1 else None
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    yield from self._attribute(node, node.args[0], word.value)

    def _attribute(self, node: ast.expr, base: ast.expr, last: str) -> Iterator[_Use]:
        if _is_self(base):
            return
        path = [last]
        while isinstance(base, ast.Attribute):
            path.append(base.attr)
            base = base.value
        rest = ".".join(path[::-1])
        roots = (self.resolve(base) if isinstance(base, ast.Name) else ()) or ("?",)
        spelled = base.id if isinstance(base, ast.Name) else "(...)"
        dotted = tuple(f"{root}.{rest}" for root in roots)
        yield _Use(node, f"{spelled}.{rest}", dotted, self._is_own(base, last))

    def _is_own(self, root: ast.expr, last: str) -> bool:
        """Whether an attribute, at any depth below a root, may be one that the file gives its own objects."""
        if _is_self(root) and last in self.attributes:
            return True
        imported = isinstance(root, ast.Name) and root.id in self.aliases
        # nobody reaches a class at the top of the file through an object: x.LSTM is not class LSTM
        return not imported and last in self.defined and not isinstance(self.bound.get(last), ast.ClassDef)


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _is_set_on_self(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store) and _is_self(node.value)


def _imported(node: ast.Import | ast.ImportFrom, path: str) -> Iterator[tuple[str, str]]:
    """The names that an import binds and what they stand for; "*" stands for the module."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            top = alias.name.split(".")[0]
            yield alias.asname or top, alias.name if alias.asname else top
        else:
            module = _module(node, path)
            yield alias.asname or alias.name, module if alias.name == "*" else f"{module}.{alias.name}"


def _module(node: ast.ImportFrom, path: str) -> str:
    """The absolute name of the module that a file at this path imports from."""
    here = PurePosixPath(path).parts[: -node.level] if node.level else ()
    return ".".join([*here, *([node.module] if node.module else [])])


def _refuses(pattern: str, use: _Use) -> bool:
    """Whether "torch.nn.RNN*" refuses a name: by all of it or, on any object, by a last word not the file's own."""
    last = pattern.rpartition(".")[2]
    for dotted in use.dotted:
        base, _, word = dotted.rpartition(".")
        by_last_word = base != "" and last.strip("*?") != "" and fnmatch.fnmatchcase(word, last)
        if fnmatch.fnmatchcase(dotted, pattern) or (by_last_word and not use.own):
            return True
    return False


class _Reach:
    """The top-level statements of one file that a deliverable answers for: of ever more names, each told once."""

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self._reached: set[ast.stmt] = set()
        self._binders: dict[str, list[ast.stmt]] = {}
        for statement in body:
            for name in _bound([statement]) if _only_binds(statement) else [""]:
                self._binders.setdefault(name, []).append(statement)

    def add(self, names: Iterable[str]) -> list[ast.stmt]:
        """What is new: statements that bind these names or that those may use, and all that do more than bind."""
        new: list[ast.stmt] = []
        waiting = ["", *names]
        while waiting:
            for statement in self._binders.pop(waiting.pop(), []):
                if statement not in self._reached:
                    self._reached.add(statement)
                    new.append(statement)
                    waiting += [node.id for node in ast.walk(statement) if isinstance(node, ast.Name)]
        return new


def _homes(deliverable: Deliverable) -> list[str]:
    """The classes and functions of its file that hold a deliverable's code."""
    return [function.name.split(".")[0] for function in deliverable.functions]


def _only_binds(statement: ast.stmt) -> bool:
    """Whether a statement does nothing until one of its names is used."""
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return not any(isinstance(node, (ast.Attribute, ast.Subscript)) for node in _targets(statement))
    return isinstance(statement, (*_Scope, ast.Import, ast.ImportFrom))


# Preflight


def inspect(files: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """All there is to say about the listed files, worst first; other files are not looked at.

    `files` maps contract paths ("models/naive/LSTM.py") to contents. Never raises, whatever the bytes.
    """
    everything = tuple(deliverable.id for deliverable in assignment.deliverables)
    if not any(path in files for path in assignment.files):
        message = f"no file of this assignment is here: expected {assignment.files[0]} and so on."
        return [Finding(Severity.UNUSABLE, "", 0, message, everything, "nothing")]
    findings = [f for path in assignment.files for f in _inspect_file(path, files.get(path), assignment)]
    findings += _inspect_imports(files, assignment)
    waiting = not_started(files, assignment)
    if len(waiting) == len(everything):
        message = "NOTHING IS STARTED. All is as it was handed out: this would score 0 points."
        findings.append(Finding(Severity.WARNING, "", 0, message, everything, "not-started"))
    else:
        for id, (file, line) in waiting.items():
            deliverable = assignment.deliverable(id)
            message = f"{deliverable.number} {deliverable.title} is not started ({_points([deliverable])})."
            findings.append(Finding(Severity.WARNING, file, line, message, (id,), "not-started"))
    weights, places = list(Severity), ["", *assignment.files]
    return sorted(findings, key=lambda f: (weights.index(f.severity), places.index(f.file), f.line))


def not_started(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, tuple[str, int]]:
    """The deliverables whose code is as handed out: id to (file, line of the work as `place` finds it)."""
    waiting: dict[str, tuple[str, int]] = {}
    for path in assignment.files:
        source = _source(files, path)
        for deliverable in assignment.by_file(path):
            evidence = [function for function in deliverable.functions if function.untouched]
            if evidence and all(_is_untouched(source, function) for function in evidence):
                waiting[deliverable.id] = path, _place(source, deliverable)
    return {d.id: waiting[d.id] for d in assignment.deliverables if d.id in waiting}


def _is_untouched(source: _Source, function: Function) -> bool:
    found = source.definition(function.name)
    return found is not None and found.fingerprint == function.untouched


def place(files: Mapping[str, bytes], deliverable: Deliverable) -> int:
    """The line of its file where the work on a deliverable is: its first TODO, else its first function, else 1.

    `files` maps contract paths to contents, as `read_tree` gives them. Never raises, whatever the bytes.
    """
    return _place(_source(files, deliverable.file), deliverable)


def _place(source: _Source, deliverable: Deliverable) -> int:
    mark = re.compile(rf"#\s*TODO\({re.escape(deliverable.id)}\)")
    for number, line in enumerate(source.lines, 1):
        if mark.search(line):
            return number
    own_first = sorted(deliverable.functions, key=lambda function: function.untouched is None)
    found = (source.definition(function.name) for function in own_first)
    return next((one.line for one in found if one), 1)


def _source(files: Mapping[str, bytes], path: str) -> _Source:
    """A file parsed; one that is missing or too large as if it were empty."""
    data = files.get(path, b"")
    return _Source.parse(read_source(data) if len(data) <= LIMIT else "")


class _Report:
    """Collects the findings of one file; the same words at several lines become one finding."""

    def __init__(self, path: str, assignment: Assignment) -> None:
        self.path, self.assignment = path, assignment
        self.own = assignment.by_file(path)
        self._lines: dict[tuple[Severity, str, tuple[str, ...]], dict[str, set[int]]] = {}
        self._stake = functools.cache(lambda *hit: _stake(assignment, hit))

    def fault(self, rule: str, line: int, message: str, hit: Sequence[Deliverable] | None = None) -> None:
        """A fault, with the price of the deliverables that it hits: by default all of the file."""
        hit = self.own if hit is None else hit
        stake = self._stake(*hit)
        if self.assignment.strict == "submission" and rule in BREAKS_A_FILE:
            stake = "Costs all points: this assignment gives none when any file does not run."
        self._add(Severity.FAULT, rule, line, f"{message} {stake}", hit)

    def warning(self, rule: str, line: int, message: str, hit: Sequence[Deliverable] | None = None) -> None:
        self._add(Severity.WARNING, rule, line, message, self.own if hit is None else hit)

    def _add(self, weight: Severity, rule: str, line: int, message: str, hit: Sequence[Deliverable]) -> None:
        alike = self._lines.setdefault((weight, rule, tuple(deliverable.id for deliverable in hit)), {})
        if message in alike or len(alike) < MAX_FINDINGS:
            alike.setdefault(message, set()).add(line)

    def findings(self) -> list[Finding]:
        return [
            Finding(severity, self.path, min(lines), _clean(message) + _also(sorted(lines)[1:]), ids, rule)
            for (severity, rule, ids), alike in self._lines.items()
            for message, lines in alike.items()
        ]


def _also(lines: Sequence[int]) -> str:
    return f" Also in line {', '.join(map(str, lines[:8]))}{', ...' if lines[8:] else '.'}" if lines else ""


def _short(word: str) -> str:
    """A name from a file, so that a message stays readable."""
    return word if len(word) <= MAX_WORD else f"{word[: MAX_WORD - 20]}...{word[-17:]}"


def _clean(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _inspect_file(path: str, data: bytes | None, assignment: Assignment) -> list[Finding]:
    report = _Report(path, assignment)
    if data is None:
        report.fault("missing", 0, "this file is missing. If you have lost it, take it from the handout.")
    elif len(data) > LIMIT:
        report.fault("size", 0, f"larger than {LIMIT // 1024} KiB, so it is neither packed nor graded.")
    else:
        _inspect_source(data, report)
    return report.findings()


def _inspect_source(data: bytes, report: _Report) -> None:
    text, encoding = _decode(data)
    if encoding != "utf-8" and not data.isascii():
        report.warning("encoding", 1, f"saved as {encoding}, not UTF-8. Let your editor save it as UTF-8.")
    source = _Source.parse(text)
    if source.excess:
        report.fault("size", 0, f"this file {source.excess}, so it is not graded. Make it simpler.")
        return
    if source.error:
        line = min(max(source.error.lineno or 1, 1), len(source.lines))
        words = source.lines[line - 1].strip()
        words = f"`{words[:50]}{'...' if words[50:] else ''}`" if words else "this line"
        message = f"Python cannot read {words}: {source.error.msg}."
        report.fault("syntax", line, f"{message} Until you mend it nothing in this file runs.")
    names = source.names(report.path)
    _check_signatures(source, report)
    _check_imports(names, report)
    _check_names(source, names, report)


def _check_signatures(source: _Source, report: _Report) -> None:
    """Every function of the contract is there and can be called as the tests call it."""
    owners: dict[tuple[str, tuple[str, ...]], list[Deliverable]] = {}
    missing: dict[str, dict[str, Deliverable]] = {}
    for deliverable in report.own:
        for function in deliverable.functions:
            owners.setdefault((function.name, function.parameters), []).append(deliverable)
    for (name, wanted), hit in owners.items():
        holder = name.rpartition(".")[0]
        found = source.definition(name)
        if source.find(name) is None:
            gone = f"class {holder}" if holder and source.find(holder) is None else f"function {name}"
            missing.setdefault(gone, {}).update({deliverable.id: deliverable for deliverable in hit})
        elif found and not _fits(wanted, found.parameters):
            taken = ", ".join(map(_short, found.parameters[:12])) + (", ..." if found.parameters[12:] else "")
            message = f"{name} takes ({taken}), not ({', '.join(wanted)}) as tested."
            report.fault("signature", found.line, f"{message} Give it these names, order and defaults.", hit)
    if not source.error:  # else it may stand in what could not be read
        for gone, needed in missing.items():
            message = f"{gone} is not defined in this file. Put it back under that name."
            report.fault("missing", 1, message, [*needed.values()])


def _fits(wanted: Sequence[str], got: Sequence[str]) -> bool:
    """First the same names, order and defaults (a new default is no harm), then what needs no argument."""
    extra = got[len(wanted) :]
    same = all(map(_stands_for, got, wanted))
    return len(got) >= len(wanted) and same and all("=" in word or word.startswith("*") for word in extra)


def _stands_for(got: str, wanted: str) -> bool:
    """Whether a parameter has the wanted one's name and default; what is no literal counts as any value."""
    name, _, default = wanted.partition("=")
    own_name, _, own_default = got.partition("=")
    if name != own_name or not default or not own_default:
        return name == own_name and not default
    try:
        return bool(ast.literal_eval(own_default) == ast.literal_eval(default))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return True  # PAD may well be 1: that is for the tests to judge


def _check_imports(names: _Names, report: _Report) -> None:
    """Only what is there in grading is imported: the allowed modules and the listed files."""
    listed = _listed_modules(report.assignment)
    folders = {parent for path in listed.values() for parent in PurePosixPath(path).parents}
    packages = {".".join(folder.parts) for folder in folders if folder.parts}
    allowed = {"__future__", *report.assignment.allowed_imports} - {"models"}
    for node in names.imports:
        for module in _needed_modules(node, report.path, packages):
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
            report.fault("import", node.lineno, f"{_short(module)} {advice}")


def _choice(allowed: Iterable[str]) -> str:
    """What may be imported, in words: packages from outside first, since those are what people look for."""
    names = [name for name in allowed if name not in ("__future__", "models")]
    outside = " and ".join(name for name in names if name not in sys.stdlib_module_names)
    inside = ", ".join(name for name in names if name in sys.stdlib_module_names)
    if outside and inside:
        return f" or do with {outside}, and from Python: {inside}"
    return f" or do with {outside or inside}" if outside or inside else ""


def _listed_modules(assignment: Assignment) -> dict[str, str]:
    """The dotted names of the listed files, and their paths."""
    return {path.removesuffix(".py").replace("/", "."): path for path in assignment.files}


def _needed_modules(node: ast.Import | ast.ImportFrom, path: str, packages: Collection[str]) -> list[str]:
    """The modules that an import needs; `from package import name` needs package.name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = _module(node, path)
    if module in packages:
        return [module if alias.name == "*" else f"{module}.{alias.name}" for alias in node.names]
    return [module or "." * node.level]


def _check_names(source: _Source, names: _Names, report: _Report) -> None:
    """Refused names, code that builds code, and output, each charged to the deliverables it belongs to."""
    meanings = 0
    reach = {each.id: set(_Reach(source.body).add(_homes(each))) for each in report.own}
    given = _listed_names(report.assignment)
    for statement in source.body:
        here = [deliverable for deliverable in report.own if statement in reach[deliverable.id]]
        if not here:
            continue
        calls = _calls(statement)
        done: set[ast.expr] = set()  # torch._VF.lstm may match twice
        for use in names.uses(statement):
            meanings += len(use.dotted)
            if meanings > MAX_MEANINGS:
                report.fault("size", 0, TOO_MANY_MEANINGS)
                return
            if use.node in done or (not given.intersection(use.dotted) and _check_refused(use, here, report)):
                done.add(use.node.value if isinstance(use.node, ast.Attribute) else use.node)
            elif use.node in calls:
                _check_output(use, here, report)


def _calls(statement: ast.stmt) -> set[ast.expr]:
    """What is called in a statement, without names that an enclosing function has as parameter or assigns: `input`."""
    called: list[tuple[ast.expr, list[set[str]]]] = []
    stack: list[tuple[ast.AST, list[set[str]]]] = [(statement, [])]
    while stack:
        node, scopes = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            scopes = [*scopes, set()]
        elif scopes and isinstance(node, ast.arg):
            scopes[-1].add(node.arg)
        elif scopes and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            scopes[-1].add(node.id)
        elif isinstance(node, ast.Call):
            called.append((node.func, scopes))
        stack += [(child, scopes) for child in ast.iter_child_nodes(node)]
    return {
        func
        for func, scopes in called
        if not (isinstance(func, ast.Name) and any(func.id in names for names in scopes))
    }


def _listed_names(assignment: Assignment) -> set[str]:
    """The dotted names of the listed files and of the classes and functions that the contract has in them."""
    names = set(_listed_modules(assignment))
    for module, path in _listed_modules(assignment).items():
        functions = (f for deliverable in assignment.by_file(path) for f in deliverable.functions)
        names |= {f"{module}.{function.name.split('.')[0]}" for function in functions}
    return names


def _check_refused(use: _Use, here: Sequence[Deliverable], report: _Report, way: str = "") -> bool:
    """Whether some deliverable refuses this use; if so it is reported, with the way there from another file."""
    if BUILDS_CODE.intersection(use.dotted):
        message = f"{_short(use.spelled)} is refused: write the code out.{way}"
        report.fault("refused", use.node.lineno, message, here)
        return True
    hit = [d for d in here if any(_refuses(pattern, use) for pattern in d.refused)]
    if hit:
        message = f"{_short(use.spelled)} is refused: write yourself what it does.{way}"
        report.fault("refused", use.node.lineno, message, hit)
    return bool(hit)


def _inspect_imports(files: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """Refused names that deliverables reach through imports of listed files, told where they stand."""
    sources = {path: _source(files, path) for path in assignment.files}
    reports = {path: _Report(path, assignment) for path in assignment.files}
    for deliverable in assignment.deliverables:
        if deliverable.refused and deliverable.file in sources:
            _follow_imports(deliverable, sources, reports)
    return [finding for report in reports.values() for finding in report.findings()]


def _follow_imports(deliverable: Deliverable, sources: Mapping[str, _Source], reports: Mapping[str, _Report]) -> None:
    """Check what a deliverable uses of the listed files; its own code, the first `_Step`, is for `_check_names`."""
    assignment = reports[deliverable.file].assignment
    given, listed = _listed_names(assignment), _listed_modules(assignment)
    reach: dict[str, _Reach] = {}
    seen: set[tuple[str, str]] = set()
    meanings = 0
    steps = [_Step(deliverable.file, _homes(deliverable), "")]
    while steps:
        path, wanted, way = steps.pop()
        names = sources[path].names(path)
        reach[path] = reach.get(path) or _Reach(sources[path].body)
        handed_on = [names.handed_on(name) for name in wanted]
        done: set[ast.expr] = set()
        for use in itertools.chain(handed_on, *map(names.uses, reach[path].add(wanted))):
            meanings += len(use.dotted)
            if meanings > MAX_MEANINGS:
                if way:  # else `_check_names` has said so
                    reports[deliverable.file].fault("size", 0, TOO_MANY_MEANINGS, [deliverable])
                return
            told = way and use.node not in done and not given.intersection(use.dotted)
            told = told and _check_refused(use, [deliverable], reports[path], way)
            parts = [] if use.node in done else [(dotted, _part(dotted, listed)) for dotted in use.dotted]
            if told or use.node in done or any(part for _, part in parts):
                done.add(use.node.value if isinstance(use.node, ast.Attribute) else use.node)
            for dotted, part in parts:
                if part and part not in seen:
                    seen.add(part)
                    file, name = part
                    line = names.origin(use, dotted)
                    first = (
                        way or f" {deliverable.number} {deliverable.title} gets there by the import in {path}:{line}."
                    )
                    steps.append(_Step(file, [name] if name else [*sources[file].names(file).bound], first))


class _Step(NamedTuple):
    """Names of a file that a deliverable uses, and words that say by which import ("" in its own file)."""

    path: str
    names: list[str]
    way: str


def _part(dotted: str, listed: Mapping[str, str]) -> tuple[str, str] | None:
    """The listed file that a dotted name leads to and the name in it, "" for all of it; None for other names."""
    for module, path in listed.items():
        if dotted == module or dotted.startswith(module + "."):
            return path, dotted[len(module) + 1 :].split(".")[0]
    return None


def _check_output(use: _Use, here: Sequence[Deliverable], report: _Report) -> None:
    policy = report.assignment.output
    if any(fnmatch.fnmatchcase(dotted, pattern) for pattern in ASKS for dotted in use.dotted):
        advice = "asks for input, and in grading nobody answers: it fails there. Take it out."
    elif policy == "allow" or not any(fnmatch.fnmatchcase(name, w) for w in WRITES for name in use.dotted):
        return
    elif policy == "zero":
        advice = "writes output, and this assignment gives no points at all to code that does. Take it out."
    else:
        advice = "writes output. It costs nothing, but take it out before you hand in."
    report.warning("output", use.node.lineno, f"{_short(use.spelled)}() {advice}", here)


def _stake(assignment: Assignment, hit: Sequence[Deliverable]) -> str:
    """The price of losing these deliverables, with that of what needs them."""
    more = assignment.dependants([deliverable.id for deliverable in hit])
    needy = f", and part of {_points(more)} that need it ({_numbers(more)})" if more else ""
    return f"Costs {_points(hit)} ({_numbers(hit)}){needy}." if hit else "Costs nothing."


def _points(deliverables: Iterable[Deliverable]) -> str:
    number = sum(deliverable.points for deliverable in deliverables)
    return f"{number:g} point{'' if number == 1 else 's'}"


def _numbers(deliverables: Sequence[Deliverable]) -> str:
    long = len(deliverables) < 3
    return ", ".join(f"{d.number} {d.title}" if long else d.number for d in deliverables)


# The tree and the archive


def read_tree(tree: Path | str, assignment: Assignment) -> dict[str, bytes]:
    """The listed files of a tree by contract path; of one above LIMIT just so much that `inspect` sees it."""
    files: dict[str, bytes] = {}
    for path in assignment.files:
        if not _obstacle(Path(tree), path):
            with Path(tree, path).open("rb") as stream:
                files[path] = stream.read(LIMIT + 1)
    return files


def irregular(tree: Path | str, assignment: Assignment) -> list[Finding]:
    """Faults for listed files that are there but cannot be taken: links out of it, folders, no access."""
    findings: list[Finding] = []
    for path in assignment.files:
        reason = _obstacle(Path(tree), path)
        if reason and reason != "missing":
            hit = assignment.by_file(path)
            message = f"{reason}, so it is not packed. {_stake(assignment, hit)}"
            findings.append(Finding(Severity.FAULT, path, 0, message, tuple(d.id for d in hit), "irregular"))
    return findings


def _obstacle(tree: Path, path: str) -> str:
    """Why a listed file cannot be taken from a tree, or ""."""
    target = tree / path
    try:
        if not os.path.lexists(target):
            return "missing"
        if not target.resolve(strict=True).is_relative_to(tree.resolve()):
            return "a symbolic link that leads out of the folder (put the file itself here)"
        if not target.is_file():
            return "not a file"
        with target.open("rb"):
            return ""
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        return f"cannot be read: {getattr(error, 'strerror', None) or 'links in a circle'}"


def read_notebooks(tree: Path | str) -> dict[str, bytes]:
    """The notebooks at the top of a tree, by name; of one above NOTEBOOK_LIMIT just so much that it shows."""
    found: dict[str, bytes] = {}
    for path in sorted(Path(tree).glob("*.ipynb")):
        if not _obstacle(Path(tree), path.name):
            with path.open("rb") as stream:
                found[path.name] = stream.read(NOTEBOOK_LIMIT + 1)
    return found


def inspect_notebooks(notebooks: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """What is wrong with the notebooks. They are read as data; none of their code is run."""
    required = assignment.notebook == "required"
    if required and not notebooks:
        message = (
            "this assignment asks for your notebook (*.ipynb), and there is none beside models/. Put it there, or "
            "upload it beside the archive."
        )
        return [Finding(Severity.FAULT, "", 0, message, (), "notebook")]
    findings: list[Finding] = []
    for name, data in notebooks.items():
        weight, message = Severity.FAULT if required else Severity.WARNING, ""
        cells = _never_run(data)
        if assignment.notebook == "refused":
            weight, message = Severity.WARNING, "this assignment takes no notebooks, so it is not packed."
        elif len(data) > NOTEBOOK_LIMIT:
            message = f"is larger than {NOTEBOOK_LIMIT >> 20} MiB, so it is not packed. Clear the largest outputs."
        elif cells is None:
            message = "is no notebook that can be read (nbformat 4), so it is not packed. Save it again in Jupyter."
        elif cells:
            weight = Severity.UNUSABLE if required else weight
            message = f"not run: {_first(cells)}. Run all cells from the top, save, and start this again."
            message += " (Or move it elsewhere to pack without it.)" if required else ""
        if message:
            findings.append(Finding(weight, name, 0, message, (), "notebook"))
    return findings


def _never_run(data: bytes) -> list[str] | None:
    """The code cells of a notebook that were not run, in words; None where it cannot be read."""
    try:
        code = [cell for cell in json.loads(data)["cells"] if cell["cell_type"] == "code"]
        texts = ["".join(cell["source"]).strip() for cell in code]
        asked = [text and not PACKING.search(text) for text in texts]
        waiting = [i for i, cell in enumerate(code) if asked[i] and cell.get("execution_count") is None]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    lines = [_clean(texts[i].split("\n")[0])[:40] for i in waiting]
    return [f'code cell {i + 1} of {len(code)} ("{line}")' for i, line in zip(waiting, lines, strict=True)]


def _first(items: Sequence[str], count: int = 5) -> str:
    more = f" and {len(items) - count} more" if len(items) > count else ""
    return ", ".join(items[:count]) + more


def _packable(notebooks: Mapping[str, bytes], assignment: Assignment) -> dict[str, bytes]:
    """The notebooks that go into the archive."""
    taken = {} if assignment.notebook == "refused" else notebooks
    return {name: data for name, data in taken.items() if len(data) <= NOTEBOOK_LIMIT and _never_run(data) is not None}


def inspect_report(tree: Path | str) -> list[Finding]:
    """Warnings on the report, an upload of its own that `python -m workbench report` writes beside the tree."""
    text, pdf = _report(tree)
    try:
        content = text.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        made = pdf.stat().st_mtime if pdf.is_file() else None
        written = text.stat().st_mtime
    except OSError:
        return []
    name = f"{text.parent.name}/{text.name}"
    messages = []
    if waiting := open_questions(content):
        listed = ", ".join(f"{id} (line {line})" for id, line in waiting.items())
        messages.append(f"questions are still open: {listed}.")
    if made is None or made < written:
        state = "is older than it" if made else "is not there"
        messages.append(f"{pdf.name} {state}. To make it: python -m workbench report")
    return [Finding(Severity.WARNING, name, 0, message, (), "report") for message in messages]


def open_questions(text: str) -> dict[str, int]:
    """The questions of a report that are not answered yet, each with the line of its answer."""
    return {
        found[1]: text.count("\n", 0, found.start(2)) + 1
        for found in ANSWER.finditer(text)
        if found[2].strip() in ("", OPEN_ANSWER)
    }


def _report(tree: Path | str) -> tuple[Path, Path]:
    """Where the report's text and its PDF are, if there is one."""
    folder = Path(tree).resolve().parent / "report"
    return folder / "report.md", folder / "report.pdf"


def pack(
    files: Mapping[str, bytes],
    assignment: Assignment,
    ids: Sequence[str],
    out: Path | str,
    notebooks: Mapping[str, bytes] | None = None,
) -> Path:
    """Write files and notebooks into a zip and return its path.

    `out` is a file if it ends in .zip, else a folder, made if needed. The same files give the same bytes on any
    machine: nothing is compressed, since zlibs differ. The zip appears only when it is whole. ValueError when there
    is nothing to pack, OSError when writing fails.
    """
    paths = [path for path in sorted(assignment.files) if path in files and len(files[path]) <= LIMIT]
    members = {path: files[path] for path in paths}
    if not members:
        raise ValueError("there is no file to pack")
    members |= notebooks or {}
    members["manifest.json"] = _manifest(members, assignment, ids)
    target = Path(out)
    if target.is_dir() or target.suffix.lower() != ".zip":
        target /= archive_name(assignment, ids)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(partial, "w") as archive:
            for path, data in members.items():
                archive.writestr(_member(path), data)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _manifest(members: Mapping[str, bytes], assignment: Assignment, ids: Sequence[str]) -> bytes:
    sums = {path: hashlib.sha256(data).hexdigest() for path, data in members.items()}
    files = {path: {"sha256": sums[path], "size": len(data)} for path, data in members.items()}
    manifest = {"name": assignment.name, "version": assignment.version, "ids": list(ids), "files": files}
    return (json.dumps(manifest, indent=1) + "\n").encode("ascii")


def _member(path: str) -> zipfile.ZipInfo:
    """A zip entry that knows nothing of this machine: stored, 1 January 1980, mode 0644, as made on Unix."""
    member = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
    member.compress_type = zipfile.ZIP_STORED
    member.create_system = 3
    member.external_attr = 0o100644 << 16
    return member


def archive_name(assignment: Assignment, ids: Sequence[str]) -> str:
    """The archive's file name; without ids also without the mark before them."""
    if ids:
        return assignment.archive_name.replace("{ids}", "_".join(ids))
    name = re.sub(r"[-_. ]*\{ids\}", "", assignment.archive_name)
    return f"{assignment.name}.zip" if name.lower() == ".zip" else name


# Command line


def main(arguments: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _options(arguments)
    try:
        assignment = Assignment.load(_contract(options.tree))
    except (OSError, ValueError) as error:
        return _refuse(f"{error}\nUnpack the handout again, or name the folder with your work with --tree.")
    files = read_tree(options.tree, assignment)
    notebooks = read_notebooks(options.tree)
    findings = _all_findings(options, files, notebooks, assignment)
    print(f"{assignment.title} {assignment.version}")
    print(f"{len(files)} of {len(assignment.files)} files in {options.tree}\n")
    print("\n".join(map(_wrapped, findings)) or "No faults found.")
    faults = sum(finding.severity is Severity.FAULT for finding in findings)
    if any(finding.severity is Severity.UNUSABLE for finding in findings):
        advice = "Put right what is UNUSABLE" if files else "Name the folder with your work with --tree"
        return _refuse(f"Nothing was written. {advice}, and start this again.")
    if faults and options.strict:
        return _refuse(f"Nothing was written: with --strict a fault refuses. Faults: {faults}.")
    if options.check:
        print("\nOnly checked: nothing was written.")
        return 0
    try:
        archive = pack(files, assignment, options.id, options.out, _packable(notebooks, assignment))
    except (OSError, ValueError) as error:
        return _refuse(f"The archive could not be written: {error}\nName another place with --out.")
    _print_packed(files, _packable(notebooks, assignment), findings, assignment)
    _print_uploads(archive, options.tree, assignment, findings)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    student = Path(__file__).resolve().parent / "student"
    parser = argparse.ArgumentParser(description="Check your work and pack it for upload.")
    add = parser.add_argument
    add("--id", action="append", default=[], metavar="ID", help="your id; once for each member of a group")
    add("--tree", type=Path, default=student, help="the folder with your work (default: student)")
    add("--out", type=Path, default=Path(), help="a .zip file or a folder to write to (default: here)")
    add("--group-size", type=int, metavar="N", help="most ids in a group (default: the assignment's)")
    add("--check", action="store_true", help="only check, write nothing")
    add("--strict", action="store_true", help="write nothing if there is a fault")
    return parser.parse_args(arguments)


def _contract(tree: Path) -> Path:
    """assignment.json of the tree or, for a tree without one, of student/ beside this script."""
    for folder in (tree, Path(__file__).resolve().parent / "student"):
        if (folder / "assignment.json").is_file():
            return folder / "assignment.json"
    raise FileNotFoundError(f"There is no assignment.json in {tree}.")


def _all_findings(
    options: argparse.Namespace, files: Mapping[str, bytes], notebooks: Mapping[str, bytes], assignment: Assignment
) -> list[Finding]:
    """What is wrong with the ids, the tree, the files, the notebooks and the report, worst first."""
    odd = irregular(options.tree, assignment)
    there = {finding.file for finding in odd}
    found = [f for f in inspect(files, assignment) if f.rule != "missing" or f.file not in there]
    beside = [*inspect_notebooks(notebooks, assignment), *inspect_report(options.tree)]
    everything = [*_check_ids(options, assignment), *odd, *found, *beside]
    return sorted(everything, key=lambda finding: list(Severity).index(finding.severity))


def _check_ids(options: argparse.Namespace, assignment: Assignment) -> Iterator[Finding]:
    ids = options.id
    size = assignment.group_size if options.group_size is None else options.group_size
    for id in ids:
        if not re.fullmatch(assignment.id_pattern, id):
            wanted = assignment.id_help or f"what matches {assignment.id_pattern}"
            message = f'--id "{_clean(id)}" is not an id. Expected: {wanted}'
            yield Finding(Severity.UNUSABLE, "", 0, message, (), "id")
    if not (ids or options.check) and "{ids}" in assignment.archive_name:
        message = "the archive carries no id. Name yourself with --id YOUR_ID."
        yield Finding(Severity.WARNING, "", 0, message, (), "id")
    if len(set(ids)) < len(ids):
        message = "the same --id is given twice. Name each of you once."
        yield Finding(Severity.UNUSABLE, "", 0, message, (), "id")
    if len(ids) > max(size, 0) or size < 1:
        message = f"{len(ids)} ids are given, but a group has at most {size}."
        yield Finding(Severity.UNUSABLE, "", 0, message, (), "group")
    elif size > assignment.group_size:
        message = f"--group-size {size}: groups here have at most {assignment.group_size}. Have you asked?"
        yield Finding(Severity.WARNING, "", 0, message, (), "group")


def _wrapped(finding: Finding) -> str:
    name = finding.severity.value
    return textwrap.fill(
        f"{name if finding.severity is Severity.WARNING else name.upper()}: {finding}",
        WIDTH,
        subsequent_indent="    ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _refuse(message: str) -> int:
    print()
    for line in message.split("\n"):
        print(textwrap.fill(line, WIDTH, break_on_hyphens=False, break_long_words=False))
    return 1


def _print_packed(
    files: Mapping[str, bytes], notebooks: Collection[str], findings: Sequence[Finding], assignment: Assignment
) -> None:
    width = max(map(len, (*assignment.files, *notebooks)))
    waiting = [file for file, _ in not_started(files, assignment).values()]
    print("\nPacked:")
    for path in assignment.files:
        faults = [f for f in findings if f.file == path and f.severity is Severity.FAULT]
        left_out = path not in files or len(files[path]) > LIMIT
        state = _state(left_out, bool(faults), waiting.count(path), len(assignment.by_file(path)))
        print(f"  {path:{width}}  {state}")
    for name in notebooks:
        state = "cells not run, see above" if any(f.file == name for f in findings) else "all code cells were run"
        print(f"  {name:{width}}  {state}")


def _print_uploads(archive: Path, tree: Path, assignment: Assignment, findings: Sequence[Finding]) -> None:
    print(f"\n{archive.name} ({-(-archive.stat().st_size // 1024)} KiB) is in {archive.resolve().parent}")
    print(f"Now upload it: {assignment.upload}")
    text, pdf = _report(tree)
    if text.is_file():
        print(f"Your report is an upload of its own: {pdf}")
        if any(finding.rule == "report" for finding in findings):
            print("It is not ready yet, see above.")
    if count := sum(finding.severity is Severity.FAULT for finding in findings):
        print(f"Faults that cost points: {count}. If there is time: mend them, pack and upload again.")
    print("The tests were not run: python -m tests")


def _state(left_out: bool, fault: bool, waiting: int, total: int) -> str:
    if left_out:
        return "NOT PACKED, see above"
    if fault:
        return "fault, see above"
    if not waiting:
        return "no TODO left, no fault seen"
    return "not started" if waiting == total else f"{waiting} of {total} deliverables not started"


if __name__ == "__main__":
    sys.exit(main())
