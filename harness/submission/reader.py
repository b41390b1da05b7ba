"""What each top-level statement of a file uses, and when it runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from harness.submission.limits import LONG, MAX_MEANINGS, MAX_TEXT
from harness.submission.names import Names, Place, Use
from harness.submission.namespaces import GIVES_NAMES, goes_deep, is_namespace, is_private
from harness.submission.syntax import (
    COMPREHENSIONS,
    DEFINITIONS,
    Chain,
    all_arguments,
    chain_of,
    in_comprehension,
    last_word,
    parsed_annotation,
    statements,
    stored_names,
)

# Decorators that do not call what they decorate.
DECORATES_ONLY = {
    "property", "staticmethod", "classmethod", "torch.no_grad", "torch.inference_mode", "torch.enable_grad",
    "dataclasses.dataclass", "functools.cache", "functools.cached_property", "functools.lru_cache", "functools.wraps",
    "abc.abstractmethod", "contextlib.contextmanager", "typing.overload", "typing.override", "typing.final",
}  # fmt: skip
_IS_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class Fragment:
    """The code of a top-level statement that runs when its file is imported, or the code that runs when it is used.

    `names` are names of the file that it mentions; `runs` says that it may do more than give names to things.
    """

    def __init__(self) -> None:
        self.uses: list[Use] = []
        self.names: set[str] = set()
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.runs = False


class Reader:
    """Reads the top-level statements of one file: what each uses, and when.

    Attributes:
        parts: a statement -> what runs with the import of the file, and what when somebody uses what it defines.
        binders: a name -> the statements that give it a meaning.
        full: there is more than is read.
    """

    def __init__(self, body: Sequence[ast.stmt], names: Names) -> None:
        self._names = names
        self._room = 2 * MAX_MEANINGS  # for the whole file; a deliverable answers for a part of it
        self.parts = {statement: self._read(statement) for statement in body}
        self.full = self._room < 0
        self.binders: dict[str, list[ast.stmt]] = {}
        for statement in () if self.full else body:
            for name in stored_names([statement])[0]:
                self.binders.setdefault(name, []).append(statement)

    def _read(self, statement: ast.stmt) -> tuple[Fragment, Fragment]:
        """The code that runs when the file is imported, and the code that runs when the defined name is used."""
        now, late = Fragment(), Fragment()
        stack: list[tuple[ast.AST, Place]] = [(statement, Place())]
        while stack and self._room >= 0:
            node, place = stack.pop()
            part = late if place.late else now
            self._note(node, place, part)
            uses = [*self._uses(node, place)]
            part.uses += uses
            self._room -= sum(1 + len(dotted) // LONG for use in uses if not use.text for dotted in use.dotted)
            if not isinstance(node, (ast.Name, ast.Import, ast.ImportFrom)):
                stack += [*self._inside(node, place)][::-1]
        return now, late

    def _note(self, node: ast.AST, place: Place, part: Fragment) -> None:
        """Record everything about a node but the names that it uses."""
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
        elif isinstance(node, DEFINITIONS):
            part.runs |= self._runs_at_once(node, place)

    def _runs_at_once(self, node: ast.stmt | ast.Lambda, place: Place) -> bool:
        """Whether a function or class may run where it is defined, since a decorator may call it."""
        decorators = getattr(node, "decorator_list", [])
        roots = [child.func if isinstance(child, ast.Call) else child for child in decorators]
        return self._names.eager or place.at_once or not all(self._decorates_only(root, place) for root in roots)

    def _decorates_only(self, node: ast.expr, place: Place) -> bool:
        """Whether a function is known not to call what it is given; its name has one meaning in the whole file."""
        root, words, _ = chain_of(node)
        known = isinstance(root, ast.Name) and root.id not in self._names.rebound
        roots = self._names.resolve(root, place) if isinstance(root, ast.Name) and known else ()
        return bool(roots) and DECORATES_ONLY.issuperset(".".join([name, *words]) for name in roots)

    def _inside(self, node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Place]]:
        """The children of a node and where they stand; of `a.b.c` only `a`, since `_uses` handles the rest."""
        value = place._replace(role="type" if place.role == "type" else "")
        dot = place._replace(role="dot")
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from self._inside_function(node, value)
        elif isinstance(node, ast.ClassDef):
            inner = value._replace(in_class=True, at_once=self._runs_at_once(node, place))
            yield from ((child, value) for child in [*node.decorator_list, *node.bases, *node.keywords])
            yield from ((child, inner) for child in node.body)
        elif isinstance(node, COMPREHENSIONS):
            inner = value._replace(
                local=(*place.local, frozenset(stored_names([generator.target for generator in node.generators])[0]))
            )
            yield node.generators[0].iter, value
            yield from ((child, inner) for child in in_comprehension(node))
        elif isinstance(node, (ast.Attribute, ast.Call)) and (chain := chain_of(node)).words:
            yield chain.root, dot
            yield from ((child, value) for child in chain.beside)
        elif isinstance(node, ast.Attribute):
            yield node.value, dot
        elif isinstance(node, ast.Call):
            yield node.func, value._replace(role="(...)" if node.args or node.keywords else "()")
            looks_up = isinstance(node.func, ast.Name) and node.func.id in ("getattr", "hasattr")
            yield from ((child, dot if looks_up and child is node.args[0] else value) for child in node.args)
            yield from ((keyword.value, value) for keyword in node.keywords)
        elif isinstance(node, ast.AnnAssign):
            yield from ((child, value) for child in (node.target, node.value) if child)
            yield self._annotation(node.annotation, value)
        elif isinstance(node, ast.Assign) and node.value in self._names.aliased:
            yield from ((child, value) for child in node.targets)
            yield node.value, dot
        elif isinstance(node, ast.MatchClass):
            yield node.cls, dot
            yield from ((child, value) for child in [*node.patterns, *node.kwd_patterns])
        elif isinstance(node, ast.Constant) and place.role == "type" and isinstance(node.value, str):
            yield from ((child, value) for child in parsed_annotation(node))
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):  # a docstring uses no names
            yield from (
                (child, value) for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)
            )

    def _inside_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, place: Place
    ) -> Iterator[tuple[ast.AST, Place]]:
        defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default)]
        yield from ((child, place) for child in [*getattr(node, "decorator_list", []), *defaults])
        arguments = all_arguments(node)
        annotations = [*(argument.annotation for argument in arguments), getattr(node, "returns", None)]
        yield from (self._annotation(annotation, place) for annotation in annotations if annotation)
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        stored, elsewhere = stored_names(body)
        names = frozenset((stored - elsewhere).union(argument.arg for argument in arguments))
        me = "" if place.me in names else place.me
        if place.in_class and arguments and arguments[0].arg not in stored:
            me = arguments[0].arg
        at_once = self._runs_at_once(node, place) or (place.in_class and isinstance(node, ast.Lambda))
        inner = Place(place.late or not at_once, "", (*place.local, names), me)
        yield from ((child, inner) for child in body)

    def _annotation(self, node: ast.expr, place: Place) -> tuple[ast.AST, Place]:
        """An annotation and its place: one that only names types does nothing until something reads it."""
        acts = any(isinstance(inner, (ast.Call, ast.NamedExpr, ast.Await, *COMPREHENSIONS)) for inner in ast.walk(node))
        return node, place._replace(role="" if acts else "type", late=place.late or not acts)

    def _uses(self, node: ast.AST, place: Place) -> Iterator[Use]:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield self._bare(node, place)
        elif isinstance(node, (ast.Attribute, ast.Call)) and (chain := chain_of(node)).words:
            yield from self._dotted(node, chain, place)
        elif isinstance(node, ast.Call) and last_word(node.func) in ("attrgetter", "methodcaller"):
            for argument in node.args:
                if isinstance(argument, ast.Constant):
                    yield Use(argument, argument.lineno, repr(argument.value), (f"?.{argument.value!s}",), own="name")
        elif isinstance(node, ast.Call) and last_word(node.func) == "getattr" and any(map(place.has, node.args[1:2])):
            hands_on = [use for use in self._uses(node.args[0], place._replace(role="")) if use.loose]
            yield from (use._replace(node=node, dotted=(), base=None) for use in hands_on[:1])
        elif isinstance(node, ast.MatchClass):
            for word in node.kwd_attrs:
                yield Use(node, node.cls.lineno, f"{word}=", (f"?.{word}",), own="name")
        elif isinstance(node, (ast.Import, ast.ImportFrom)) and place.in_class:
            yield Use(node, node.lineno, "an import", (), loose=True)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if place.role == "type" and len(node.value) > MAX_TEXT:
                yield Use(node, node.lineno, "so long an annotation", ("eval",))
            elif _IS_NAME.fullmatch(node.value):
                yield Use(node, node.lineno, repr(node.value), (f"?.{node.value}",), text=True)

    def _bare(self, node: ast.Name, place: Place) -> Use:
        dotted = self._names.resolve(node, place)
        imported = {alias.dotted for alias in self._names.aliases.get(node.id, [])}
        hands_on = place.role == "" and any(
            is_namespace(meaning) for meaning in dotted if meaning in imported or "." in meaning
        )
        asks = node.id in GIVES_NAMES and node.id in dotted
        called = place.role if "(" in place.role else ""
        return Use(node, node.lineno, node.id, dotted, called=called, loose=hands_on or asks)

    def _dotted(self, node: ast.expr, chain: Chain, place: Place) -> Iterator[Use]:
        """The uses in `a.b.c`: `a.b.c` itself, then `a.b`."""
        root, words = chain.root, chain.words
        name = root.id if isinstance(root, ast.Name) else "(...)"
        known = name in self._names.aliases or ("*" in self._names.aliases and not place.has(root))
        roots = (self._names.resolve(root, place) if isinstance(root, ast.Name) else ()) or ("?",)
        for count in range(len(words), 0, -1):
            rest = ".".join(words[:count])
            dotted = tuple(f"{meaning}.{rest}" for meaning in roots)
            base = node.value if isinstance(node, ast.Attribute) else node.args[0]  # type: ignore[attr-defined]
            is_whole = count == len(words)
            own = "" if known else "me" if count == 1 and name == place.me else "name"
            called = place.role if is_whole and "(" in place.role else ""
            deep = goes_deep(words) or (known and any(map(is_private, words[:-1] if called else words)))
            loose = deep or (known and place.role == "" and any(map(is_namespace, dotted)))
            yield Use(node, node.lineno, f"{name}.{rest}", dotted, base, own, called, loose=is_whole and loose)
            node = base


class Reach:
    """The parts of one file that a deliverable answers for; each part is returned once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._reached: set[ast.stmt] = set()
        self._asked: set[str] = set()
        self._imported = False

    def add(self, names: Iterable[str]) -> list[Fragment]:
        """Return the new parts: what runs when the file is imported, and what these names lead to, directly or not."""
        new: list[Fragment] = []
        waiting = [*names]
        if not self._imported:
            self._imported = True
            for statement, (now, _) in self._reader.parts.items():
                new.append(now)
                if now.runs:
                    waiting += now.names
                    inside = statements(statement.body) if isinstance(statement, ast.ClassDef) else ()
                    own = {inner.name for inner in inside if isinstance(inner, DEFINITIONS)}
                    if not isinstance(statement, DEFINITIONS) or now.names.intersection(own):
                        self._reach(statement, new, waiting)
        while waiting:
            name = waiting.pop()
            if name not in self._asked:
                self._asked.add(name)
                for statement in self._reader.binders.get(name, []):
                    self._reach(statement, new, waiting)
        return new

    def _reach(self, statement: ast.stmt, new: list[Fragment], waiting: list[str]) -> None:
        if statement not in self._reached:
            self._reached.add(statement)
            now, late = self._reader.parts[statement]
            new.append(late)
            waiting += now.names | late.names
