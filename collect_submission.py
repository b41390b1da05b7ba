"""Check your work and pack it for upload.

    python collect_submission.py --id YOUR_ID

It reads the files that are graded, says with file and line what would cost points, and writes one zip file.
None of your code is run. What it finds has one of three weights:

unusable   nothing could be graded, or the id or the group is wrong: no zip is written
fault      costs the tests that need this code; packed all the same, so that you can always hand in
warning    worth knowing

The autograder imports this file and makes the very same checks. About refused names: a deliverable answers
for the class or function that holds its code and for all that this code mentions by name, directly or not, in
the same file or imported from another listed one; so one file may hold deliverables with different lists. All
that runs when a file is imported counts for every deliverable of that file and of the files that import it.

Attributes of the student's own objects may have any name. Only where the code hands on a whole module (`f(torch)`,
`vars(torch)`, `globals()`) any object may be that module, so there such names are refused, in strings as well.
What is not found is a name that is computed while the code runs (`getattr(torch, "ls" + "tm")`).

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
MAX_TEXT = 100  # characters of a string that is read as names
BUILTIN_BUILDERS = {"exec", "eval", "compile", "__import__"}
BUILDERS = (  # what else makes code from text, or finds a module or function by a name in text
    "*.exec", "*.__import__", "*.import_module", "builtins.*", "*.builtins.*",
    "*.__builtins__", "__builtins__", "*.__self__.*",
    "*.CompilationUnit", "*.FunctionType", "*.LambdaType", "*.CodeType", "*.load_inline",
    "*.get_type_hints", "*.get_annotations", "*.evaluate_forward_ref", "*.ForwardRef", "*.__annotations__",
    "__annotations__", "torch.fx.*", "torch.hub.*", "torch.library.*", "torch.overrides.*", "torch.package.*",
    "torch.utils.cpp_extension.*",
)  # fmt: skip
# Decorators that do not call what they decorate.
DECORATES_ONLY = {
    "property", "staticmethod", "classmethod", "torch.no_grad", "torch.inference_mode", "torch.enable_grad",
    "dataclasses.dataclass", "functools.cache", "functools.cached_property", "functools.lru_cache", "functools.wraps",
    "abc.abstractmethod", "contextlib.contextmanager", "typing.overload", "typing.override", "typing.final",
}  # fmt: skip
# Functions that Python calls when a class is made or a module is asked for a name.
RUN_BY_PYTHON = {
    "__init_subclass__",
    "__set_name__",
    "__class_getitem__",
    "__mro_entries__",
    "__prepare__",
    "__getattr__",
}
# Attributes that lead out of plain objects, builtins that give names as data, and names with underscores that do not.
DEEP = {
    "sys", "builtins", "importlib", "inspect", "gc", "torch", "gi_frame", "cr_frame", "ag_frame", "tb_frame", "f_back",
    "f_globals", "f_locals", "f_builtins",
}  # fmt: skip
GIVES_NAMES = {"globals", "locals", "vars"}
PLAIN = {
    "__init__", "__class__", "__name__", "__qualname__", "__doc__", "__version__", "__call__", "__len__", "__repr__",
    "__str__", "__iter__", "__next__", "__getitem__", "__setitem__", "__setattr__", "__new__", "__post_init__",
}  # fmt: skip
# Of what is in KNOWN, NAMESPACES lists all that is no function, class or number (tests compare it with torch).
KNOWN = {"torch", "torch.nn", "torch.nn.functional", "torch.nn.init"}
NAMESPACES = {
    "F", "accelerator", "amp", "ao", "attention", "autograd", "backends", "classes", "common_types", "compiler",
    "contrib", "cpp", "cpu", "cuda", "distributed", "distributions", "export", "fft", "func", "functional",
    "futures", "fx", "grad", "hub", "init", "intrinsic", "jit", "library", "linalg", "masked", "modules", "monitor",
    "mps", "mtia", "multiprocessing", "nativert", "nested", "nn", "np", "onnx", "numa", "ops", "optim", "overrides",
    "package", "parallel", "parameter", "profiler", "qat", "quantizable", "quantization", "quantized",
    "quasirandom", "return_types", "serialization", "sparse", "special", "storage", "testing", "torch",
    "torch_version", "types", "utils", "version", "windows", "xpu",
}  # fmt: skip
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
BREAKS_A_FILE = ("encoding", "syntax", "import")  # rules whose faults keep a file from running; see `Assignment.strict`
SAVE_AS_UTF8 = (
    "Save it as UTF-8: in VS Code click the encoding at the bottom right and choose Save with Encoding; in other "
    "editors Save As asks for it."
)
T = TypeVar("T")


# The contract: assignment.json


@dataclass(frozen=True)
class Function:
    """A function of the contract, named like "LSTM.forward".

    `parameters` are written as in the source without annotations ("states=None"); `untouched` is its
    fingerprint as handed out, or None where that says nothing. No test calls an `optional` one.
    """

    name: str
    parameters: tuple[str, ...]
    untouched: str | None
    optional: bool = False


@dataclass(frozen=True)
class Deliverable:
    """What is graded as one piece; `by_name` are the parameters of its functions that tests give by name."""

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
    by_name: tuple[str, ...] = ()


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
    out          a place where the archive is not written
    missing      a file, or a class or function in it
    irregular    a file that is there and cannot be taken
    size         a file above LIMIT, or with more or deeper code than is read
    encoding     a file that is not UTF-8; a fault where Python cannot read it
    syntax       a file that Python cannot read
    signature    a function that cannot be called as it is tested, or has other defaults
    import       a module that is not there in grading
    refused      a name that a deliverable refuses, or code that builds code
    output       something printed, or input asked for
    notebook     one that is asked for and not there, not taken, or not run
    report       open questions in it, or a PDF that is not up to date
    not-started  a deliverable that is as handed out
    unfinished   one that is started, with functions in which NotImplementedError is still raised or nothing is written
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


def unreadable(data: bytes) -> str:
    """Why Python cannot read a source file, whatever its code, or ""; its words follow the file's name."""
    (text, encoding), declared = _decode(data), _declared(data)
    if encoding in ("utf-16", "utf-32"):
        return f"saved as {encoding.upper()}, which Python cannot read."
    if b"\0" in data:
        return "holds null bytes, as if saved as UTF-16, and Python cannot read it."
    if encoding == declared.removesuffix("-sig"):
        return ""
    if declared.startswith("utf-8"):
        words = "not saved as UTF-8 but perhaps as Windows-1252 or Latin-1, and Python cannot read it."
        return "" if _is_ascii_but_for_comments(text) else words
    return "a comment in its first lines declares an encoding in which it cannot be read. Delete that comment."


def _is_ascii_but_for_comments(text: str) -> bool:
    """Whether Python imports a file of this text in any encoding: it does not look into comments."""
    try:
        words = tokenize.generate_tokens(io.StringIO(text).readline)
        return all(word.string.isascii() for word in words if word.type != token.COMMENT)
    except (tokenize.TokenError, SyntaxError):
        return False


def _decode(data: bytes) -> tuple[str, str]:
    """The text and the name of the encoding that it was read in."""
    wide = next((name for mark, name in _WIDE.items() if data.startswith(mark)), None)
    for encoding in (wide or _declared(data) or "utf-8-sig", "utf-8-sig", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        text = text.lstrip("\ufeff")  # a second BOM would be the first one of the copy that Python reads
        return text.replace("\r\n", "\n").replace("\r", "\n"), encoding.removesuffix("-sig")
    raise AssertionError("latin-1 reads everything")


_WIDE = {  # the longer marks first: one begins with another
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def _declared(data: bytes) -> str:
    """The encoding that BOM or coding comment declare, else UTF-8; "" for one that does not read ASCII as ASCII."""
    probe = r"\u0041 \\ +AEE- xn--a"  # utf-7, unicode_escape and the like make something else of this
    try:
        name = codecs.lookup(tokenize.detect_encoding(io.BytesIO(data).readline)[0]).name
        return name if probe.encode("ascii").decode(name) == probe else ""
    except SyntaxError as error:  # without a comment it complains of what is no UTF-8, which `_decode` sees
        return "utf-8-sig" if "missing" in str(error) else ""
    except (LookupError, ValueError):
        return ""


def original(path: str) -> str:
    """The path that a copy's path was made from by a browser, a system or an editor; every other path as it is.

    For example "Encoder (1).py", "Encoder-1.py", "Encoder copy.py" and "Encoder.py.txt" come from "Encoder.py".
    """
    return _COPY.sub(".py", path)


_COPY = re.compile(r"( ?\(\d+\)|-\d+| \d+|( -)? ([Cc]opy|Kopie)( \d+| \(\d+\))?)?\.py(\.txt)?$")


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
    script: tuple[ast.stmt, ...] = ()
    error: SyntaxError | None = None
    excess: str = ""
    _scopes: dict[ast.ClassDef | None, dict[str, ast.stmt]] = field(default_factory=dict, compare=False)
    _definitions: dict[str, Definition | None] = field(default_factory=dict, compare=False)
    _names: dict[str, _Names] = field(default_factory=dict, compare=False)
    _readers: dict[str, _Reader] = field(default_factory=dict, compare=False)

    @classmethod
    @functools.lru_cache(maxsize=16)  # a submission's files: preflight, `not_started` and `place` read the same
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
                script = tuple(filter(_is_script, body))
                return cls(lines, tuple(node for node in body if node not in script), script, first)
            except SyntaxError as error:
                first = first or error
                _blank(kept, error.lineno or 1)
            except (RecursionError, MemoryError):  # how deep is too deep depends on who calls: say the same always
                return cls(lines, excess=TOO_DEEP)
            except ValueError as error:  # a null byte
                first = first or SyntaxError(str(error))
                break
        return cls(lines, error=first)

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
            self._names[path] = _Names(self.body, self.nodes, path)
        return self._names[path]

    def reader(self, path: str) -> _Reader:
        """What each statement of this source uses, standing at this path."""
        if path not in self._readers:
            self._readers[path] = _Reader(self.body, self.names(path))
        return self._readers[path]

    def with_script(self) -> _Source:
        """The same file with what looks like a script as code like any other."""
        return _Source(self.lines, self.body + self.script, (), self.error, self.excess)

    @functools.cached_property
    def nodes(self) -> list[ast.AST]:
        """All pieces of syntax of the body."""
        return [node for statement in self.body for node in ast.walk(statement)]

    def sets_name(self) -> bool:
        """Whether the file may set a module's `__name__`, so that what looks like a script runs in grading."""
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


def _is_script(statement: ast.stmt) -> bool:
    """`if __name__ == "__main__":` without else, which does not run in grading."""
    return isinstance(statement, ast.If) and not statement.orelse and ast.dump(statement.test) == _IS_SCRIPT


def _sets_name(node: ast.AST) -> bool:
    """Whether `__name__` stands here in any way but to be read."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        return not isinstance(node.ctx, ast.Load) and _last_word(node) == "__name__"
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and "__name__" in node.value
    named = (getattr(node, word, None) for word in ("name", "asname", "arg", "rest"))
    return "__name__" in named or "__name__" in getattr(node, "names", ())


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


class _Place(NamedTuple):
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
        """Whether a name is one of the functions around it."""
        return isinstance(name, ast.Name) and any(name.id in names for names in self.local)


class _Part:
    """What of a top-level statement runs when its file is imported or, the other part, when it is used.

    `names` are names of the file that it mentions; `runs` says that it may do more than give names to things.
    """

    def __init__(self) -> None:
        self.uses: list[_Use] = []
        self.names: set[str] = set()
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.runs = False


class _Alias(NamedTuple):
    """What an import or an assignment makes a name stand for; `at_top` for an import that always runs."""

    line: int
    dotted: str
    at_top: bool = False


class _Names:
    """Resolves the names of one file through its imports."""

    def __init__(self, body: Sequence[ast.stmt], nodes: Sequence[ast.AST], path: str) -> None:
        self.bound = _bound(body)
        self.imports = [node for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
        self.aliases: dict[str, list[_Alias]] = {}
        top = set(body)
        for node in self.imports:
            for name, dotted in _imported(node, path):
                self.aliases.setdefault(name, []).append(_Alias(node.lineno, dotted, node in top))
        self.aliased: set[ast.expr] = set()
        self._follow_assignments(nodes)
        deleted = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)}
        always = _bound(node for node in body if isinstance(node, (*_Scope, ast.Assign)))
        self._own = {name: node for name, node in always.items() if name not in deleted}
        self.rebound = _rebound(nodes)
        self._words, self._beginnings = _own_words(nodes, {node.name for node in body if isinstance(node, _Scope)})
        self.eager = any(self._is_eager(node) for node in nodes)
        self._first_call = min((node.lineno for node in body if _calls(node)), default=sys.maxsize)

    def _follow_assignments(self, nodes: Iterable[ast.AST]) -> None:
        """Let `nn = torch.nn` count as an import, wherever it stands but in a class, where it makes an attribute."""
        in_class = {each for node in nodes if isinstance(node, ast.ClassDef) for each in _statements(node.body)}
        room = MAX_MEANINGS
        for node in nodes:
            if isinstance(node, ast.Assign) and node not in in_class:
                root, words, _ = _chain(node.value)
                found = self.aliases.get(root.id, []) if isinstance(root, ast.Name) else []
                named = [target.id for target in node.targets if isinstance(target, ast.Name)]
                dotted = [".".join([alias.dotted, *words]) for alias in found]
                new = [_Alias(node.lineno, each) for each in dotted if _is_namespace(each)]
                room -= sum(len(alias.dotted) for alias in new) * len(named)
                if new and len(named) == len(node.targets) and room >= 0:
                    self.aliased.add(node.value)
                    for name in named:
                        self.aliases.setdefault(name, []).extend(new)

    def _is_eager(self, node: ast.AST) -> bool:
        """Whether functions may run although nothing calls them: when a class is made, or a module is asked."""
        if isinstance(node, ast.ClassDef):
            made_by = [_chain(keyword.value).root for keyword in node.keywords]
            return not all(isinstance(root, ast.Name) and root.id in self.aliases for root in made_by)
        return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in RUN_BY_PYTHON

    def has(self, word: str) -> bool:
        """Whether the file gives its own objects an attribute of this name."""
        return word in self._words or word.startswith(self._beginnings)

    def resolve(self, name: ast.Name, place: _Place) -> tuple[str, ...]:
        """The dotted names that a bare name stands for: none for the file's own, itself for a builtin."""
        found = self.aliases.get(name.id, [])
        if place.has(name):
            return tuple(alias.dotted for alias in found)
        builtin = [] if any(alias.at_top for alias in found) else [name.id]
        stars = self.aliases.get("*", [])
        found = found + [_Alias(star.line, f"{star.dotted}.{name.id}", star.at_top) for star in stars]
        own = self._own.get(name.id)
        if own and self._hides(own, name, place):
            return tuple(alias.dotted for alias in found if not alias.at_top or alias.line > own.lineno)
        return (*builtin, *(alias.dotted for alias in found))

    def _hides(self, own: ast.stmt, name: ast.Name, place: _Place) -> bool:
        """Whether a name stands for a definition at the top of the file here, and not for an import above it."""
        if place.late and own.lineno < self._first_call:
            return True
        start = (own.body[0].lineno, own.body[0].col_offset) if isinstance(own, _Scope) else (own.lineno + 1, 0)
        return (name.lineno, name.col_offset) >= start

    def handed_on(self, name: str) -> _Use:
        """What another file gets under this name where this file has imported it itself."""
        found = self.aliases.get(name, []) + self.aliases.get("*", [])
        node = ast.Name(name, ast.Load(), lineno=sys.maxsize, col_offset=0)  # as the end of the file sees it
        dotted = tuple(each for each in self.resolve(node, _Place()) if found and each != name)
        return _Use(node, found[0].line if found else 1, name, dotted, loose=any(map(_is_namespace, dotted)))

    def origin(self, use: _Use, dotted: str) -> int:
        """The line of the import by which a use stands for a dotted name."""
        found = self.aliases.get(use.spelled.split(".")[0], []) + self.aliases.get("*", [])
        return next((alias.line for alias in found if dotted.startswith(alias.dotted)), use.line)


class _Reader:
    """Reads the top-level statements of one file: what each uses, and when.

    Attributes:
        parts: a statement -> what runs with the import of the file, and what when somebody uses what it defines.
        binders: a name -> the statements that give it a meaning.
        full: there is more than is read.
    """

    def __init__(self, body: Sequence[ast.stmt], names: _Names) -> None:
        self._names = names
        self._room = 2 * MAX_MEANINGS  # of all its code: a deliverable answers for a part of it
        self.parts = {statement: self._read(statement) for statement in body}
        self.full = self._room < 0
        self.binders: dict[str, list[ast.stmt]] = {}
        for statement in () if self.full else body:
            for name in _stored([statement])[0]:
                self.binders.setdefault(name, []).append(statement)

    def _read(self, statement: ast.stmt) -> tuple[_Part, _Part]:
        """What runs when the file is imported, and what when somebody uses what the statement defines."""
        now, late = _Part(), _Part()
        stack: list[tuple[ast.AST, _Place]] = [(statement, _Place())]
        while stack and self._room >= 0:
            node, place = stack.pop()
            part = late if place.late else now
            self._note(node, place, part)
            uses = [*self._uses(node, place)]
            part.uses += uses
            self._room -= sum(len(use.dotted) for use in uses if not use.text)
            if not isinstance(node, (ast.Name, ast.Import, ast.ImportFrom)):
                stack += [*self._inside(node, place)][::-1]
        return now, late

    def _note(self, node: ast.AST, place: _Place, part: _Part) -> None:
        """Note all of a piece of syntax but the names that it uses."""
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            part.imports.append(node)
        elif isinstance(node, ast.Name) and not place.has(node):
            part.names.add(node.id)
        elif isinstance(node, ast.Call):
            part.runs |= not self._decorates_only(node.func, place)
        elif isinstance(node, (ast.Await, ast.AugAssign)):
            part.runs = True
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            part.runs |= not isinstance(node.ctx, ast.Load)
        elif isinstance(node, _Scope):
            part.runs |= self._runs_at_once(node, place)

    def _runs_at_once(self, node: ast.stmt | ast.Lambda, place: _Place) -> bool:
        """Whether the code of a function or class may run where it is defined: what decorates it may call it."""
        roots = [each.func if isinstance(each, ast.Call) else each for each in getattr(node, "decorator_list", [])]
        return self._names.eager or place.at_once or not all(self._decorates_only(root, place) for root in roots)

    def _decorates_only(self, node: ast.expr, place: _Place) -> bool:
        """Whether a function runs no code that it is given; its name must have no other meaning in the whole file."""
        root, words, _ = _chain(node)
        known = isinstance(root, ast.Name) and root.id not in self._names.rebound
        roots = self._names.resolve(root, place) if isinstance(root, ast.Name) and known else ()
        return bool(roots) and DECORATES_ONLY.issuperset(".".join([each, *words]) for each in roots)

    def _inside(self, node: ast.AST, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
        """The pieces of a piece of syntax and where they stand; of `a.b.c` only `a`, for `_uses` has seen the rest."""
        value = place._replace(role="type" if place.role == "type" else "")
        dot = place._replace(role="dot")
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from self._inside_function(node, value)
        elif isinstance(node, ast.ClassDef):
            inner = value._replace(in_class=True, at_once=self._runs_at_once(node, place))
            yield from ((each, value) for each in [*node.decorator_list, *node.bases, *node.keywords])
            yield from ((each, inner) for each in node.body)
        elif isinstance(node, _Comprehension):
            inner = value._replace(
                local=(*place.local, frozenset(_stored([each.target for each in node.generators])[0]))
            )
            yield node.generators[0].iter, value
            yield from ((each, inner) for each in _in_comprehension(node))
        elif isinstance(node, (ast.Attribute, ast.Call)) and (chain := _chain(node)).words:
            yield chain.root, dot
            yield from ((each, value) for each in chain.beside)
        elif isinstance(node, ast.Attribute):
            yield node.value, dot
        elif isinstance(node, ast.Call):
            yield node.func, value._replace(role="(...)" if node.args or node.keywords else "()")
            looks_up = isinstance(node.func, ast.Name) and node.func.id in ("getattr", "hasattr")
            yield from ((each, dot if looks_up and each is node.args[0] else value) for each in node.args)
            yield from ((keyword.value, value) for keyword in node.keywords)
        elif isinstance(node, ast.AnnAssign):
            yield from ((each, value) for each in (node.target, node.value) if each)
            yield self._annotation(node.annotation, value)
        elif isinstance(node, ast.Assign) and node.value in self._names.aliased:
            yield from ((each, value) for each in node.targets)
            yield node.value, dot
        elif isinstance(node, ast.MatchClass):
            yield node.cls, dot
            yield from ((each, value) for each in [*node.patterns, *node.kwd_patterns])
        elif isinstance(node, ast.Constant) and place.role == "type" and isinstance(node.value, str):
            yield from ((each, value) for each in _parsed(node))
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):  # a docstring says nothing
            yield from ((each, value) for each in ast.iter_child_nodes(node) if not isinstance(each, ast.expr_context))

    def _inside_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, place: _Place
    ) -> Iterator[tuple[ast.AST, _Place]]:
        defaults = [*node.args.defaults, *(each for each in node.args.kw_defaults if each)]
        yield from ((each, place) for each in [*getattr(node, "decorator_list", []), *defaults])
        arguments = _arguments(node)
        annotations = [*(argument.annotation for argument in arguments), getattr(node, "returns", None)]
        yield from (self._annotation(each, place) for each in annotations if each)
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        stored, elsewhere = _stored(body)
        names = frozenset((stored - elsewhere).union(argument.arg for argument in arguments))
        me = "" if place.me in names else place.me
        if place.in_class and arguments and arguments[0].arg not in stored:
            me = arguments[0].arg
        at_once = self._runs_at_once(node, place) or (place.in_class and isinstance(node, ast.Lambda))
        inner = _Place(place.late or not at_once, "", (*place.local, names), me)
        yield from ((each, inner) for each in body)

    def _annotation(self, node: ast.expr, place: _Place) -> tuple[ast.AST, _Place]:
        """Where an annotation stands: one that only names types does nothing until something asks for it."""
        acts = any(isinstance(each, (ast.Call, ast.NamedExpr, ast.Await, *_Comprehension)) for each in ast.walk(node))
        return node, place._replace(role="" if acts else "type", late=place.late or not acts)

    def _uses(self, node: ast.AST, place: _Place) -> Iterator[_Use]:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield self._bare(node, place)
        elif isinstance(node, (ast.Attribute, ast.Call)) and (chain := _chain(node)).words:
            yield from self._dotted(node, chain, place)
        elif isinstance(node, ast.Call) and _last_word(node.func) in ("attrgetter", "methodcaller"):
            for each in node.args:
                if isinstance(each, ast.Constant):
                    yield _Use(each, each.lineno, repr(each.value), (f"?.{each.value!s}",), own="name")
        elif isinstance(node, ast.Call) and _last_word(node.func) == "getattr" and any(map(place.has, node.args[1:2])):
            hands_on = [use for use in self._uses(node.args[0], place._replace(role="")) if use.loose]
            yield from (use._replace(node=node, dotted=(), base=None) for use in hands_on[:1])
        elif isinstance(node, ast.MatchClass):
            for word in node.kwd_attrs:
                yield _Use(node, node.cls.lineno, f"{word}=", (f"?.{word}",), own="name")
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and place.in_class:
            yield _Use(node, node.lineno, "an import", (), loose=True)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if place.role == "type" and len(node.value) > MAX_TEXT:
                yield _Use(node, node.lineno, "so long an annotation", ("eval",))
            elif _IS_NAME.fullmatch(node.value):
                yield _Use(node, node.lineno, repr(node.value), (f"?.{node.value}",), text=True)

    def _bare(self, node: ast.Name, place: _Place) -> _Use:
        dotted = self._names.resolve(node, place)
        imported = {alias.dotted for alias in self._names.aliases.get(node.id, [])}
        hands_on = place.role == "" and any(_is_namespace(each) for each in dotted if each in imported or "." in each)
        asks = node.id in GIVES_NAMES and node.id in dotted
        called = place.role if "(" in place.role else ""
        return _Use(node, node.lineno, node.id, dotted, called=called, loose=hands_on or asks)

    def _dotted(self, node: ast.expr, chain: _Chain, place: _Place) -> Iterator[_Use]:
        """An attribute, and after it all that stands before one of its dots."""
        root, words = chain.root, chain.words
        name = root.id if isinstance(root, ast.Name) else "(...)"
        known = name in self._names.aliases or ("*" in self._names.aliases and not place.has(root))
        roots = (self._names.resolve(root, place) if isinstance(root, ast.Name) else ()) or ("?",)
        for count in range(len(words), 0, -1):
            rest = ".".join(words[:count])
            dotted = tuple(f"{each}.{rest}" for each in roots)
            base = node.value if isinstance(node, ast.Attribute) else node.args[0]  # type: ignore[attr-defined]
            whole = count == len(words)
            own = "" if known else "me" if count == 1 and name == place.me else "name"
            called = place.role if whole and "(" in place.role else ""
            deep = _goes_deep(words) or (known and any(map(_is_private, words[:-1] if called else words)))
            loose = deep or (known and place.role == "" and any(map(_is_namespace, dotted)))
            yield _Use(node, node.lineno, f"{name}.{rest}", dotted, base, own, called, loose=whole and loose)
            node = base


_Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_IS_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def _in_comprehension(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Iterator[ast.AST]:
    """All parts of a comprehension but its first iterable, which alone does not see the comprehension's names."""
    for number, generator in enumerate(node.generators):
        yield from [generator.target, *generator.ifs, *([generator.iter] if number else [])]
    yield from [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.arg]:
    arguments = function.args
    others = [each for each in (arguments.vararg, arguments.kwarg) if each]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *others]


def _stored(body: Iterable[ast.AST]) -> tuple[set[str], set[str]]:
    """The names that code binds, functions and comprehensions in it left out, and those it declares as not its own."""
    bound: set[str] = set()
    elsewhere: set[str] = set()
    stack = [*body]
    while stack:
        node = stack.pop()
        if isinstance(node, _Scope):
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
        if not isinstance(node, (*_Scope, ast.Lambda, *_Comprehension)):
            stack += ast.iter_child_nodes(node)
    return bound, elsewhere


def _rebound(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that anything but an import binds, wherever it stands."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif not isinstance(node, ast.alias):
            bound = (getattr(node, word, None) for word in ("name", "arg", "rest"))
            names.update(name for name in bound if isinstance(name, str))
    return names


def _own_words(nodes: Iterable[ast.AST], classes: Collection[str]) -> tuple[set[str], tuple[str, ...]]:
    """The names that a file gives to attributes of its own objects, and beginnings of such names (f"W_{gate}").

    A class at the top of the file is reached through no object: a string with its name says nothing of an attribute.
    """
    words: set[str] = set()
    beginnings: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            words.update(_bound(node.body))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            words.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            words.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= MAX_TEXT:
            words.update(set(re.findall(r"\w+", node.value)).difference(classes))
        elif isinstance(node, ast.JoinedStr):
            pieces = (each.value for each in node.values if isinstance(each, ast.Constant))
            beginnings.update(piece for piece in pieces if isinstance(piece, str) and piece.isidentifier())
    return words, tuple(beginnings)


class _Chain(NamedTuple):
    """`a.b.c` or `getattr(a.b, "c")`: what it begins with, the words after that, and what else stands in brackets."""

    root: ast.expr
    words: list[str]
    beside: list[ast.AST]


def _chain(node: ast.expr) -> _Chain:
    """Take a dotted name apart; there are no words where the code is something else."""
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
            return _Chain(node, words[::-1], beside)


def _asked(node: ast.Call) -> str:
    """The word that a `getattr` asks for, if it is written out."""
    asks = isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) > 1
    word = node.args[1] if asks else None
    return word.value if isinstance(word, ast.Constant) and isinstance(word.value, str) else ""


def _last_word(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _parsed(text: ast.Constant) -> list[ast.expr]:
    """What an annotation says that is written as a string."""
    try:
        tree = ast.parse(str(text.value)[:MAX_TEXT].strip(), mode="eval", feature_version=OLDEST).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.lineno = text.lineno
    return [tree]


def _goes_deep(words: Sequence[str]) -> bool:
    """Whether attributes lead out of plain objects: into frames, other modules and the insides of objects."""
    return not DEEP.isdisjoint(words) or any(re.fullmatch("__.*__", word) and word not in PLAIN for word in words)


def _is_private(word: str) -> bool:
    return word.startswith("_") and word not in PLAIN


@functools.lru_cache(maxsize=4096)
def _is_namespace(dotted: str) -> bool:
    """Whether a dotted name may stand for a module or the like, not for a function, class or number in one."""
    parent, _, last = dotted.rpartition(".")
    if last.startswith("_") or last in NAMESPACES or dotted in KNOWN or not parent:
        return True
    if last[0].isupper():
        return False  # a class
    return last in sys.stdlib_module_names or (dotted.startswith("torch.") and parent not in KNOWN)


def _calls(statement: ast.stmt) -> bool:
    """Whether a statement may call something when its file is imported."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call) or getattr(node, "decorator_list", []) or getattr(node, "keywords", []):
            return True
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack += node.args.defaults + [each for each in node.args.kw_defaults if each]
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
            module = _module(node, path)
            yield alias.asname or alias.name, module if alias.name == "*" else f"{module}.{alias.name}"


def _module(node: ast.ImportFrom, path: str) -> str:
    """The absolute name of the module that a file at this path imports from."""
    here = PurePosixPath(path).parts[: -node.level] if node.level else ()
    return ".".join([*here, *([node.module] if node.module else [])])


def _refuses(pattern: str, dotted: str) -> bool:
    """Whether "torch.nn.RNN*" refuses a name: by all of it or by its last word, since any object may be torch."""
    base, _, word = dotted.rpartition(".")
    last = pattern.rpartition(".")[2]
    by_last_word = base != "" and last.strip("*?") != "" and fnmatch.fnmatchcase(word, last)
    return by_last_word or fnmatch.fnmatchcase(dotted, pattern)


def _builds_code(dotted: str) -> bool:
    """Whether a name makes code from text, or finds code by a name in text."""
    return dotted in BUILTIN_BUILDERS or any(fnmatch.fnmatchcase(dotted, pattern) for pattern in BUILDERS)


class _Reach:
    """The parts of one file that a deliverable answers for: of ever more names, each told once."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._reached: set[ast.stmt] = set()
        self._asked: set[str] = set()
        self._imported = False

    def add(self, names: Iterable[str]) -> list[_Part]:
        """What is new: all that runs when the file is imported, and what these names and those in it stand for."""
        new: list[_Part] = []
        waiting = [*names]
        if not self._imported:
            self._imported = True
            for statement, (now, _) in self._reader.parts.items():
                new.append(now)
                if now.runs:
                    waiting += now.names
                    inside = _statements(statement.body) if isinstance(statement, ast.ClassDef) else ()
                    own = {each.name for each in inside if isinstance(each, _Scope)}
                    if not isinstance(statement, _Scope) or now.names.intersection(own):
                        self._reach(statement, new, waiting)
        while waiting:
            name = waiting.pop()
            if name not in self._asked:
                self._asked.add(name)
                for statement in self._reader.binders.get(name, []):
                    self._reach(statement, new, waiting)
        return new

    def _reach(self, statement: ast.stmt, new: list[_Part], waiting: list[str]) -> None:
        if statement not in self._reached:
            self._reached.add(statement)
            now, late = self._reader.parts[statement]
            new.append(late)
            waiting += now.names | late.names


def _homes(deliverable: Deliverable) -> list[str]:
    """The classes and functions of its file that hold a deliverable's code."""
    return [function.name.split(".")[0] for function in deliverable.functions]


# Preflight


def inspect(files: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """All there is to say about the listed files, worst first; other files are not looked at.

    `files` maps contract paths ("models/naive/LSTM.py") to contents. Never raises, whatever the bytes.
    """
    everything = tuple(deliverable.id for deliverable in assignment.deliverables)
    if not any(path in files for path in assignment.files):
        message = f"no file of this assignment is here: expected {assignment.files[0]} and so on."
        return [Finding(Severity.UNUSABLE, "", 0, message, everything, "nothing")]
    sources = _sources(files, assignment)
    findings = [f for path in assignment.files for f in _inspect_file(path, files.get(path), sources[path], assignment)]
    findings += _inspect_names(sources, assignment)
    waiting = not_started(files, assignment)
    if len(waiting) == len(everything):
        message = "NOTHING IS STARTED. All is as it was handed out: this would score 0 points."
        findings.append(Finding(Severity.WARNING, "", 0, message, everything, "not-started"))
    else:
        for id, (file, line) in waiting.items():
            deliverable = assignment.deliverable(id)
            message = f"{deliverable.number} {deliverable.title} is not started ({_points([deliverable])})."
            findings.append(Finding(Severity.WARNING, file, line, message, (id,), "not-started"))
    for id, gaps in unfinished(files, assignment).items():
        deliverable = assignment.deliverable(id)
        message = f"{deliverable.number} {deliverable.title} is unfinished: {_gaps_in_words(gaps)}."
        stake = _stake(assignment, [deliverable]).replace("Costs ", "Costs up to ", 1)
        message = f"{message} {stake}"
        findings.append(Finding(Severity.WARNING, deliverable.file, gaps[0].line, message, (id,), "unfinished"))
    weights, places = list(Severity), ["", *assignment.files]
    return sorted(findings, key=lambda f: (weights.index(f.severity), places.index(f.file), f.line))


def not_started(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, tuple[str, int]]:
    """The deliverables whose code is as handed out: id to (file, line of the work as `place` finds it)."""
    waiting: dict[str, tuple[str, int]] = {}
    for path in assignment.files:
        source = _source(files, path)
        for deliverable in assignment.by_file(path):
            if not _is_started(source, deliverable):
                waiting[deliverable.id] = path, _place(source, deliverable)
    return {d.id: waiting[d.id] for d in assignment.deliverables if d.id in waiting}


class Gap(NamedTuple):
    """A function in which work is left: the line of its `raise NotImplementedError`, or where nothing is written."""

    function: str
    line: int
    raises: bool


def unfinished(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, tuple[Gap, ...]]:
    """The deliverables that are started and not finished, as far as their source shows: id -> where work is left."""
    waiting = not_started(files, assignment)
    found = {d.id: _gaps(_source(files, d.file), d) for d in assignment.deliverables if d.id not in waiting}
    return {id: gaps for id, gaps in found.items() if gaps}


def _gaps(source: _Source, deliverable: Deliverable) -> tuple[Gap, ...]:
    """The functions of a deliverable in which work is left, by line."""
    found: list[Gap] = []
    for function in deliverable.functions:
        node = source.find(function.name)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if function.optional and (_raise_left(node) is None or node.name not in _mentioned(source)):
            continue
        if (line := _raise_left(node)) is not None:
            found.append(Gap(function.name, line, raises=True))
        elif _is_untouched(source, function) or all(map(_does_nothing, node.body)):
            found.append(Gap(function.name, _todo(source, deliverable, node) or node.lineno, raises=False))
    return tuple(sorted(found, key=lambda gap: gap.line))


def _check_helpers(source: _Source, report: _Report) -> None:
    """Functions beside the contract's in which work is left, where the file mentions them and none overrides them."""
    contract = {function.name for deliverable in report.own for function in deliverable.functions}
    mentioned = _mentioned(source)
    defined = [node.name for node in source.nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    holders = [("", source.body)] + [(f"{n.name}.", tuple(n.body)) for n in source.body if isinstance(n, ast.ClassDef)]
    for holder, body in holders:
        for node in body:
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or holder + node.name in contract:
                continue
            line = _raise_left(node) if node.name in mentioned and defined.count(node.name) == 1 else None
            if line is not None:
                words = f"NotImplementedError is still raised in {_short(holder + node.name)}."
                report.warning("unfinished", line, f"{words} A test that calls it fails.", [])


def _mentioned(source: _Source) -> set[str]:
    """All names and attributes that a file uses."""
    names = {node.id for node in source.nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in source.nodes if isinstance(node, ast.Attribute)}


def _does_nothing(statement: ast.stmt) -> bool:
    """`pass`, a docstring or `...`."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _gaps_in_words(gaps: Sequence[Gap]) -> str:
    words = []
    for raises, what in ((True, "NotImplementedError is still raised in"), (False, "nothing is written in")):
        if places := [f"{gap.function} (line {gap.line})" for gap in gaps if gap.raises is raises]:
            words.append(f"{what} {_first(places)}")
    return "; ".join(words)


def _raise_left(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int | None:
    """The line of the first `raise NotImplementedError` in a function that is left from before it was written.

    One with a deliverable's id, as handed out, is left wherever it can be reached. One with other words or none may be
    meant for an argument that is not supported; it is left where no call gets past it or returns before it.
    """
    return next(_walk(function.body, [True]), None)


def _walk(body: Sequence[ast.stmt], certain: list[bool]) -> Iterator[int]:
    """The lines of the raises that are left in a block.

    Args:
        certain: whether every call comes here. It turns false where one may have returned.
    """
    for statement in body:
        if isinstance(statement, ast.Raise) and (tagged := _is_todo(statement)) is not None and (tagged or certain[0]):
            yield statement.lineno
        blocks = _blocks(statement)
        unconditional = isinstance(statement, (ast.With, ast.AsyncWith, ast.Try))
        for index, block in enumerate(blocks):
            yield from _walk(block, certain if unconditional and index == 0 else [False])
        if any(isinstance(inner, ast.Return) for inner in _statements([statement])):
            certain[0] = False
        if _never_ends(statement):
            return


def _is_todo(statement: ast.Raise) -> bool | None:
    """Whether a `raise NotImplementedError` has a deliverable's id, as handed out; None for another statement."""
    raised = statement.exc
    words = raised.args if isinstance(raised, ast.Call) else []
    name = raised.func if isinstance(raised, ast.Call) else raised
    if not (isinstance(name, ast.Name) and name.id == "NotImplementedError"):
        return None
    text = words[0].value if len(words) == 1 and isinstance(words[0], ast.Constant) else None
    return isinstance(text, str) and re.fullmatch(r"[a-z_]\w*\.[a-z_]\w*", text) is not None


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks within a statement, of which none, one or several run when it does; none of a definition."""
    if isinstance(statement, _Scope):
        return []
    inner = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
    branches = [*getattr(statement, "handlers", []), *getattr(statement, "cases", [])]
    return [block for block in [*inner, *(branch.body for branch in branches)] if block]


def _never_ends(statement: ast.stmt) -> bool:
    """Whether what follows a statement in its block is never reached, as far as that is plain to see."""
    if isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
        return True
    if isinstance(statement, ast.While):
        forever = isinstance(statement.test, ast.Constant) and bool(statement.test.value)
        return forever and not any(isinstance(inner, ast.Break) for inner in _statements(statement.body))
    if isinstance(statement, ast.If):
        return all(any(map(_never_ends, block)) for block in (statement.body, statement.orelse))
    return isinstance(statement, (ast.With, ast.AsyncWith)) and any(map(_never_ends, statement.body))


def _is_untouched(source: _Source, function: Function) -> bool:
    found = source.definition(function.name)
    return found is not None and found.fingerprint == function.untouched


def place(files: Mapping[str, bytes], deliverable: Deliverable) -> int:
    """The line of its file where the work on a deliverable goes on.

    Where it is started that is the first function in which work is left. Else, or where all is written, it is the
    first TODO, then the first function, then 1.

    `files` maps contract paths to contents, as `read_tree` gives them. Never raises, whatever the bytes.
    """
    source = _source(files, deliverable.file)
    gaps = _gaps(source, deliverable) if _is_started(source, deliverable) else ()
    return gaps[0].line if gaps else _place(source, deliverable)


def _is_started(source: _Source, deliverable: Deliverable) -> bool:
    """Whether one of its own functions is not as handed out; without any function to tell by it counts as started."""
    evidence = [function for function in deliverable.functions if function.untouched]
    return not (evidence and all(_is_untouched(source, function) for function in evidence))


def _place(source: _Source, deliverable: Deliverable) -> int:
    if line := _todo(source, deliverable):
        return line
    own_first = sorted(deliverable.functions, key=lambda function: function.untouched is None)
    found = (source.definition(function.name) for function in own_first)
    return next((one.line for one in found if one), 1)


def _todo(source: _Source, deliverable: Deliverable, within: ast.stmt | None = None) -> int | None:
    """The line of a deliverable's first TODO in its file or within a function."""
    mark = re.compile(rf"#\s*TODO\({re.escape(deliverable.id)}\)")
    first, end = (within.lineno, within.end_lineno or within.lineno) if within else (1, len(source.lines))
    for number, line in enumerate(source.lines[first - 1 :], first):
        if number > end and not line.strip().startswith("#"):  # comments at its end belong to a function
            return None
        if mark.search(line):
            return number
    return None


def _source(files: Mapping[str, bytes], path: str) -> _Source:
    """A file parsed; one that is missing or too large as if it were empty."""
    data = files.get(path, b"")
    return _Source.parse(read_source(data) if len(data) <= LIMIT else "")


def _sources(files: Mapping[str, bytes], assignment: Assignment) -> dict[str, _Source]:
    """All listed files parsed; what looks like a script is read as well where some file may have it run."""
    sources = {path: _source(files, path) for path in assignment.files}
    if any(source.script for source in sources.values()) and any(source.sets_name() for source in sources.values()):
        return {path: source.with_script() for path, source in sources.items()}
    return sources


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


def _inspect_file(path: str, data: bytes | None, source: _Source, assignment: Assignment) -> list[Finding]:
    report = _Report(path, assignment)
    if data is None:
        report.fault("missing", 0, "this file is missing. If you have lost it, take it from the handout.")
    elif len(data) > LIMIT:
        report.fault("size", 0, f"larger than {LIMIT // 1024} KiB, so it is neither packed nor graded.")
    else:
        _inspect_source(data, source, report)
    return report.findings()


def _inspect_source(data: bytes, source: _Source, report: _Report) -> None:
    _, encoding = _decode(data)
    if problem := unreadable(data):
        report.fault("encoding", 1, f"{problem} {SAVE_AS_UTF8}")
        if source.error:
            return
    elif encoding != "utf-8" and not data.isascii():
        report.warning("encoding", 1, f"saved as {encoding}, not UTF-8. Let your editor save it as UTF-8.")
    if source.excess:
        report.fault("size", 0, f"this file {source.excess}, so it is not graded. Make it simpler.")
        return
    if source.error:
        line = min(max(source.error.lineno or 1, 1), len(source.lines))
        words = source.lines[line - 1].strip()
        words = f"`{words[:50]}{'...' if words[50:] else ''}`" if words else "this line"
        message = f"Python cannot read {words}: {source.error.msg}."
        report.fault("syntax", line, f"{message} Until you mend it nothing in this file runs.")
    _check_signatures(source, report)
    _check_imports(source.names(report.path), report)
    _check_helpers(source, report)


def _check_signatures(source: _Source, report: _Report) -> None:
    """Every function that tests call is there and can be called as they call it."""
    owners: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[Deliverable]] = {}
    missing: dict[str, dict[str, Deliverable]] = {}
    for deliverable in report.own:
        for function in deliverable.functions:
            if not function.optional:
                by_name = tuple(name for name in map(_name, function.parameters) if name in deliverable.by_name)
                owners.setdefault((function.name, function.parameters, by_name), []).append(deliverable)
    for (name, wanted, by_name), hit in owners.items():
        holder = name.rpartition(".")[0]
        found = source.definition(name)
        if source.find(name) is None:
            gone = f"class {holder}" if holder and source.find(holder) is None else f"function {name}"
            missing.setdefault(gone, {}).update({deliverable.id: deliverable for deliverable in hit})
        elif found and not _fits(wanted, found.parameters, by_name):
            taken = ", ".join(map(_short, found.parameters[:12])) + (", ..." if found.parameters[12:] else "")
            message = f"{name} takes ({taken}), where tests need ({', '.join(wanted)}), in this order."
            names = f"Tests give {', '.join(by_name)} by name; other names" if by_name else "The names"
            report.fault("signature", found.line, f"{message} {names} are up to you.", hit)
        elif found and (others := _other_defaults(wanted, found.parameters)):
            message = f"{name} takes {', '.join(map(_short, others))}. Other defaults fail tests that count on them."
            report.warning("signature", found.line, message, hit)
    if not source.error:  # else it may stand in what could not be read
        for gone, needed in missing.items():
            message = f"{gone} is not defined in this file. Put it back under that name."
            report.fault("missing", 1, message, [*needed.values()])


def _fits(wanted: Sequence[str], got: Sequence[str], by_name: Collection[str]) -> bool:
    """As many parameters in the same order, then what needs no argument.

    A name may be another one, but for those `by_name`, and for one that is wanted in another place. Where none of them
    is given by name, they may be positional only, or come in as *args.
    """
    words = [word for word in got if word != "/"]
    star = next((index for index, word in enumerate(words) if re.match(r"\*\w", word)), len(wanted))
    nameless = {*wanted[: got.index("/") if "/" in got else 0], *wanted[star:]}
    words[star:star] = wanted[star:]
    names, right = list(map(_name, words)), list(map(_name, wanted))
    named = all(
        own == name or not (name in by_name or own in right or own.startswith("*"))
        for own, name in zip(names, right, strict=False)
    )
    free = all("=" in word or word.startswith("*") for word in words[len(wanted) :])
    return len(words) >= len(wanted) and named and free and not set(map(_name, nameless)).intersection(by_name)


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def _other_defaults(wanted: Sequence[str], got: Sequence[str]) -> list[str]:
    """Parameters whose default is not the wanted one, in words; a new default is no harm."""
    return [
        f"{own} instead of {word}"
        for own, word in zip([each for each in got if each != "/"], wanted, strict=False)
        if "=" in word and not own.startswith("*") and not _is_default(own.partition("=")[2], word.partition("=")[2])
    ]


def _is_default(own: str, wanted: str) -> bool:
    """Whether a default has the wanted value; what is no literal counts as any."""
    try:
        return own != "" and bool(ast.literal_eval(own) == ast.literal_eval(wanted))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return True  # PAD may well be 1: that is for the tests to judge


def _check_imports(names: _Names, report: _Report) -> None:
    """Only what is there in grading is imported: the allowed modules and the listed files."""
    listed = _listed_modules(report.assignment)
    packages = _packages(report.assignment)
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


def _packages(assignment: Assignment) -> set[str]:
    """The dotted names of the folders that hold the listed files."""
    folders = (folder for path in assignment.files for folder in PurePosixPath(path).parents)
    return {".".join(folder.parts) for folder in folders if folder.parts}


def _listed_modules(assignment: Assignment) -> dict[str, str]:
    """The dotted names of the listed files, and their paths."""
    return {_module_of(path): path for path in assignment.files}


def _module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _needed_modules(node: ast.Import | ast.ImportFrom, path: str, packages: Collection[str]) -> list[str]:
    """The modules that an import needs; `from package import name` needs package.name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    module = _module(node, path)
    if module in packages:
        return [module if alias.name == "*" else f"{module}.{alias.name}" for alias in node.names]
    return [module or "." * node.level]


def _inspect_names(sources: Mapping[str, _Source], assignment: Assignment) -> list[Finding]:
    """Refused names, code that builds code, and output: told where they stand, once for all that answer for them."""
    reports = {path: _Report(path, assignment) for path in sources}
    told: dict[tuple[str, str, int, str], list[Deliverable]] = {}
    for deliverable in assignment.deliverables:
        if deliverable.file in sources:
            for place in dict.fromkeys(_Account(deliverable, sources, assignment).findings()):
                told.setdefault(place, []).append(deliverable)
    for (path, rule, line, message), hit in told.items():
        if rule == "output":
            reports[path].warning("output", line, message, hit)
        elif rule == "size":
            reports[path].fault("size", line, message, hit)
        else:
            reports[path].fault("refused", line, message, hit)
    return [finding for report in reports.values() for finding in report.findings()]


class _Step(NamedTuple):
    """Names of a file that a deliverable uses, and words that say by which import ("" in its own file)."""

    path: str
    names: list[str]
    way: str


class _Met(NamedTuple):
    """A use that a deliverable answers for: the file, and by which import it gets there."""

    path: str
    use: _Use
    way: str


class _Account:
    """What one deliverable answers for: what runs with the import of its file, and all that its own code mentions."""

    def __init__(self, deliverable: Deliverable, sources: Mapping[str, _Source], assignment: Assignment) -> None:
        self._deliverable, self._sources, self._assignment = deliverable, sources, assignment
        self._listed = _listed_modules(assignment)
        self._packages = _packages(assignment)
        self._part = functools.cache(lambda dotted: _part(dotted, self._listed))
        self._given = {f.name.rpartition(".")[2] for each in assignment.deliverables for f in each.functions}
        self._met: list[_Met] = []
        self._full = False
        self._meanings_met = 0
        self._seen: set[tuple[str, str]] = set()
        self._reach: dict[str, _Reach] = {}
        self._steps = [_Step(deliverable.file, _homes(deliverable), "")]
        self._loose: _Met | None = None
        while self._steps and not self._full:
            self._take(self._steps.pop())
            self._loose = self._loose or next((met for met in self._met if met.use.loose), None)
            if self._loose and not self._steps:
                self._steps = [*self._looked_up()]
        self._files = {met.path for met in self._met}

    def _take(self, step: _Step) -> None:
        """Read what is new of a file, and note where it leads to in others."""
        path, wanted, way = step
        names = self._sources[path].names(path)
        reader = self._sources[path].reader(path)
        parts = self._reach.setdefault(path, _Reach(reader)).add(wanted)
        handed_on = [names.handed_on(name) for name in wanted]
        uses = [*handed_on, *(use for part in parts for use in part.uses)]
        self._met += [_Met(path, use, way) for use in uses[0 if way else len(handed_on) :]]
        self._meanings_met += sum(len(use.dotted) for use in uses if not use.text)
        self._full = reader.full or self._meanings_met > MAX_MEANINGS
        done: set[ast.AST | None] = set()
        for use in uses:
            leads = [(dotted, self._part(dotted)) for dotted in use.dotted if use.node not in done]
            if use.node in done or any(part for _, part in leads):
                done.add(use.base)
            for dotted, part in leads:
                if part:
                    self._go(part, step, names.origin(use, dotted))
        for node in [node for part in parts for node in part.imports]:
            for module in _needed_modules(node, path, self._packages):
                if module in self._listed:
                    self._go((self._listed[module], "import"), step, node.lineno)

    def _go(self, part: tuple[str, str], step: _Step, line: int) -> None:
        if part not in self._seen:
            self._seen.add(part)
            file, name = part
            deliverable = self._deliverable
            way = f" {deliverable.number} {deliverable.title} gets there by the import in {step.path}:{line}."
            everything = [*self._sources[file].names(file).bound]
            names = [] if name == "import" else [name] if name else everything
            self._steps.append(_Step(file, names, step.way or way))

    def _looked_up(self) -> Iterator[_Step]:
        """Functions and classes that a string or an attribute names, as in `globals()["helper"]`."""
        uses = [met.use for met in self._met if met.use.text or met.use.own]
        words = {dotted.rpartition(".")[2] for use in uses for dotted in use.dotted} - self._given
        for path, way in {met.path: met.way for met in self._met}.items():
            bound = self._sources[path].names(path).bound
            names = {name for name in words.intersection(bound) if isinstance(bound[name], _Scope)}
            new = [name for name in sorted(names) if (path, name) not in self._seen]
            self._seen.update((path, name) for name in new)
            if new:
                yield _Step(path, new, way)

    def findings(self) -> Iterator[tuple[str, str, int, str]]:
        """File, rule, line and message of all that there is to say."""
        if self._full:
            yield self._deliverable.file, "size", 0, TOO_MANY_MEANINGS
            return
        done: set[ast.AST | None] = set()  # of torch.nn.LSTM.forward one finding is enough
        for path, use, way in self._met:
            message = "" if use.node in done else self._refusal(use)
            if message or use.node in done:
                done.add(use.base)
            if message:
                yield path, "refused", use.line, message + (way or self._beyond(use.line))
            elif use.called and not way and (advice := _output_advice(use, self._assignment.output)):
                yield path, "output", use.line, f"{_short(use.spelled)}() {advice}"

    def _beyond(self, line: int) -> str:
        """Why it answers for a line of its file that stands in none of its own classes and functions."""
        homes = (self._sources[self._deliverable.file].find(name) for name in _homes(self._deliverable))
        if any(home and home.lineno <= line <= (home.end_lineno or 0) for home in homes):
            return ""
        who = f"{self._deliverable.number} {self._deliverable.title}"
        return f" {who} answers for this line: it runs when the file is imported, or code of {who} uses it."

    def _refusal(self, use: _Use) -> str:
        """Why a use is refused, or ""."""
        for dotted, excusable in self._meanings(use):
            mine = use.text or (excusable and (use.own == "me" or self._is_own(dotted)))
            if mine and not (self._loose and dotted.rpartition(".")[2] not in self._given):
                continue
            doubt = self._doubt() if mine else ""
            runs_text = mine and use.called != "()" and dotted.endswith((".eval", ".compile"))
            if _builds_code(dotted) or runs_text:
                return f"{_short(use.spelled)} is refused: write the code out.{doubt}"
            if any(_refuses(pattern, dotted) for pattern in self._deliverable.refused):
                return f"{_short(use.spelled)} is refused: write yourself what it does.{doubt}"
        return ""

    def _is_own(self, dotted: str) -> bool:
        """Whether one of the files that it uses gives its own objects an attribute of this name."""
        word = dotted.rpartition(".")[2]
        return any(self._sources[path].names(path).has(word) for path in self._files)

    def _meanings(self, use: _Use) -> Iterator[tuple[str, bool]]:
        """What a use may stand for, and whether it may be an attribute of an object of the student's own.

        What a listed file defines is left out: it is read where it stands.
        """
        for dotted in use.dotted:
            part = self._part(dotted)
            if part is None:
                yield dotted, bool(use.own)
            elif part[1]:
                path, name = part
                rest = dotted.removeprefix(f"{_module_of(path)}.{name}")
                if name in self._sources[path].names(path).aliases:
                    yield dotted, False
                elif rest:
                    yield f"?{rest}", True

    def _doubt(self) -> str:
        """Why an object of the student's own might be something else."""
        if self._loose is None:
            return ""
        path, use, _ = self._loose
        place = f"line {use.line}" + ("" if path == self._deliverable.file else f" of {path}")
        return f" (It may not be your own, since {place} hands on {_short(use.spelled)} whole. If it is, rename it.)"


def _part(dotted: str, listed: Mapping[str, str]) -> tuple[str, str] | None:
    """The listed file that a dotted name leads to and the name in it, "" for all of it; None for other names."""
    for module, path in listed.items():
        if dotted == module or dotted.startswith(module + "."):
            return path, dotted[len(module) + 1 :].split(".")[0]
    return None


def _output_advice(use: _Use, policy: str) -> str:
    """What to say of a call that asks for input or writes output; "" for all others."""
    if any(fnmatch.fnmatchcase(dotted, pattern) for pattern in ASKS for dotted in use.dotted):
        return "asks for input, and in grading nobody answers: it fails there. Take it out."
    if policy == "allow" or not any(
        fnmatch.fnmatchcase(dotted, pattern) for pattern in WRITES for dotted in use.dotted
    ):
        return ""
    if policy == "zero":
        return "writes output, and this assignment gives no points at all to code that does. Take it out."
    return "writes output. It costs nothing, but take it out before you hand in."


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


def inspect_tree(tree: Path | str, files: Mapping[str, bytes], assignment: Assignment) -> list[Finding]:
    """What `inspect` says of a tree's files and, of those that were not read from it, why."""
    odd = irregular(tree, assignment)
    there = {finding.file for finding in odd}
    return odd + [f for f in inspect(files, assignment) if f.rule != "missing" or f.file not in there]


def irregular(tree: Path | str, assignment: Assignment) -> list[Finding]:
    """Faults for listed files that are there but cannot be taken: links out of it, folders, no access, other names."""
    findings: list[Finding] = []
    for path in assignment.files:
        reason = _obstacle(Path(tree), path)
        if reason == "missing":
            copies = _copies(Path(tree, path))
            name = PurePosixPath(path).name
            reason = f"missing, but {' and '.join(copies[:3])} is there: rename it to {name}" if copies else ""
        elif reason:
            reason += ", so it is not packed"
        if reason:
            hit = assignment.by_file(path)
            message = f"{reason}. {_stake(assignment, hit)}"
            findings.append(Finding(Severity.FAULT, path, 0, message, tuple(d.id for d in hit), "irregular"))
    return findings


def _copies(missing: Path) -> list[str]:
    """The names beside a missing file that copies of it have."""
    try:
        return sorted(_clean(each.name) for each in missing.parent.iterdir() if original(each.name) == missing.name)
    except OSError:
        return []


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
        elif cells and required:
            weight = Severity.UNUSABLE
            message = f"not run: {_first(cells)}. Run all cells from the top, save, and start this again."
            message += " (Or move it elsewhere to pack without it.)"
        elif cells:
            message = f"code cells that were not run: {len(cells)}."
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
    is nothing to pack, OSError when writing fails or something else would be replaced.
    """
    paths = [path for path in sorted(assignment.files) if path in files and len(files[path]) <= LIMIT]
    members = {path: files[path] for path in paths}
    if not members:
        raise ValueError("there is no file to pack")
    members |= notebooks or {}
    members["manifest.json"] = _manifest(members, assignment, ids)
    target = _target(Path(out), assignment, ids)
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


def _target(out: Path, assignment: Assignment, ids: Sequence[str]) -> Path:
    """The file that is packed into; OSError, in a sentence, where it cannot be, or holds what was not packed here."""
    target = out if out.suffix.lower() == ".zip" and not out.is_dir() else out / archive_name(assignment, ids)
    if out.suffix and target != out and not out.exists():
        raise OSError(f"--out {out}: expected a file whose name ends in .zip, or a folder that is there already.")
    if target != out and out.exists() and not out.is_dir():
        raise OSError(f"--out {out} is a file: expected a name that ends in .zip, or a folder.")
    if target.exists() and not _is_packed(target):
        raise OSError(
            f"{target} was not packed by this script, so it is not replaced. Move it, or choose another name."
        )
    return target.resolve()  # a link stays one


def _is_packed(path: Path) -> bool:
    """Whether a file is an archive that `pack` has made."""
    try:
        if not path.is_file():
            return False
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
        return bool({"name", "version", "ids", "files"} <= manifest.keys())
    except (OSError, ValueError, KeyError, AttributeError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False


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
    add(
        "--out",
        type=Path,
        default=Path(),
        help="a .zip file or a folder to write to (default: here); only an earlier archive is replaced",
    )
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
    found = inspect_tree(options.tree, files, assignment)
    beside = [*inspect_notebooks(notebooks, assignment), *inspect_report(options.tree)]
    everything = [*_check_ids(options, assignment), *_check_out(options, assignment), *found, *beside]
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


def _check_out(options: argparse.Namespace, assignment: Assignment) -> Iterator[Finding]:
    try:
        _target(options.out, assignment, options.id)
    except OSError as error:
        if not options.check:
            yield Finding(Severity.UNUSABLE, "", 0, str(error), (), "out")


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
    waiting = [assignment.deliverable(id).file for id in not_started(files, assignment)]
    begun = [assignment.deliverable(id).file for id in unfinished(files, assignment)]
    print("\nPacked:")
    for path in assignment.files:
        faults = [f for f in findings if f.file == path and f.severity is Severity.FAULT]
        left_out = path not in files or len(files[path]) > LIMIT
        counts = waiting.count(path), begun.count(path), len(assignment.by_file(path))
        state = _state(left_out, bool(faults), *counts)
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


def _state(left_out: bool, fault: bool, waiting: int, begun: int, total: int) -> str:
    if left_out:
        return "NOT PACKED, see above"
    if fault:
        return "fault, see above"
    parts = [(waiting, "not started"), (begun, "unfinished")]
    words = [what if count == total else f"{count} of {total} {what}" for count, what in parts if count]
    return f"{', '.join(words)}, see above" if words else "nothing unfinished seen, no fault seen"


def _run() -> int:
    """`main`, and a sentence where what it prints finds no room or no reader."""
    try:
        code = main()
        sys.stdout.flush()
        return code
    except OSError as error:
        if error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would try again when it ends
        print(f"Stopped: nothing more can be printed ({error.strerror}).", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(_run())
