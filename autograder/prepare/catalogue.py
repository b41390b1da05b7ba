"""The catalogue of misconceptions: small changes of the solution, each with the hint of a patient teaching assistant.

One file a deliverable, `misconceptions/<deliverable>.toml`, with entries like

    [[misconception]]
    name = "cell_without_forgetting"
    before = '''            c = f * c + i * g'''      # stands exactly once in the deliverable's solution file
    after = '''            c = i * g'''
    hint = "..."                                       # what the output looks like and where to look; never the code
    varies = "in training mode"                        # optional: a regular expression for what comes out at random,
                                                       # searched in "module::test[case]: name of what is shown"

Where the same mistake can be made in several places, one entry stands for all of them:

    each = [{ gate = "i" }, { gate = "f" }]           # "<gate>" in the other texts is replaced, once for each

A wrong name of a layer or parameter stands in many places; such an entry has, instead of `before` and `after`,

    renamed = { norm_mh = "norm" }                     # right = "wrong": whole words, wherever they stand in the file

and its hint is shown for every other wrong name as well, because the right name is missing each time.

Above its entries a file may have:

    fewer = "two lines, in which no more can go wrong"     # why there are fewer than five entries

    [half_done]                                       # a mistake of the demonstration's half-done submission
    before = "outputs = []"
    after = "while True: pass"

    [credit]                                          # unfinished versions that get more points than others may
    "evaluate is missing" = "two functions, each of which is half of the work"
"""

import ast
import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.prepare import course
from autograder.rubric import Deliverable

FOLDER = Path("autograder", "prepare", "misconceptions")
# What stands in an entry that `python -m autograder misconception add` has drafted until a person has completed it.
UNNAMED, UNFILLED = "to_be_named", "TODO"


class CatalogueError(ValueError):
    """A mistake in the catalogue. The message names file and entry, what was expected and what was found."""


@dataclass(frozen=True)
class Misconception:
    """A wrong way to write a deliverable.

    Attributes:
        file: the file that it changes, relative to the tree's root.
        hint: what helps a student whose code does the same.
        before: text of the solution; `after` stands in its place. Both are "" where names are wrong.
        renamed: right name -> wrong name; empty where it is another mistake.
        varies: finds what comes out at random in "module::test[case]: name"; "" where nothing does.
    """

    name: str
    deliverable: str
    file: str
    hint: str
    before: str = ""
    after: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict, hash=False)
    varies: str = ""

    def __str__(self) -> str:
        return f"{self.deliverable}/{self.name}"


@dataclass(frozen=True)
class Head:
    """What a deliverable's file says above its misconceptions.

    Attributes:
        fewer: why there are fewer than LEAST misconceptions; "" where there are enough.
        half_done: text of the solution, and what stands there in a half-done submission; two "" where nothing does.
        credit: what is unfinished -> why it may get more points than credit.LIMIT.
    """

    fewer: str = ""
    half_done: tuple[str, str] = ("", "")
    credit: Mapping[str, str] = field(default_factory=dict)


LEAST = 5  # misconceptions of a deliverable, unless its file says why there are fewer
REPLACED = ("name", "before", "after", "hint")  # the keys of an entry; `varies` may be added
RENAMED = ("name", "renamed", "hint")  # of an entry about names


def load(root: Path) -> list[Misconception]:
    """Read the whole catalogue, in the rubric's order, and check every entry against the solution's text.

    Args:
        root: the repository.

    Raises:
        CatalogueError: names file and entry that cannot be used, and why.
    """
    return [entry for deliverable in deliverables(root) for entry in _read(root, deliverable)]


def deliverables(root: Path) -> list[Deliverable]:
    """The rubric's deliverables, including those that are switched off.

    Raises:
        CatalogueError: for a file of the catalogue that is named after none of them.
    """
    rubric = course.load(root)
    known = {deliverable.id: deliverable for deliverable in (*rubric.deliverables, *rubric.off)}
    for path in sorted((root / FOLDER).glob("*.toml")):
        if path.stem not in known:
            raise CatalogueError(f"{path}: expected the id of a deliverable as the name, one of {', '.join(known)}")
    return [*known.values()]


def file_of(deliverable: Deliverable) -> Path:
    """The file with a deliverable's misconceptions, relative to the repository."""
    return FOLDER / f"{deliverable.id}.toml"


def of(root: Path, deliverable: Deliverable) -> list[Misconception]:
    """The misconceptions of one deliverable. Checks that each gives valid Python, which takes seconds; `load` does not.

    Raises:
        CatalogueError: as in `load`, and for a change that leaves no valid Python.
    """
    entries = _read(root, deliverable)
    source = (root / "solution" / deliverable.file).read_text(encoding="utf-8")
    for entry in entries:
        try:
            ast.parse(apply(entry, source))
        except SyntaxError as error:
            where = f"{root / file_of(deliverable)}, {entry.name}"
            raise CatalogueError(f"{where}: expected Python after the change, found: {error}") from error
    return entries


def names(root: Path, deliverable: Deliverable) -> set[str]:
    """The names in a deliverable's file, those of drafts included."""
    path = root / file_of(deliverable)
    entries = _document(path).get("misconception", []) if path.exists() else []
    return {str(single.get("name")) for table in entries for single in _expanded(table)}


def heads(root: Path) -> dict[str, Head]:
    """What the files say above their misconceptions, by deliverable; see `load`."""
    paths = sorted((root / FOLDER).glob("*.toml"))
    return {path.stem: _head(path, _document(path)) for path in paths}


def apply(misconception: Misconception, source: str) -> str:
    """The file's source with the misconception in it.

    Raises:
        CatalogueError: `before` does not stand in the source exactly once; or a right name does not stand in it, or a
            wrong name does.
    """
    if misconception.renamed:
        return _rename(misconception.renamed, source)
    count = source.count(misconception.before)
    if count != 1:
        raise CatalogueError(f"{misconception}: expected `before` once in {misconception.file}, found it {count} times")
    return source.replace(misconception.before, misconception.after)


def _rename(names: Mapping[str, str], source: str) -> str:
    """The source with wrong names in place of the right ones; the wrong names must not occur in it before."""
    words = set(re.findall(r"\w+", source))
    for right, wrong in names.items():
        if right not in words:
            raise CatalogueError(f"renamed: expected a name that stands in the file, found {right!r}")
        if wrong in words or not wrong.isidentifier():
            raise CatalogueError(f"renamed: expected a name that is new to the file, found {wrong!r}")
        words.add(wrong)
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), source)


def _read(root: Path, deliverable: Deliverable) -> list[Misconception]:
    path = root / file_of(deliverable)
    if not path.exists():
        return []
    document, source = _document(path), (root / "solution" / deliverable.file).read_text(encoding="utf-8")
    entries: list[Misconception] = []
    for position, table in enumerate(document.get("misconception", []), start=1):
        where = f"{path}, entry {position} ({table.get('name', 'without a name')})"
        try:
            for single in _expanded(table):
                entry = _entry(single, deliverable)
                _check(entry, source, {other.name for other in entries})
                entries.append(entry)
        except CatalogueError as error:
            raise CatalogueError(f"{where}: {error}") from error
    _head(path, document)
    return entries


def _document(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_text(encoding="utf-8"))
    except ValueError as error:  # no UTF-8, no TOML
        raise CatalogueError(f"{path}: expected TOML in UTF-8, found: {error}") from error


@functools.lru_cache(1 << 7)  # files; what is read is never changed
def _parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def _head(path: Path, document: Mapping[str, Any]) -> Head:
    """What a file says above its misconceptions, checked."""
    unknown = document.keys() - {"misconception", "fewer", "half_done", "credit"}
    if unknown or not document.get("misconception"):
        others = f", found {', '.join(sorted(unknown))}" if unknown else ""
        raise CatalogueError(f"{path}: expected [[misconception]]; above them fewer, half_done, credit{others}")
    half_done, credit = document.get("half_done", {"before": "", "after": ""}), document.get("credit", {})
    if not (isinstance(half_done, dict) and half_done.keys() == {"before", "after"}):
        raise CatalogueError(f"{path}: half_done: expected a table with before and after, found {half_done!r}")
    reasons = [document.get("fewer", "why"), *(credit.values() if isinstance(credit, dict) else [credit])]
    if not all(isinstance(reason, str) and reason.strip() for reason in reasons):
        raise CatalogueError(f"{path}: expected a reason, as text, of fewer and of each entry of [credit]")
    return Head(document.get("fewer", ""), (half_done["before"], half_done["after"]), credit)


def _expanded(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """An entry with `each` as one entry for each of its places; any other as it is."""
    if "each" not in table:
        return [table]
    texts = {key: value for key, value in table.items() if key != "each"}
    places = table["each"]
    if not (isinstance(places, list) and places and all(isinstance(place, dict) and place for place in places)):
        raise CatalogueError(f'each: expected a list like [{{ word = "text" }}], found {places!r}')
    return [{key: _filled(value, place) for key, value in texts.items()} for place in places]


def _filled(text: Any, place: Mapping[str, Any]) -> Any:
    for word, value in place.items() if isinstance(text, str) else ():
        text = text.replace(f"<{word}>", str(value))
    return text


def _entry(table: Mapping[str, Any], deliverable: Deliverable) -> Misconception:
    keys, optional = (RENAMED, set()) if "renamed" in table else (REPLACED, {"varies"})
    if set(table) - optional != set(keys):
        raise CatalogueError(f"expected the keys {', '.join(keys)}, found {', '.join(table) or 'none'}")
    for key, value in table.items():
        if key == "renamed":
            if not (isinstance(value, dict) and value and all(isinstance(name, str) for name in value.values())):
                raise CatalogueError(f'{key}: expected {{ right_name = "wrong_name" }}, found {value!r}')
        elif not isinstance(value, str) or not (value.strip() or key == "after"):
            raise CatalogueError(f"{key}: expected text, found {value!r}")
    return Misconception(deliverable=deliverable.id, file=deliverable.file, **table)


def _check(entry: Misconception, source: str, taken: set[str]) -> None:
    """Demand a name of its own, a place in the solution, and a change."""
    if entry.name == UNNAMED:
        raise CatalogueError(f"name: expected what the mistake is called, found a draft's {UNNAMED}")
    if entry.hint.startswith(UNFILLED):
        raise CatalogueError(f"hint: expected a hint for students, found a draft's {UNFILLED}; write it")
    if entry.name in taken:
        raise CatalogueError("expected a name that no other entry has")
    if not entry.renamed and entry.before.split() == entry.after.split():
        raise CatalogueError("expected a change, found none but in layout")
    apply(entry, source)
    try:
        re.compile(entry.varies)
    except re.error as error:
        raise CatalogueError(f"varies: expected a regular expression, found: {error}") from error
