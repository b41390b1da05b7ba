"""Refused names, code that builds code, and output.

A deliverable answers for the class or function that holds its code and for all that this code mentions by name,
directly or not, in the same file or imported from another listed one. So one file may hold deliverables with different
lists. All that runs when a file is imported counts for every deliverable of that file and of the files that import it.

Attributes of the student's own objects may have any name. Only where the code hands on a whole module (`f(torch)`,
`vars(torch)`, `globals()`) any object may be that module, so there such names are refused, in strings as well.
What is not found is a name that is computed while the code runs (`getattr(torch, "ls" + "tm")`).
"""

from __future__ import annotations

import ast
import fnmatch
import functools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from harness.contract import Assignment, Deliverable
from harness.submission.findings import FileReport, Finding
from harness.submission.imports import listed_modules, module_of, needed_modules, packages_of
from harness.submission.limits import MAX_MEANINGS, TOO_MANY_MEANINGS
from harness.submission.names import Use
from harness.submission.reader import Reach
from harness.submission.source import Source
from harness.submission.syntax import DEFINITIONS
from harness.words import shorten

BUILTIN_BUILDERS = {"exec", "eval", "compile", "__import__"}
BUILDERS = (  # other names that make code from text, or look up a module or function by a name in text
    "*.exec", "*.__import__", "*.import_module", "builtins.*", "*.builtins.*",
    "*.__builtins__", "__builtins__", "*.__self__.*",
    "*.CompilationUnit", "*.FunctionType", "*.LambdaType", "*.CodeType", "*.load_inline",
    "*.get_type_hints", "*.get_annotations", "*.evaluate_forward_ref", "*.ForwardRef", "*.__annotations__",
    "__annotations__", "torch.fx.*", "torch.hub.*", "torch.library.*", "torch.overrides.*", "torch.package.*",
    "torch.utils.cpp_extension.*",
)  # fmt: skip
WRITES = ("print", "sys.stdout.*", "sys.stderr.*", "pprint.*")
ASKS = ("input", "breakpoint")


def inspect_names(sources: Mapping[str, Source], assignment: Assignment) -> list[Finding]:
    """Report refused names, code that builds code, and output: once each, with all deliverables that answer for it."""
    reports = {path: FileReport(path, assignment) for path in sources}
    deliverables_of: dict[tuple[str, str, int, str], list[Deliverable]] = {}
    for deliverable in assignment.deliverables:
        if deliverable.file in sources:
            for place in dict.fromkeys(_Account(deliverable, sources, assignment).findings()):
                deliverables_of.setdefault(place, []).append(deliverable)
    for (path, rule, line, message), affected in deliverables_of.items():
        if rule == "output":
            reports[path].warning("output", line, message, affected)
        elif rule == "size":
            reports[path].fault("size", line, message, affected)
        else:
            reports[path].fault("refused", line, message, affected)
    return [finding for report in reports.values() for finding in report.findings()]


class _Step(NamedTuple):
    """Names of a file that a deliverable uses, and a sentence that says through which import ("" in its own file)."""

    path: str
    names: list[str]
    route: str


class _ReachedUse(NamedTuple):
    """A use that a deliverable answers for, its file, and through which import the deliverable gets there."""

    path: str
    use: Use
    route: str


class _Account:
    """What one deliverable answers for: code that runs when its file is imported, and what its own code mentions."""

    def __init__(self, deliverable: Deliverable, sources: Mapping[str, Source], assignment: Assignment) -> None:
        self._deliverable, self._sources, self._assignment = deliverable, sources, assignment
        self._listed = listed_modules(assignment)
        self._packages = packages_of(assignment)
        self._part = functools.cache(lambda dotted: _part(dotted, self._listed))
        self._given = {f.name.rpartition(".")[2] for d in assignment.deliverables for f in d.functions}
        self._reached: list[_ReachedUse] = []
        self._full = False
        self._meanings_read = 0
        self._seen: set[tuple[str, str]] = set()
        self._reach: dict[str, Reach] = {}
        self._steps = [_Step(deliverable.file, _homes(deliverable), "")]
        self._loose: _ReachedUse | None = None
        while self._steps and not self._full:
            self._read_parts(self._steps.pop())
            self._loose = self._loose or next((reached for reached in self._reached if reached.use.loose), None)
            if self._loose and not self._steps:
                self._steps = [*self._named_in_strings()]
        self._files = {reached.path for reached in self._reached}

    def _read_parts(self, step: _Step) -> None:
        """Read the new parts of a file, and note where they lead in other files."""
        path, wanted, route = step
        names = self._sources[path].names(path)
        reader = self._sources[path].reader(path)
        parts = self._reach.setdefault(path, Reach(reader)).add(wanted)
        handed_on = [names.handed_on(name) for name in wanted]
        uses = [*handed_on, *(use for part in parts for use in part.uses)]
        self._reached += [_ReachedUse(path, use, route) for use in uses[0 if route else len(handed_on) :]]
        self._meanings_read += sum(len(use.dotted) for use in uses if not use.text)
        self._full = reader.full or self._meanings_read > MAX_MEANINGS
        done: set[ast.AST | None] = set()
        for use in uses:
            leads = [(dotted, self._part(dotted)) for dotted in use.dotted if use.node not in done]
            if use.node in done or any(part for _, part in leads):
                done.add(use.base)
            for dotted, part in leads:
                if part:
                    self._follow(part, step, names.origin(use, dotted))
        for node in [node for part in parts for node in part.imports]:
            for module in needed_modules(node, path, self._packages):
                if module in self._listed:
                    self._follow((self._listed[module], "import"), step, node.lineno)

    def _follow(self, part: tuple[str, str], step: _Step, line: int) -> None:
        if part not in self._seen:
            self._seen.add(part)
            file, name = part
            deliverable = self._deliverable
            route = f" {deliverable.number} {deliverable.title} gets there by the import in {step.path}:{line}."
            everything = [*self._sources[file].names(file).bound]
            names = [] if name == "import" else [name] if name else everything
            self._steps.append(_Step(file, names, step.route or route))

    def _named_in_strings(self) -> Iterator[_Step]:
        """Functions and classes that a string or an attribute names, as in `globals()["helper"]`."""
        uses = [reached.use for reached in self._reached if reached.use.text or reached.use.own]
        words = {dotted.rpartition(".")[2] for use in uses for dotted in use.dotted} - self._given
        for path, route in {reached.path: reached.route for reached in self._reached}.items():
            bound = self._sources[path].names(path).bound
            names = {name for name in words.intersection(bound) if isinstance(bound[name], DEFINITIONS)}
            new = [name for name in sorted(names) if (path, name) not in self._seen]
            self._seen.update((path, name) for name in new)
            if new:
                yield _Step(path, new, route)

    def findings(self) -> Iterator[tuple[str, str, int, str]]:
        """The file, rule, line and message of each finding."""
        if self._full:
            yield self._deliverable.file, "size", 0, TOO_MANY_MEANINGS
            return
        done: set[ast.AST | None] = set()  # one finding is enough for torch.nn.LSTM.forward
        for path, use, route in self._reached:
            message = "" if use.node in done else self._refusal(use)
            if message or use.node in done:
                done.add(use.base)
            if message:
                yield path, "refused", use.line, message + (route or self._reason_outside(use.line))
            elif use.called and not route and (advice := _output_advice(use, self._assignment.output)):
                yield path, "output", use.line, f"{shorten(use.spelled)}() {advice}"

    def _reason_outside(self, line: int) -> str:
        """Say why the deliverable answers for a line outside its own classes and functions; "" for a line inside."""
        homes = (self._sources[self._deliverable.file].find(name) for name in _homes(self._deliverable))
        if any(home and home.lineno <= line <= (home.end_lineno or 0) for home in homes):
            return ""
        who = f"{self._deliverable.number} {self._deliverable.title}"
        return f" {who} answers for this line: it runs when the file is imported, or code of {who} uses it."

    def _refusal(self, use: Use) -> str:
        """Say why a use is refused, or ""."""
        for dotted, excusable in self._meanings(use):
            may_be_own = use.text or (excusable and (use.own == "me" or self._is_own(dotted)))
            if may_be_own and not (self._loose and dotted.rpartition(".")[2] not in self._given):
                continue
            doubt = self._doubt() if may_be_own else ""
            runs_text = may_be_own and use.called != "()" and dotted.endswith((".eval", ".compile"))
            if _builds_code(dotted) or runs_text:
                return f"{shorten(use.spelled)} is refused: write the code out.{doubt}"
            if any(refuses(pattern, dotted) for pattern in self._deliverable.refused):
                return f"{shorten(use.spelled)} is refused: write yourself what it does.{doubt}"
        return ""

    def _is_own(self, dotted: str) -> bool:
        """Whether one of the files that it uses gives its own objects an attribute of this name."""
        word = dotted.rpartition(".")[2]
        return any(self._sources[path].names(path).has(word) for path in self._files)

    def _meanings(self, use: Use) -> Iterator[tuple[str, bool]]:
        """What a use may stand for, and whether it may be an attribute of an object of the student's own.

        What a listed file defines is left out: it is read where it stands.
        """
        for dotted in use.dotted:
            part = self._part(dotted)
            if part is None:
                yield dotted, bool(use.own)
            elif part[1]:
                path, name = part
                rest = dotted.removeprefix(f"{module_of(path)}.{name}")
                if name in self._sources[path].names(path).aliases:
                    yield dotted, False
                elif rest:
                    yield f"?{rest}", True

    def _doubt(self) -> str:
        """Say why an object of the student's own may be something else."""
        if self._loose is None:
            return ""
        path, use, _ = self._loose
        place = f"line {use.line}" + ("" if path == self._deliverable.file else f" of {path}")
        return f" (It may not be your own, since {place} hands on {shorten(use.spelled)} whole. If it is, rename it.)"


def _part(dotted: str, listed: Mapping[str, str]) -> tuple[str, str] | None:
    """The listed file that a dotted name leads to and the name in it, "" for all of it; None for other names."""
    for module, path in listed.items():
        if dotted == module or dotted.startswith(module + "."):
            return path, dotted[len(module) + 1 :].split(".")[0]
    return None


def _homes(deliverable: Deliverable) -> list[str]:
    """The classes and functions of its file that hold a deliverable's code."""
    return [function.name.split(".")[0] for function in deliverable.functions]


@functools.lru_cache(1 << 14)
def refuses(pattern: str, dotted: str) -> bool:
    """Whether "torch.nn.RNN*" refuses a name: the whole name or its last word, since any object may be torch."""
    base, _, word = dotted.rpartition(".")
    last = pattern.rpartition(".")[2]
    by_last_word = base != "" and last.strip("*?") != "" and fnmatch.fnmatchcase(word, last)
    return by_last_word or fnmatch.fnmatchcase(dotted, pattern)


@functools.lru_cache(1 << 12)
def _builds_code(dotted: str) -> bool:
    """Whether a name makes code from text, or looks up code by a name in text."""
    return dotted in BUILTIN_BUILDERS or any(fnmatch.fnmatchcase(dotted, pattern) for pattern in BUILDERS)


def _output_advice(use: Use, policy: str) -> str:
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
