"""A corpus of copies and of independent work, made from a few real solutions of the assignment.

Real are the project's own solution, three rewrites by people who saw only the docstrings (`rewrites/`), and the right
solution below `autograder/bench/attempts/habits`. Everything else is made: copies by changing a tree of one of these in
the ways that copiers do, and a class around them by joining functions of these and varying them at random. A made class
shows speed and memory, and that what many write alike counts little; it does not show how real students write.
"""

import ast
import copy
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

ROOT = Path(__file__).resolve().parents[4]
REWRITES = Path(__file__).parent / "rewrites"
Files = Mapping[str, bytes]
Change = Callable[[Files, random.Random], dict[str, bytes]]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def read(folder: Path) -> dict[str, bytes]:
    """The Python files of a tree by path, without empty packages."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
    return {path: content for path, content in files.items() if not path.endswith("__init__.py")}


def handout() -> dict[str, bytes]:
    return read(ROOT / "student")


def solution() -> dict[str, bytes]:
    return read(ROOT / "solution")


def independent() -> dict[str, dict[str, bytes]]:
    """Right solutions by people who have not seen one another's."""
    works = {folder.name: read(folder) for folder in sorted(REWRITES.iterdir())}
    return works | {"habits": read(ROOT / "autograder" / "bench" / "attempts" / "habits")}


# Disguises: each changes how a file looks and nothing that it does.


def _with_trees(change: Callable[[ast.Module, random.Random], None]) -> Change:
    def changed(files: Files, rng: random.Random) -> dict[str, bytes]:
        result = {}
        for path, content in files.items():
            tree = ast.parse(content)
            change(tree, rng)
            result[path] = ast.unparse(ast.fix_missing_locations(tree)).encode()
        return result

    return changed


def _functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]


def _rename(tree: ast.Module, rng: random.Random) -> None:
    """Other names for parameters, local variables and the private attributes and helpers of a file."""
    private = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr.startswith("_")}
    private |= {function.name for function in _functions(tree) if function.name.startswith("_")}
    names = {name: f"_{_word(rng)}" for name in sorted(private) if not name.startswith("__")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            node.attr = names.get(node.attr, node.attr)
        elif isinstance(node, FUNCTIONS):
            node.name = names.get(node.name, node.name)
    for function in _functions(tree):
        stored = {
            node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        arguments = [node for node in ast.walk(function) if isinstance(node, ast.arg) and node.arg != "self"]
        local = {name: _word(rng) for name in sorted(stored | {argument.arg for argument in arguments})}
        for node in ast.walk(function):
            if isinstance(node, ast.Name):
                node.id = local.get(node.id, node.id)
        for argument in arguments:
            argument.arg = local[argument.arg]


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("bdfklmnprst") + rng.choice("aeiou") for _ in range(3))


def _reorder(tree: ast.Module, rng: random.Random) -> None:
    """Methods in another order, and functions and classes, too."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)):
            definitions = [part for part in node.body if isinstance(part, (*FUNCTIONS, ast.ClassDef))]
            rest = [part for part in node.body if part not in definitions]
            rng.shuffle(definitions)
            node.body = [*rest, *definitions]


def _strip(tree: ast.Module, rng: random.Random) -> None:
    """No docstrings, no annotations; comments and layout go with `ast.unparse`."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, *FUNCTIONS)) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, FUNCTIONS):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None


def _annotate(files: Files, rng: random.Random) -> dict[str, bytes]:
    """Annotations of local variables, and a comment above every second line."""
    result = {}
    for path, content in files.items():
        tree = ast.parse(content)
        for node in ast.walk(tree):
            for name, block in ast.iter_fields(node):
                if name == "body" and isinstance(block, list) and isinstance(node, FUNCTIONS):
                    node.body = [_annotated(statement) for statement in block]
        lines = ast.unparse(ast.fix_missing_locations(tree)).split("\n")
        commented = [
            f"{line}  # {_word(rng)} {_word(rng)}" if line.endswith(")") and rng.random() < 0.5 else line
            for line in lines
        ]
        result[path] = "\n".join(commented).encode()
    return result


def _annotated(statement: ast.stmt) -> ast.stmt:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return ast.AnnAssign(statement.targets[0], ast.Name("object", ast.Load()), statement.value, 1)
    return statement


class _Loops(ast.NodeTransformer):
    """`xs = [...]` becomes a loop that appends, and such a loop a comprehension."""

    def visit_Assign(self, node: ast.Assign) -> Any:
        comprehension = node.value
        if not (isinstance(comprehension, ast.ListComp) and isinstance(node.targets[0], ast.Name)):
            return node
        name = node.targets[0].id
        add = ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load()), [comprehension.elt], [])
        body: list[ast.stmt] = [ast.Expr(add)]
        for generator in reversed(comprehension.generators):
            for test in reversed(generator.ifs):
                body = [ast.If(test, body, [])]
            body = [ast.For(generator.target, generator.iter, body, [])]
        return [ast.Assign(node.targets, ast.List([], ast.Load()), lineno=1), *body]

    def visit_Return(self, node: ast.Return) -> Any:
        if isinstance(node.value, ast.ListComp):
            assign = ast.Assign([ast.Name("collected", ast.Store())], node.value, lineno=1)
            return [*self.visit_Assign(assign), ast.Return(ast.Name("collected", ast.Load()))]
        return node

    def visit_For(self, node: ast.For) -> Any:
        self.generic_visit(node)
        call = node.body[0].value if len(node.body) == 1 and isinstance(node.body[0], ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append":
            made = ast.ListComp(call.args[0], [ast.comprehension(node.target, node.iter, [], 0)])
            if isinstance(call.func.value, ast.Name):
                return ast.Assign([ast.Name(call.func.value.id, ast.Store())], made, lineno=1)
        return node


def _loops(tree: ast.Module, rng: random.Random) -> None:
    _Loops().visit(tree)


class _Operators(ast.NodeTransformer):
    """`x += y` and `x = x + y`, `a < b` and `b > a`, the order of operands and of keyword arguments."""

    TURNED: ClassVar = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq}

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            value = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
            return ast.Assign([node.target], value, lineno=1)
        return node

    def visit_Compare(self, node: ast.Compare) -> Any:
        self.generic_visit(node)
        if len(node.ops) == 1 and type(node.ops[0]) in self.TURNED:
            return ast.Compare(node.comparators[0], [self.TURNED[type(node.ops[0])]()], [node.left])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if isinstance(node.op, (ast.Add, ast.Mult)):
            node.left, node.right = node.right, node.left
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        node.keywords.reverse()
        return node


def _operators(tree: ast.Module, rng: random.Random) -> None:
    _Operators().visit(tree)


def _temporaries(tree: ast.Module, rng: random.Random) -> None:
    """A variable for what is returned, and for the first argument of a call that a variable gets."""
    for function in _functions(tree):
        body: list[ast.stmt] = []
        for statement in function.body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                body.append(ast.Assign([ast.Name("answer", ast.Store())], statement.value, lineno=1))
                statement = ast.Return(ast.Name("answer", ast.Load()))
            elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
                arguments = statement.value.args
                if arguments and not isinstance(arguments[0], ast.Starred):
                    name = _word(rng)
                    body.append(ast.Assign([ast.Name(name, ast.Store())], arguments[0], lineno=1))
                    arguments[0] = ast.Name(name, ast.Load())
            body.append(statement)
        function.body = body


def _everything(tree: ast.Module, rng: random.Random) -> None:
    for change in (_strip, _loops, _operators, _temporaries, _rename, _reorder):
        change(tree, rng)


DISGUISES: dict[str, Change] = {
    "verbatim": lambda files, rng: dict(files),
    "renamed": _with_trees(_rename),
    "reordered": _with_trees(_reorder),
    "loop for comprehension": _with_trees(_loops),
    "reformatted, without hints": _with_trees(_strip),
    "hints and comments added": _annotate,
    "operators turned": _with_trees(_operators),
    "temporary variables": _with_trees(_temporaries),
    "all of these": _with_trees(_everything),
}


# Copies of a part, which are disguised in all these ways.


def some_files(own: Files, source: Files, rng: random.Random, count: int = 2) -> dict[str, bytes]:
    """A work of one's own with some files of somebody else's; of the files with the most code half are eligible."""
    large = sorted(source, key=lambda path: -len(source[path]))[:6]
    copied = rng.sample(large, count)
    return dict(own) | DISGUISES["all of these"]({path: source[path] for path in copied}, rng)


def some_functions(own: Files, source: Files, rng: random.Random, share: float = 0.4) -> dict[str, bytes]:
    """A work of one's own with a share of somebody else's functions."""
    return _joined([own, DISGUISES["all of these"](source, rng)], lambda: rng.random() < share, rng)


def two_sources(one: Files, other: Files, rng: random.Random) -> dict[str, bytes]:
    """Half of the files from one, half from another."""
    paths = sorted(one)
    rng.shuffle(paths)
    mixed = {path: (one if number % 2 else other)[path] for number, path in enumerate(paths)}
    return DISGUISES["all of these"](mixed, rng)


def _joined(works: Sequence[Files], takes_other: Callable[[], bool], rng: random.Random) -> dict[str, bytes]:
    """The first work, where now and then a function is that of another work."""
    result = {}
    for path, content in works[0].items():
        tree = ast.parse(content)
        others = [_by_name(ast.parse(work[path])) for work in works[1:]]
        for holder in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
            for number, part in enumerate(holder.body):
                if isinstance(part, FUNCTIONS) and others and takes_other():
                    name = (getattr(holder, "name", ""), part.name)
                    holder.body[number] = rng.choice(others).get(name, part)
        result[path] = ast.unparse(tree).encode()
    return result


def _by_name(tree: ast.Module) -> dict[tuple[str, str], ast.stmt]:
    holders = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
    return {
        (getattr(h, "name", ""), part.name): part for h in holders for part in h.body if isinstance(part, FUNCTIONS)
    }


# A class.


class _Habits(ast.NodeTransformer):
    """Writes the same in other ways, each as often as a person's habits want, and now and then something else."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._wish = [rng.choice((0.0, 0.1, 0.5, 0.9)) for _ in range(8)]
        self._slips = rng.choice((0.0, 0.02, 0.05))

    def _wants(self, habit: int) -> bool:
        return self._rng.random() < self._wish[habit]

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        function = node.func
        if not isinstance(function, ast.Attribute):
            return node
        if function.attr == "size" and len(node.args) == 1 and self._wants(0):
            return ast.Subscript(ast.Attribute(function.value, "shape", ast.Load()), node.args[0], ast.Load())
        if function.attr == "unsqueeze" and self._wants(1):
            function.attr, node.args = "reshape", [*node.args, ast.UnaryOp(ast.USub(), ast.Constant(1))]
        if function.attr == "cat" and self._wants(2):
            function.attr = "concat"
        if function.attr in ("transpose", "new_zeros", "log_softmax", "softmax") and self._wants(3):
            return ast.Call(ast.Attribute(node, self._rng.choice(("contiguous", "clone", "float")), ast.Load()), [], [])
        if function.attr in ("Linear", "Embedding") and self._wants(4):
            node.keywords.append(
                ast.keyword("device", ast.Attribute(ast.Name("self", ast.Load()), "device", ast.Load()))
            )
        return node

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult) and self._wants(5):
            return ast.Call(
                ast.Attribute(ast.Name("torch", ast.Load()), "matmul", ast.Load()), [node.left, node.right], []
            )
        return node

    def visit_Constant(self, node: ast.Constant) -> Any:
        if type(node.value) is int and node.value in (1, 2) and self._wants(6):
            return ast.UnaryOp(ast.USub(), ast.Constant(1))
        if type(node.value) is int and self._rng.random() < self._slips:
            return ast.Constant(node.value + self._rng.choice((1, 2, 3)))
        return node

    def visit_Return(self, node: ast.Return) -> Any:
        self.generic_visit(node)
        if node.value is not None and self._rng.random() < self._slips:
            call = ast.Call(ast.Name("print", ast.Load()), [ast.Name("self", ast.Load())], [])
            return [ast.Expr(call), node]
        return node

    def visit_If(self, node: ast.If) -> Any:
        self.generic_visit(node)
        if node.orelse and self._wants(7):
            node.test, node.body, node.orelse = ast.UnaryOp(ast.Not(), node.test), node.orelse, node.body
        elif self._rng.random() < self._slips:
            node.test = ast.BoolOp(ast.And(), [node.test, ast.Compare(node.test, [ast.IsNot()], [ast.Constant(None)])])
        return node


def classmates(sources: Iterable[Files], count: int, rng: random.Random) -> dict[str, dict[str, bytes]]:
    """A made class: each function from one of the sources, written as one's own habits want."""
    works, made = [*sources], {}
    for number in range(count):
        order = rng.sample(works, len(works))
        tree_of = _joined(order, lambda: rng.random() < 0.6, rng)
        made[f"student{number:04}"] = _vary(tree_of, rng)
    return made


def _vary(files: Files, rng: random.Random) -> dict[str, bytes]:
    habits, result = _Habits(rng), {}
    for path, content in files.items():
        tree = habits.visit(copy.deepcopy(ast.parse(content)))
        result[path] = ast.unparse(ast.fix_missing_locations(tree)).encode()
    return result
