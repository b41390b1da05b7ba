"""How students' code for a deliverable differs from the solution's, statement by statement.

Code is only read. Files that cannot be parsed, or hold too much to be looked at, count as empty.
"""

import ast
import copy
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from autograder.course.record import Record
from harness.contract import Assignment, Deliverable
from harness.submission.source import Source, source_of
from harness.words import printable

Function = ast.FunctionDef | ast.AsyncFunctionDef
NESTED = ("body", "handlers", "orelse", "finalbody", "cases")  # where statements have statements
SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)
MOST_LINES = 6  # of a common difference
STUDENTS, LINES = 3, 4  # whose lines are shown, and how many of each
LONGEST = 160  # characters of a line that is shown


@dataclass(frozen=True)
class Line:
    """A statement without those in it.

    Attributes:
        text: as Python would print it, whatever its layout, with the solution's local names.
        number: where it stands in the file.
    """

    text: str
    number: int


@dataclass(frozen=True)
class StudentLine:
    """A line as it stands in a submission's file; `place` is like "models/naive/RNN.py:44"."""

    submission: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.submission} {self.place}: {self.text}"


@dataclass(frozen=True)
class Code:
    """A deliverable's functions in one file, by qualified name, with the solution's local names."""

    source: Source
    functions: Mapping[str, Function]

    @property
    def lines(self) -> list[Line]:
        return [line for function in self.functions.values() for line in lines_of(function)]


class Solved:
    """A deliverable and its solution.

    Attributes:
        text: of the file that holds the solution; "" where there is no such file.
        code: its functions.
        lines: the texts of their lines, each once.
    """

    def __init__(self, root: Path, assignment: Assignment, deliverable: Deliverable) -> None:
        self.deliverable = deliverable
        path = root / "solution" / deliverable.file
        self.text = path.read_text(encoding="utf-8") if path.is_file() else ""
        names = {function.name for function in deliverable.functions}
        in_file = {function.name for other in assignment.by_file(deliverable.file) for function in other.functions}
        self._of_others = in_file - names
        self.code = self.read({deliverable.file: self.text.encode()})
        self.lines = tuple(dict.fromkeys(line.text for line in self.code.lines))
        self._names = {name: Vocabulary(function) for name, function in self.code.functions.items()}

    def named(self, files: Mapping[str, bytes]) -> Code:
        """The same as `read`, with the solution's local names as far as it is clear which is which."""
        code = self.read(files)
        for name in code.functions.keys() & self._names.keys():
            self._names[name].give(code.functions[name])
        return code

    def read(self, files: Mapping[str, bytes]) -> Code:
        """The functions that are not those of another deliverable in the same file, helpers included."""
        source = source_of(files, self.deliverable.file)
        can_be_read = not (source.error or source.excess)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse("\n".join(source.lines) if can_be_read else "")  # our own, because names change in it
        functions = {name: function for name, function in _functions(tree.body) if name not in self._of_others}
        return Code(source, functions)


class Differences:
    """Compares submissions' code for a deliverable. It keeps their lines alone: trees of a class take gigabytes."""

    def __init__(self, record: Record, solved: Solved) -> None:
        self.solved = solved
        self._record = record
        self._lines: dict[str, list[Line]] = {}

    def code(self, submission: str) -> Code:
        """A submission's functions, with the solution's local names."""
        return self.solved.named(self._record.files(submission))

    def own(self, submission: str) -> list[Line]:
        """The lines of a submission that the solution does not have."""
        return [line for line in self._of(submission) if line.text not in self.solved.lines]

    def _of(self, submission: str) -> list[Line]:
        if submission not in self._lines:
            self._lines[submission] = self.code(submission).lines
        return self._lines[submission]

    def _texts(self, submission: str) -> set[str]:
        return {line.text for line in self._of(submission)}

    def common(self, submissions: Sequence[str], classmates: Sequence[str]) -> list[str]:
        """What most submissions have in common: "+ " and a line of theirs, "- " and a line of the solution's.

        Args:
            classmates: submissions with right code. A line counts only if less than half as many of them have it.
        """
        there = Counter(text for id in submissions for text in self._texts(id))
        right = Counter(text for id in classmates for text in self._texts(id))

        def remarkable(share: float, right_ones: int) -> float:
            """By how much more frequent something is than in right code; 0 where that says nothing."""
            among_right = right_ones / len(classmates) if classmates else 0.0
            return share - among_right if share > 0.5 and among_right < share / 2 else 0.0

        count, others = len(submissions), len(classmates)
        added = [text for text in there if text not in self.solved.lines]
        found = [(remarkable(there[text] / count, right[text]), f"+ {text}") for text in added]
        for text in self.solved.lines:
            found.append((remarkable(1 - there[text] / count, others - right[text]), f"- {text}"))
        ranked = sorted((-score, text) for score, text in found if score)
        return [text for _, text in ranked[:MOST_LINES]]

    def shown(
        self, submissions: Sequence[str], classmates: Iterable[str], common: Collection[str]
    ) -> Iterator[StudentLine]:
        """Lines of up to three submissions as they stand in their files: those in common, else those of their own."""
        right = {text for id in classmates for text in self._texts(id)}
        for id in submissions[:STUDENTS]:
            own, source = self.own(id), self.code(id).source
            chosen = [line for line in own if f"+ {line.text}" in common]
            chosen = chosen or [line for line in own if line.text not in right] or own
            for line in chosen[:LINES]:
                text = printable(source.lines[line.number - 1].strip())
                yield StudentLine(id, f"{self.solved.deliverable.file}:{line.number}", text[:LONGEST])


def _functions(body: Iterable[ast.stmt], inside: str = "") -> Iterator[tuple[str, Function]]:
    """The functions of a file and the methods of its classes, by qualified name."""
    for statement in body:
        if isinstance(statement, Function):
            yield inside + statement.name, statement
        elif isinstance(statement, ast.ClassDef) and not inside:
            yield from _functions(statement.body, f"{statement.name}.")


def body_of(function: Function) -> list[ast.stmt]:
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return function.body[1:] if is_docstring else function.body


def lines_of(function: Function) -> list[Line]:
    """A function's statements one by one, in the order of the file."""
    return [Line(f"def {function.name}", function.lineno), *_lines(body_of(function))]


def _lines(body: Iterable[ast.AST]) -> Iterator[Line]:
    for node in body:
        number = getattr(node, "lineno", None) or node.pattern.lineno  # type: ignore[attr-defined]  # of a `case`
        yield Line(head(node), number)
        for field in NESTED:
            yield from _lines(getattr(node, field, []))


def head(node: ast.AST) -> str:
    """A statement on one line, without the statements in it."""
    if not any(getattr(node, field, []) for field in NESTED):
        return text(node)
    node = copy.copy(node)
    for field in filter(partial(hasattr, node), NESTED):
        setattr(node, field, [ast.Pass()] if field == "body" else [])
    return text(node).strip().split("\n")[0]


def text(node: ast.AST) -> str:
    """A piece of syntax as Python would print it."""
    try:
        return printable(ast.unparse(node), keep="\n")
    except (ValueError, RecursionError):  # a number of 5000 digits has no decimal form
        return "..."


class Vocabulary:
    """The local names of a function and what it does with them, found in one walk, because walks take most time."""

    def __init__(self, function: Function) -> None:
        nodes = list(ast.walk(function))
        self._names = [node for node in nodes if isinstance(node, ast.Name)]
        self._arguments = [node for node in nodes if isinstance(node, ast.arg)]
        simple = [node for node in nodes if isinstance(node, SIMPLE)]
        self.parameters = [argument.arg for argument in function.args.args]
        self.local = {node.id for node in self._names if not isinstance(node.ctx, ast.Load)}
        self.local |= {node.arg for node in self._arguments}
        self.simple = sorted(simple, key=lambda node: (node.lineno, node.col_offset))

    def give(self, function: Function) -> None:
        """Have another function call its parameters and local variables as this one does, as far as that is clear.

        It is where a statement is one of this function's but for the names. Statements are compared in their order, so
        that the names of the first ones help to recognize the next.
        """
        other = Vocabulary(function)
        names = _Matching(self.local, other.local)
        for one, another in zip(self.parameters, other.parameters, strict=False):
            names.match(one, another)
        rest = list(self.simple)
        for statement in other.simple:
            for candidate in rest:
                if names.unify(candidate, statement):
                    rest.remove(candidate)
                    break
        other.rename(names.complete())

    def rename(self, names: Mapping[str, str]) -> None:
        for node in self._names:
            node.id = names.get(node.id, node.id)
        for argument in self._arguments:
            argument.arg = names.get(argument.arg, argument.arg)


class _Matching:
    """Which of a student's local names stands for which of the solution's: one for one."""

    def __init__(self, ours: Collection[str], theirs: Collection[str]) -> None:
        self._ours = ours
        self._theirs = theirs
        self._names: dict[str, str] = {}

    def match(self, ours: str, theirs: str) -> bool:
        """Whether two names may stand for each other; notes that they do."""
        if ours not in self._ours or theirs not in self._theirs:
            return ours == theirs and theirs not in self._theirs
        if theirs not in self._names and ours not in self._names.values():
            self._names[theirs] = ours
        return self._names.get(theirs) == ours

    def unify(self, ours: object, theirs: object) -> bool:
        """Whether a student's statement is one of the solution's but for local names; notes these if it is."""
        before = dict(self._names)
        if self._agree(ours, theirs):
            return True
        self._names = before
        return False

    def _agree(self, ours: object, theirs: object) -> bool:
        if type(ours) is not type(theirs):
            return False
        if isinstance(ours, ast.Name) and isinstance(theirs, ast.Name):
            return self.match(ours.id, theirs.id)
        if isinstance(ours, ast.AST) and isinstance(theirs, ast.AST):
            values = vars(ours).get, vars(theirs).get
            fields = [field for field in _evaluated(ours) if field != "ctx"]
            return all(self._agree(values[0](field), values[1](field)) for field in fields)
        if isinstance(ours, list) and isinstance(theirs, list):
            return len(ours) == len(theirs) and all(map(self._agree, ours, theirs))
        return ours == theirs

    def complete(self) -> dict[str, str]:
        """A name for each of theirs: one that stands for none of ours stays, or gets "_" where it is taken."""
        names, taken = dict(self._names), set(self._names.values())
        for name in sorted(set(self._theirs) - names.keys()):
            names[name] = name
            while names[name] in taken:
                names[name] += "_"
            taken.add(names[name])
        return names


def _evaluated(node: ast.AST) -> Iterable[str]:
    """Fields of a node in the order of evaluation: a value is known by its names before it gets one."""
    return sorted(node._fields, key=lambda field: field in ("target", "targets"))
