"""Solution regions: what students write. Removes them from files for the handout, and finds leaks of them.

A region lies between two marker comments, under the TODO that stays in the handout:

    # TODO(naive.RNN): join input and hidden along the features, then apply both layers.
    # BEGIN SOLUTION
    ...
    # END SOLUTION
"""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

BEGIN = "# BEGIN SOLUTION"
END = "# END SOLUTION"
RUN = 15  # so many equal tokens in a row are no coincidence

_LIKE_A_MARKER = re.compile(r"#+\W*(begin|end)\W*solution", re.IGNORECASE)
_LIKE_A_TODO = re.compile(r"#+\W*todo\b", re.IGNORECASE)
_TODO = re.compile(r"# TODO\(([\w.]+)\): \S")
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class HandoutError(ValueError):
    """The handout cannot be made. The message names file and line, what was expected and what to do."""


@dataclass(frozen=True)
class Region:
    """What stands between two markers. Lines count from 1; `begin` and `end` are those of the markers.

    `function` is the outermost function around it, by its dotted name, defined at line `defined`; `replacement` is what
    the handout has instead: nothing in `__init__`, so that a class can be made before all of it is written.
    """

    deliverable: str
    todo: int
    begin: int
    end: int
    function: str
    defined: int
    replacement: tuple[str, ...]


def strip(
    name: str, source: str, deliverables: Collection[str], wanted: Callable[[Region], bool] = lambda region: True
) -> tuple[str, list[Region]]:
    """The file as handed out, and its regions in order.

    Args:
        name: what the file is called in errors.
        deliverables: ids of those whose code may stand in this file.
        wanted: which regions are cut out; the others stay.

    Raises:
        HandoutError: for markers that do not pair up, a region that is not some of the statements of a block in a
            function, a TODO that is missing, unknown or without a region.
    """
    lines = source.split("\n")
    stripped: list[str] = []
    regions = _File(name, source).regions(deliverables)
    copied = 0
    for region in filter(wanted, regions):
        stripped += lines[copied : region.begin - 1]
        stripped += region.replacement
        copied = region.end
    text = "\n".join(stripped + lines[copied:])
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise HandoutError(f"{name}: expected Python without the regions, found: {error}; move the markers") from error
    return text, regions


class _File:
    """A solution file, parsed.

    Attributes:
        scopes: its classes and functions, breadth first.
        blocks: all lists of nodes, breadth first; among them the statements of each block.
        comments: line -> column and text of each comment that has a line of its own.
    """

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.lines = source.split("\n")
        try:
            nodes = list(ast.walk(ast.parse(source)))
        except SyntaxError as error:
            raise HandoutError(f"{name}: expected Python, found: {error}; correct the file") from error
        self.scopes = [node for node in nodes if isinstance(node, _Scope)]
        self.blocks = [value for node in nodes for _, value in ast.iter_fields(node) if isinstance(value, list)]
        self.comments: dict[int, tuple[int, str]] = {}
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                line, column = token.start
                alone = token.line[:column].strip() == ""
                if _LIKE_A_MARKER.match(token.string) and not (alone and token.string in (BEGIN, END)):
                    raise self.error(line, f"expected `{BEGIN}` or `{END}` alone on its line; write it exactly so")
                if alone:
                    self.comments[line] = column, token.string

    def error(self, line: int, message: str) -> HandoutError:
        return HandoutError(f"{self.name}:{line}: {message}")

    def regions(self, deliverables: Collection[str]) -> list[Region]:
        regions = [self.region(begin, end, deliverables) for begin, end in self.pairs()]
        for line, (_, text) in self.comments.items():
            if _LIKE_A_TODO.match(text) and all(line != region.todo for region in regions):
                raise self.error(line, f"expected `{BEGIN}` under this TODO; mark what it asks for, or reword it")
        return regions

    def pairs(self) -> Iterator[tuple[int, int]]:
        """The lines of each region's two markers."""
        begin = 0
        for line, (_, text) in self.comments.items():
            if text == BEGIN and begin:
                raise self.error(line, f"expected `{END}` of line {begin} first, regions cannot be nested; close it")
            if text == END and not begin:
                raise self.error(line, f"expected `{BEGIN}` above; add it, or remove this marker")
            if text == END:
                yield begin, line
            begin = {BEGIN: line, END: 0}.get(text, begin)
        if begin:
            raise self.error(begin, f"expected `{END}` below; add it after the region's last statement")

    def region(self, begin: int, end: int, deliverables: Collection[str]) -> Region:
        todo, id = self.todo(begin, deliverables)
        first = self.statements(begin, end)[0]
        # From the outside in, without the region's own.
        scopes = [node for node in self.scopes if node.lineno < begin and first.lineno <= (node.end_lineno or 0)]
        if not scopes or isinstance(scopes[-1], ast.ClassDef):
            raise self.error(begin, "expected a region inside a function; move the code into one, or hand it out")
        if {self.comments[line][0] for line in (todo, begin, end)} != {first.col_offset}:
            raise self.error(begin, "expected TODO, markers and code at one indentation; align them")
        depth = next(depth for depth, scope in enumerate(scopes) if not isinstance(scope, ast.ClassDef))
        function = ".".join(scope.name for scope in scopes[: depth + 1])
        refusal = f'{" " * first.col_offset}raise NotImplementedError("{id}")'
        replacement = () if scopes[-1].name == "__init__" else (refusal,)
        return Region(id, todo, begin, end, function, scopes[depth].lineno, replacement)

    def todo(self, begin: int, deliverables: Collection[str]) -> tuple[int, str]:
        """Line and deliverable of the TODO whose comment ends directly above a region."""
        line = begin - 1
        texts = {number: text for number, (_, text) in self.comments.items() if text != END}
        while line in texts and not _LIKE_A_TODO.match(texts[line]):
            line -= 1
        text = texts.get(line, "")
        match = _TODO.match(text)
        if match and match[1] in deliverables:
            return line, match[1]
        known = f"an id of this file's deliverables ({', '.join(deliverables) or 'the rubric has none'})"
        expected = f"expected `# TODO(id): what to do` above the region, with {known}"
        raise self.error(line if text else begin, f"{expected}, found {text or 'none'!r}; correct it, or the rubric")

    def statements(self, begin: int, end: int) -> list[ast.stmt]:
        """What a region holds: some, but not all, of the statements of one block."""
        for block in self.blocks:  # breadth first: the region's own block comes before those of statements in it
            inside = [node for node in block if isinstance(node, ast.stmt) and begin < node.lineno < end]
            if not inside:
                continue
            if (inside[-1].end_lineno or end) > end or not _is_block("\n".join(self.lines[begin : end - 1])):
                break
            if len(inside) == len(block):
                raise self.error(begin, "expected a further statement beside the region, such as a docstring; add one")
            return inside
        raise self.error(begin, f"expected whole statements of one block up to line {end}; move the markers")


def _is_block(text: str) -> bool:
    """Whether the lines are whole statements at one indentation: no `else:` of a statement that begins elsewhere."""
    try:
        return bool(ast.parse("if True:\n" + textwrap.indent(text, " ")))
    except SyntaxError:
        return False


# Leaks. One tolerant tokenizer for everything: what is quoted, commented out or kept in JSON is opened up and compared
# as if it were code, so a string counts as the words in it.

_MARKER_LINE = re.compile(rf"^[ \t]*(?:{BEGIN}|{END})[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"#[^\n]*")
_JSON_LINES = re.compile(r'(?:\\n)?",(?=\s*\n\s*")')  # between the lines of a notebook's cell
_TOKEN = re.compile(
    r"""\\[nrt]|[\s"'`\\#]+"""  # layout, plain or escaped, and quotes: no tokens
    r"""|(\d+\.\d+(?:[eE][-+]?\d+)?|\w+|\*\*=?|//=?|>>=?|<<=?|->|\.\.\.|[-+*/%&|^=<>!@:]=|.)"""
)


def check_leaks(files: Mapping[str, bytes], solution_sources: Mapping[str, str]) -> None:
    """Refuse files that hold 15 or more tokens in a row which the solution has only inside regions.

    Args:
        files: what is handed out; files with a zero byte are no text and are passed over.
        solution_sources: the solution's files with their markers.

    Raises:
        HandoutError: naming each file's first leak.
    """
    pieces = [_MARKER_LINE.split(source) for source in solution_sources.values()]
    public = {run for outside in pieces for text in outside[0::2] for view in _views(text) for run in _runs(view)}
    secret = {run for inside in pieces for text in inside[1::2] for run in _runs(_views(text)[0])} - public
    leaks = [leak for name, data in files.items() if b"\0" not in data for leak in _leaks(name, data, secret)]
    if leaks:
        raise HandoutError("\n".join(leaks))


def _leaks(name: str, data: bytes, secret: Collection[tuple[str, ...]]) -> Iterator[str]:
    text = data.decode("utf-8", errors="replace")
    if name.endswith((".json", ".ipynb")):
        text = _JSON_LINES.sub(_blank, text)
    for view in _views(text):
        hits = {index for index, run in enumerate(_runs(view)) if run in secret}
        if hits:
            first = last = min(hits)
            while last + 1 in hits:
                last += 1
            places = [match.span() for match in _TOKEN.finditer(view) if match[1]]
            start, end = places[first][0], places[last + RUN - 1][1]
            line, shown = text.count("\n", 0, start) + 1, textwrap.shorten(text[start:end], 200)
            yield f"{name}:{line}: expected nothing that only the solution's regions hold, found `{shown}`; reword it"
            return


def _views(text: str) -> tuple[str, str]:
    """The text without its comments, and with the words of its comments in case code is commented out."""
    return _COMMENT.sub(_blank, text), text


def _blank(match: re.Match[str]) -> str:
    """Replace text by spaces, so that positions stay the same."""
    return " " * len(match[0])


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of RUN tokens; the n-th begins at the n-th token."""
    tokens = [match[1] for match in _TOKEN.finditer(text) if match[1]]
    return zip(*(tokens[start:] for start in range(RUN)), strict=False)
