"""Mutants: versions of the solution with one small change, to find mistakes that no graded test notices.

A mutant that passes every test is either a wrong solution that would get full marks, or the change changes nothing that
a test could see; only a person can tell which (DeMillo, Lipton and Sayward, 1978, "Hints on Test Data Selection").
Mutants that a person has looked at are listed in unnoticed.toml with the reason, so only new ones are shown.
"""

import ast
import signal
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from autograder.prepare import course, store
from autograder.prepare.answers import Mapper
from autograder.prepare.mistakes import activated, changed
from autograder.prepare.regions import BEGIN, END
from harness.answers import Answers
from harness.draws import measured
from harness.graded import GradedTest
from harness.judge import judge
from harness.run import run_case

UNNOTICED = Path(__file__).with_name("unnoticed.toml")
SECONDS = 10.0  # of CPU time; a case that takes longer counts as having noticed the mutant
BATCH = 25

ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.FloorDiv: "/", ast.Mod: "*", ast.Pow: "*"}
COMPARISONS = {
    ast.Lt: ("<=", ">="), ast.LtE: ("<", ">"), ast.Gt: (">=", "<="), ast.GtE: (">", "<"),
    ast.Eq: ("!=", "<=", ">="), ast.NotEq: ("==", "<", ">"),
    ast.Is: ("is not",), ast.IsNot: ("is",), ast.In: ("not in",), ast.NotIn: ("in",),
}  # fmt: skip
Change = tuple[ast.AST, str]  # a node, and the text that replaces it


@dataclass(frozen=True)
class Mutant:
    """A solution file with one change.

    Attributes:
        file: relative to the solution's root; line: where it differs first.
        before, after: that line, without the spaces around it.
        source: the whole file.
    """

    file: str
    line: int
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, self.before, self.after


@dataclass(frozen=True)
class Batch:
    """Some mutants of one file, and the tests of its deliverables with their right answers."""

    root: Path
    mutants: Sequence[Mutant]
    tests: Sequence[GradedTest]
    answers: Answers


def batches(root: Path, tests: Sequence[GradedTest], only: str = "") -> list[Batch]:
    """All mutants of the solution, or those of files with `only` in their names; none twice.

    Raises:
        AnswersError: public answers are stale or missing.
    """
    store.check_public(root)
    answers = store.load_public(root, tests).answers
    modules: dict[str, list[str]] = {}
    rubric = course.load(root)
    for deliverable in (*rubric.deliverables, *rubric.off):  # all of a file is changed
        modules.setdefault(deliverable.file, []).append(deliverable.tests)
    made: list[Batch] = []
    for file in (file for file in modules if only in file):
        own_tests = [test for test in tests if test.module in modules[file]]
        right = Answers()
        for module in modules[file]:
            right |= answers.of(module)
        mutants = [*mutants_of(file, (root / "solution" / file).read_text(encoding="utf-8"))]
        made += [Batch(root, mutants[at : at + BATCH], own_tests, right) for at in range(0, len(mutants), BATCH)]
    return made


def survivors(batch: Batch) -> list[Mutant]:
    """The mutants that pass all tests with the public seed. Tests that have noticed most mutants so far run first."""
    noticed: Counter[str] = Counter()
    alive: list[Mutant] = []
    before = signal.signal(signal.SIGPROF, _too_long)
    try:
        for mutant in batch.mutants:
            with changed(batch.root, mutant.file, mutant.source) as folder:
                by = _noticed_by(folder, batch, sorted(batch.tests, key=lambda test: -noticed[test.key]))
            if by:
                noticed[by.key] += 1
            else:
                alive.append(mutant)
    finally:
        signal.signal(signal.SIGPROF, before)
    return alive


def survey(tried: Sequence[Batch], mapper: Mapper, advance: Callable[[int], None]) -> list[Mutant]:
    """All mutants that no test notices; `advance` is called with the number of tried ones."""
    alive: list[Mutant] = []
    for batch, survived in zip(tried, mapper(survivors, tried), strict=True):
        alive += survived
        advance(len(batch.mutants))
    return alive


def unnoticed() -> dict[tuple[str, str, str], str]:
    """Key of a mutant that was looked at -> why no test notices it. Equal lines of a file have one key."""
    entries = tomllib.loads(UNNOTICED.read_text(encoding="utf-8"))["mutant"]
    return {(entry["file"], entry["before"], after): entry["why"] for entry in entries for after in entry["after"]}


def _too_long(number: int, frame: FrameType | None) -> NoReturn:
    raise TimeoutError


def _noticed_by(folder: Path, batch: Batch, tests: Iterable[GradedTest]) -> GradedTest | None:
    """The first test that fails."""
    with activated(folder) as tree:
        for test in tests:
            for case in test.cases:
                name = test.identifier(case)
                signal.setitimer(signal.ITIMER_PROF, SECONDS)
                try:
                    outcome = run_case(test, case, tree, batch.answers.seeds[name])
                except TimeoutError:
                    return test
                finally:
                    signal.setitimer(signal.ITIMER_PROF, 0)
                right = batch.answers.outcomes[name]
                if not judge(measured(outcome, right), right, test.tolerance).passed:
                    return test
    return None


# Making them.


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Change every expression and statement between # BEGIN SOLUTION and # END SOLUTION in every way known here."""
    tree = ast.parse(source)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    lines, seen = source.splitlines(), {source}
    inside = set(_inside(lines))
    for node in ast.walk(tree):
        if getattr(node, "lineno", 0) not in inside or not _is_code(node, parents):
            continue
        for old, new in (*_expressions(node, source), *_statements(node), *_other_names(node, parents)):
            wrong = _spliced(source, old, new)
            if wrong in seen or not _compiles(wrong):
                continue
            seen.add(wrong)
            at, before, after = _first_difference(lines, wrong.splitlines())
            yield Mutant(file, at, before, after, wrong)


def _inside(lines: Sequence[str]) -> Iterator[int]:
    """The numbers of the lines that students write."""
    inside = False
    for number, line in enumerate(lines, 1):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            yield number


def _is_code(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether a node is code: not part of an annotation, nor of an f-string, whose words are free."""
    while node in parents:
        child, node = node, parents[node]
        types = (getattr(node, "annotation", None), getattr(node, "returns", None))
        if isinstance(node, ast.JoinedStr) or child in types:
            return False
    return True


def _expressions(node: ast.AST, source: str) -> Iterator[Change]:
    """Other expressions to put in this one's place."""

    def text(part: ast.AST) -> str:
        return ast.get_source_segment(source, part) or ""

    match node:
        case ast.BinOp(left=left, op=op, right=right):
            if type(op) in ARITHMETIC:
                yield node, f"({text(left)} {ARITHMETIC[type(op)]} {text(right)})"
            yield from ((node, f"({text(side)})") for side in (left, right))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            others = COMPARISONS[type(op)][: 1 if _is_word(right) else None]
            yield from ((node, f"({text(left)} {other} {text(right)})") for other in others)
        case ast.BoolOp(op=op, values=values):
            other = " or " if isinstance(op, ast.And) else " and "
            yield node, f"({other.join(map(text, values))})"
            yield from ((node, f"({text(value)})") for value in values)
        case ast.UnaryOp(operand=operand):
            yield node, f"({text(operand)})"
        case ast.IfExp(body=body, orelse=orelse):
            yield from ((node, f"({text(branch)})") for branch in (body, orelse))
        case ast.Constant(value=bool(value)):
            yield node, str(not value)
        case ast.Constant(value=int(value)):
            yield from ((node, f"({other})" if other < 0 else str(other)) for other in (value + 1, value - 1, 0))
        case ast.Constant(value=float(value)):
            yield from ((node, repr(other)) for other in (2 * value, value / 2, 0.0))
        case ast.Slice(lower=lower, upper=upper):
            yield from ((bound, "") for bound in (lower, upper) if bound)
        case ast.Call():
            yield from _calls(node, text)


def _calls(node: ast.Call, text: Callable[[ast.AST], str]) -> Iterator[Change]:
    """A call that is left out, or that has fewer arguments or its first two the other way round."""
    if isinstance(node.func, ast.Attribute):
        yield node, text(node.func.value)
    if node.args:
        yield node, f"({text(node.args[0])})"
    function, positional, named = text(node.func), [*map(text, node.args)], [*map(text, node.keywords)]
    if len(positional) > 1:
        swapped = [positional[1], positional[0], *positional[2:]]
        yield node, f"{function}({', '.join([*swapped, *named])})"
        yield node, f"{function}({', '.join([*positional[:-1], *named])})"
    for left_out in named:
        yield node, f"{function}({', '.join([*positional, *(argument for argument in named if argument != left_out)])})"


def _statements(node: ast.AST) -> Iterator[Change]:
    """A statement that is left out, or a condition that always or never holds."""
    match node:
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield node, "pass"
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            if any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value)):
                yield node, "pass"
        case ast.If(test=test) | ast.While(test=test):
            yield from ((test, constant) for constant in ("True", "False"))


def _other_names(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> Iterator[Change]:
    """Replace a variable that is read by another one of its function, or an attribute of self by another one."""
    parent = parents[node]
    if isinstance(parent, ast.Call) and parent.func is node and isinstance(node, ast.Name):
        return
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            function = _around(node, parents, ast.FunctionDef)
            within = [*ast.walk(function)]
            names = {part.id for part in within if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
            names |= {part.arg for part in within if isinstance(part, ast.arg)}
        case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Load()):
            within = [*ast.walk(_around(node, parents, ast.ClassDef))]
            attributes = [part for part in within if isinstance(part, ast.Attribute)]
            # Attributes that are set here or by setattr: they are read, and are no methods.
            names = {part.attr for part in attributes if _is_self(part.value) and not _is_method(part, parents)}
        case _:
            return
    if name in names and name != "self":
        for other in sorted(names - {name, "self"}):
            yield node, other if isinstance(node, ast.Name) else f"self.{other}"


def _is_method(node: ast.Attribute, parents: Mapping[ast.AST, ast.AST]) -> bool:
    """Whether an attribute is called, as methods are. Layers are called, too, but also stored."""
    parent = parents[node]
    return isinstance(node.ctx, ast.Load) and isinstance(parent, ast.Call) and parent.func is node


def _is_word(node: ast.AST) -> bool:
    """Whether a node is a string; an order of strings means nothing in a comparison."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _around(node: ast.AST, parents: Mapping[ast.AST, ast.AST], kind: type[ast.AST]) -> ast.AST:
    while not isinstance(node, kind) and node in parents:
        node = parents[node]
    return node


def _spliced(source: str, node: ast.AST, text: str) -> str:
    """The source with a text in a node's place. Columns count bytes."""
    data = source.encode()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    assert isinstance(node, ast.expr | ast.stmt)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    start, end = starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset
    return (data[:start] + text.encode() + data[end:]).decode()


def _compiles(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "is" with a literal, and the like
        try:
            compile(source, "mutant", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True


def _first_difference(before: Sequence[str], after: Sequence[str]) -> tuple[int, str, str]:
    """Number of the first line that differs, and the line in both."""
    for number, (old, new) in enumerate(zip(before, after, strict=False), 1):
        if old != new:
            return number, old.strip(), new.strip()
    return len(before), before[-1].strip(), ""
