"""Reads and checks `autograder/rubric.toml`, which holds everything that an instructor decides.

The dataclasses are the schema: their fields are the keys of the tables, fields with a default are optional.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

T = TypeVar("T")

OUTPUT = ("allow", "warn", "zero")
VISIBILITY = ("hidden", "after_due_date", "after_published", "visible")
HINTS = ("local", "everywhere", "off")
NOTEBOOK = ("required", "optional", "refused")
STRICT = ("deliverable", "submission")
ISOLATION = ("required", "wanted")
GROUP_DATE = ("latest", "earliest")
IMPORTS = ("allowed", "handed out")
EXCUSED = ("spread", "given")
DERIVED = ("number", "part", "tests")  # fields that a deliverable's table does not hold
INHERITED = ("file", "refused")  # the keys of a deliverable that its part may have instead
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}  # seconds
DURATION = rf"(\d{{1,6}}(?:\.\d{{1,3}})?) ?({'|'.join(UNITS)})s?"
LONGEST = timedelta(days=3660)
LEAST_MIB = 64  # right answers take less; what torch needs is not counted
SHARE = "a share from 0 to 1, such as 0.3"


class RubricError(ValueError):
    """A mistake in the rubric. The message names the file, the key, what was expected and what was found."""


@dataclass(frozen=True)
class AssignmentSettings:
    """`[assignment]`: what students and the packager are told. `id_help` says `id_pattern` in words.

    `hints` says where an answer that equals a known mistake's gets its hint: on the laptop alone ("local"), there and
    in grading ("everywhere"), or nowhere ("off"). `imports` says whether a file may import all of `allowed_imports`, or
    of these only what it imports in the handout. `notebook` says whether a *.ipynb belongs into the upload, and
    `notebook_deduct` the share of the points that its absence costs where it is required. `strict` says what a file
    costs that Python cannot read or import: its own deliverables, or the whole submission.
    """

    name: str
    title: str
    version: str
    upload: str
    archive_name: str
    id_pattern: str
    group_size: int
    output: str
    allowed_imports: tuple[str, ...]
    group_size_min: int = 1
    id_help: str = ""
    hints: str = "everywhere"
    imports: str = "allowed"
    notebook: str = "optional"
    notebook_deduct: float = 0.0
    strict: str = "deliverable"


@dataclass(frozen=True)
class Limits:
    """`[grading.limits]`: seconds, MiB, and the number of time-outs after which a deliverable is left alone."""

    test_seconds: float
    overall_seconds: float
    memory_mib: int
    timeouts: int


@dataclass(frozen=True)
class HiddenFeedback:
    """`[grading.hidden_feedback]`: so many submissions in so much time are told what differs with hidden inputs."""

    count: int
    per: timedelta


@dataclass(frozen=True)
class Grading:
    """`[grading]`: `hidden_seeds` sets of secret values, the rows' visibility, the limits.

    `public_share` of a row's points is paid for passing with the published inputs alone, which a table of the published
    answers does as well. Without `hidden_feedback` every submission is told what differs with hidden inputs.
    `isolation` says whether the platform's run refuses to grade where student code is not isolated.
    """

    hidden_seeds: int
    visibility: str
    limits: Limits
    public_share: float = 0.0
    isolation: str = "required"
    hidden_feedback: HiddenFeedback | None = None


@dataclass(frozen=True)
class Tier:
    """`[[late.tier]]`: handed in `up_to` so long after the due date, this share of the points is deducted.

    With `per`, it is deducted for each such time that has begun since the due date.
    """

    up_to: timedelta
    deduct: float
    per: timedelta | None = None

    def price(self, delay: timedelta) -> float:
        """The share of the points that a delay costs, at most all of them."""
        begun = 1 if self.per is None else -(-delay // self.per)
        return min(1.0, round(self.deduct * begun, 9))


@dataclass(frozen=True)
class Late:
    """`[late]`: what lateness costs: nothing without tiers, and all points after the last tier.

    `group_date` says whose due date counts where the members of a group have different ones.
    """

    group_date: str = "latest"
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True)
class Excused:
    """`[[excused]]`: a test that has proved faulty, by its number, and why.

    Its `points` are "spread" over the other tests of its deliverable, or "given" to everybody.
    """

    test: str
    points: str
    why: str


@dataclass(frozen=True)
class Part:
    """`[[part]]`: a group of deliverables. `number` is its name in texts.

    Its table may also have the keys of INHERITED, for deliverables that have none of their own.
    """

    id: str
    number: str
    title: str


@dataclass(frozen=True)
class Deliverable:
    """`[[part.deliverable]]`: one exercise, graded as one piece.

    The id "naive.RNN" gives the path of its tests, "models/naive/test_RNN.py", relative to tests/, and, where no `file`
    is given, of what students write, "models/naive/RNN.py", relative to the tree. `number` ("1.2") comes from the part
    and the position.
    """

    id: str
    number: str
    part: str
    title: str
    file: str
    tests: str
    points: int | float
    needs: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rubric:
    """The whole rubric, in the file's order.

    `parts` and `deliverables` hold what is on. `off` holds the deliverables that `enabled = false` switches off, alone
    or with their part; they keep their numbers, so the others keep theirs.
    """

    assignment: AssignmentSettings
    grading: Grading
    parts: tuple[Part, ...]
    deliverables: tuple[Deliverable, ...]
    late: Late = Late()
    off: tuple[Deliverable, ...] = ()
    excused: tuple[Excused, ...] = ()

    @classmethod
    def load(cls, path: Path, overlay: Path | None = None) -> Rubric:
        """Read a rubric file, and lay another one over it.

        An overlay holds the keys that differ. Its parts and deliverables are those of the rubric with the same id; any
        other list replaces the rubric's.

        Raises:
            RubricError: for a file that is missing or no TOML, and for what is no valid rubric.
        """
        document, name = _read(path), str(path)
        if overlay:
            document, name = _laid_over(document, _read(overlay), f"{overlay}: "), f"{overlay}, laid over {path}"
        return cls._of(document, name)

    @classmethod
    def parse(cls, text: str, name: str = "rubric.toml") -> Rubric:
        """Read a rubric from its text; `name` stands for the file in errors. Raises RubricError."""
        return cls._of(_toml(text, name), name)

    @classmethod
    def _of(cls, document: dict[str, Any], name: str) -> Rubric:
        try:
            return _rubric(document)
        except RubricError as error:
            raise RubricError(f"{name}: {error}") from None

    def deliverable(self, id: str) -> Deliverable:
        """The deliverable with this id. Raises KeyError."""
        for deliverable in self.deliverables:
            if deliverable.id == id:
                return deliverable
        raise KeyError(id)


def _read(path: Path) -> dict[str, Any]:
    try:
        return _toml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else error
        raise RubricError(f"{path}: expected a rubric in UTF-8, found: {found}") from error


def _toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RubricError(f"{name}: expected TOML, found: {error}") from error


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A table with another one laid over it: tables by key, parts and deliverables by id, all else replaced."""
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            merged[key] = _laid_over(below[key], value, f"{where}{key}.")
        elif key in ("part", "deliverable"):
            merged[key] = _laid_by_id(below.get(key, ()), value, where + key)
        else:
            merged[key] = value
    return merged


def _laid_by_id(below: Sequence[Mapping[str, Any]], above: Any, where: str) -> list[dict[str, Any]]:
    valid = isinstance(above, list) and all(isinstance(table, dict) for table in above)
    _expect(valid, where, f"[[{where.rpartition(' ')[2]}]], each with an id of the shipped rubric", above)
    merged = {table.get("id"): dict(table) for table in below}
    for table in above:
        id = table.get("id")
        _expect(isinstance(id, str) and id in merged, f"{where}.id", f"one of {', '.join(map(str, merged))}", id)
        merged[id] = _laid_over(merged[id], table, f"{where}[{id}].")
    return list(merged.values())


def _rubric(document: dict[str, Any]) -> Rubric:
    _known(document, ("assignment", "grading", "late", "excused", "part"), where="")
    assignment = _build(AssignmentSettings, _table(document, "assignment"), "assignment.")
    grading = _grading(_table(document, "grading"))
    late = _late(_table(document, "late")) if "late" in document else Late()
    excused = [
        _build(Excused, entry, f"excused[{entry.get('test', position)}].")
        for position, entry in enumerate(_tables(document, "excused") if "excused" in document else (), start=1)
    ]
    parts: list[Part] = []
    everything: list[Deliverable] = []
    off: set[str] = set()
    for place, table in enumerate(_tables(document, "part"), start=1):
        where = f"part[{table.get('id', place)}]."
        _known(table, (*_keys(Part, ()), *INHERITED, "enabled", "deliverable"), where)
        entries = _tables(table, "deliverable", where)
        part_on = _enabled(table, where)
        inherited = {key: table.pop(key) for key in INHERITED if key in table}
        part = _build(Part, table, where)
        _check_part(part, parts)
        parts.append(part)
        for position, entry in enumerate(entries, start=1):
            inner = f"{where}deliverable[{entry.get('id', position)}]."
            _known(entry, [*_keys(Deliverable, DERIVED), "enabled"], inner)
            on = _enabled(entry, inner)
            built = _deliverable(inherited | entry, part, f"{part.number}.{position}", inner)
            everything.append(built)
            off |= set() if on and part_on else {built.id}
    _check_assignment(assignment)
    _check_grading(grading)
    _check_late(late)
    _check_deliverables(everything, off)
    on_now = tuple(deliverable for deliverable in everything if deliverable.id not in off)
    off_now = tuple(deliverable for deliverable in everything if deliverable.id in off)
    used = {deliverable.part for deliverable in on_now}
    shown = tuple(part for part in parts if part.id in used)
    _check_excused(excused, on_now)
    return Rubric(assignment, grading, shown, on_now, late, off_now, tuple(excused))


def _deliverable(table: Mapping[str, Any], part: Part, number: str, where: str) -> Deliverable:
    """Make a deliverable; its paths follow from its id."""
    id = _value(table.get("id"), "str", f"{where}id")
    valid = re.fullmatch(rf"(?a){re.escape(part.id)}\.\w+", id) is not None
    _expect(valid, f"{where}id", f"{part.id}.Name, where tests/models/{part.id}/test_Name.py has its tests", id)
    name = id.partition(".")[2]
    complete = {"file": f"models/{part.id}/{name}.py", **table}
    package = str(complete["file"]).partition("/")[0]  # models or theory
    tests = f"{package}/{part.id}/test_{name}.py"
    return _build(Deliverable, complete, where, number=number, part=part.id, tests=tests)


def _grading(table: dict[str, Any]) -> Grading:
    _known(table, _keys(Grading, ()), "grading.")
    limits = _build(Limits, _table(table, "limits", "grading."), "grading.limits.")
    feedback = None
    if "hidden_feedback" in table:
        where = "grading.hidden_feedback."
        feedback = _build(HiddenFeedback, _table(table, "hidden_feedback", "grading."), where)
    return _build(Grading, table, "grading.", limits=limits, hidden_feedback=feedback)


def _late(table: dict[str, Any]) -> Late:
    _known(table, ("group_date", "tier"), "late.")
    entries = _tables(table, "tier", "late.") if "tier" in table else []
    tiers = [_build(Tier, entry, f"late.tier[{position}].") for position, entry in enumerate(entries, start=1)]
    return _build(Late, table, "late.", tiers=tuple(tiers))


# Reading: keys and types. Keys are checked before values, so that a misspelt key is not called a missing one.


def _expect(condition: bool, key: str, expected: str, found: object) -> None:
    if not condition:
        raise RubricError(f"{key}: expected {expected}, found {'nothing' if found is None else repr(found)}")


def _expect_of(where: str, settings: object, condition: bool, key: str, expected: str) -> None:
    """Expect something of a field of a dataclass that was built from the table at `where`."""
    _expect(condition, f"{where}.{key}", expected, getattr(settings, key))


def _known(table: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    for key in table:
        if key not in keys:
            nearest = difflib.get_close_matches(key, keys, n=1, cutoff=0.0)[0]
            raise RubricError(f"{where}{key}: expected a known key (the nearest is {nearest!r}), found {key!r}")


def _table(parent: dict[str, Any], key: str, where: str = "") -> dict[str, Any]:
    """Take a table out of its parent."""
    value = parent.pop(key, None)
    _expect(isinstance(value, dict), where + key, f"a table [{where}{key}]", value)
    return cast(dict[str, Any], value)


def _tables(parent: dict[str, Any], key: str, where: str = "") -> list[dict[str, Any]]:
    """Take a non-empty array of tables out of its parent."""
    value = parent.pop(key, None)
    valid = isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
    _expect(valid, where + key, "one or more tables in [[double brackets]]", value)
    return cast(list[dict[str, Any]], value)


def _enabled(table: dict[str, Any], where: str) -> bool:
    """Take the switch out of the table of a part or deliverable."""
    value = table.pop("enabled", True)
    _expect(isinstance(value, bool), f"{where}enabled", "true or false", value)
    return bool(value)


def _keys(cls: type, derived: Collection[str]) -> list[str]:
    """The keys of the table that a dataclass is built from."""
    return [field.name for field in dataclasses.fields(cls) if field.name not in derived]


def _build(cls: type[T], table: Mapping[str, Any], where: str, **derived: Any) -> T:
    """Make a dataclass of a table whose keys are its fields, except those that are derived."""
    keys = _keys(cls, derived)
    _known(table, keys, where)
    for field in dataclasses.fields(cast(Any, cls)):
        if field.name not in keys:
            continue
        if field.name in table:
            derived[field.name] = _value(table[field.name], cast(str, field.type), where + field.name)
        else:
            _expect(field.default is not dataclasses.MISSING, where + field.name, "a value", None)
    return cls(**derived)


def _value(value: Any, type_name: str, key: str) -> Any:
    """Check a value against a field's annotation. A bool is not a number; an int is also a float."""
    if type_name.startswith("tuple"):
        valid = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
        _expect(valid, key, "a list of strings", value)
        return tuple(value)
    if type_name == "str":
        _expect(isinstance(value, str) and value.strip() != "", key, "a string that is not empty", value)
        return value
    if type_name.startswith("timedelta"):
        return duration(value, key)
    if type_name == "int":
        _expect(isinstance(value, int) and not isinstance(value, bool), key, "a whole number", value)
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    _expect(number, key, "a number", value)
    return float(value) if type_name == "float" else value


def duration(value: object, key: str) -> timedelta:
    """Read "10 minutes", "1.5 days" or "1 day 12 hours", up to whole seconds.

    Raises:
        RubricError: with the key, what was expected and what was found.
    """
    valid = isinstance(value, str) and re.fullmatch(rf"(?a){DURATION}(?:(?:,|,? and)? {DURATION})*", value)
    expected = 'numbers and units from seconds to weeks, such as "10 minutes" or "1 day 12 hours"'
    _expect(bool(valid), key, expected, value)
    each = re.findall(rf"(?a){DURATION}", cast(str, value))
    seconds = math.ceil(round(sum(float(number) * UNITS[unit] for number, unit in each), 3))
    _expect(0 < seconds <= LONGEST.total_seconds(), key, "a time above zero, at most ten years", value)
    return timedelta(seconds=seconds)


# Checking: what the values mean.


def _check_assignment(settings: AssignmentSettings) -> None:
    expect = partial(_expect_of, "assignment", settings)
    expect(re.fullmatch(r"(?a)\w[\w.-]*", settings.name) is not None, "name", "letters, digits, '.', '_' and '-'")
    expect(re.search(r"[\s+]", settings.version) is None, "version", "no space and no '+'")
    literal = settings.archive_name.replace("{ids}", "", 1)
    valid = literal != settings.archive_name and re.fullmatch(r"(?a)[\w.-]*\.zip", literal) is not None
    expect(valid, "archive_name", "a file name ending in .zip that contains {ids} once")
    try:
        re.compile(settings.id_pattern)
    except re.error as error:
        expect(False, "id_pattern", f"a regular expression ({error})")
    expect(settings.group_size >= 1, "group_size", "at least 1")
    expect(1 <= settings.group_size_min <= settings.group_size, "group_size_min", "1 up to group_size")
    expect(settings.imports in IMPORTS, "imports", f"one of {', '.join(IMPORTS)}")
    expect(settings.output in OUTPUT, "output", f"one of {', '.join(OUTPUT)}")
    expect(settings.hints in HINTS, "hints", f"one of {', '.join(HINTS)}")
    expect(settings.strict in STRICT, "strict", f"one of {', '.join(STRICT)}")
    expect(settings.notebook in NOTEBOOK, "notebook", f"one of {', '.join(NOTEBOOK)}")
    expect(0 <= settings.notebook_deduct <= 1, "notebook_deduct", SHARE)
    free = settings.notebook == "required" or settings.notebook_deduct == 0
    expect(free, "notebook_deduct", '0, or notebook = "required"')


def _check_grading(grading: Grading) -> None:
    expect = partial(_expect_of, "grading", grading)
    expect(0 <= grading.hidden_seeds <= 8, "hidden_seeds", "0 to 8")
    expect(grading.visibility in VISIBILITY, "visibility", f"one of {', '.join(VISIBILITY)}")
    expect(0 <= grading.public_share <= 1, "public_share", SHARE)
    expect(grading.public_share == 0 or grading.hidden_seeds > 0, "public_share", "0 where there are no hidden_seeds")
    expect(grading.isolation in ISOLATION, "isolation", f"one of {', '.join(ISOLATION)}")
    if grading.hidden_feedback:
        valid = grading.hidden_feedback.count >= 1
        _expect_of("grading.hidden_feedback", grading.hidden_feedback, valid, "count", "at least 1")
        advice = "at least 1, or no hidden_feedback, which limits what is said of hidden inputs"
        expect(grading.hidden_seeds > 0, "hidden_seeds", advice)
    _check_limits(grading.limits)


def _check_limits(limits: Limits) -> None:
    expect = partial(_expect_of, "grading.limits", limits)
    for field in dataclasses.fields(Limits):
        expect(getattr(limits, field.name) > 0, field.name, "a positive number")
    expect(limits.memory_mib >= LEAST_MIB, "memory_mib", f"at least {LEAST_MIB}")
    hanging = limits.timeouts * limits.test_seconds
    expect(
        limits.overall_seconds >= hanging,
        "overall_seconds",
        f"at least {hanging:g}, which is {limits.timeouts} timeouts of {limits.test_seconds:g} test_seconds each",
    )


def _check_late(late: Late) -> None:
    _expect_of("late", late, late.group_date in GROUP_DATE, "group_date", f"one of {', '.join(GROUP_DATE)}")
    last = Tier(timedelta(0), 0.0)
    for position, tier in enumerate(late.tiers, start=1):
        where = f"late.tier[{position}]"
        _expect_of(where, tier, 0 <= tier.deduct <= 1, "deduct", SHARE)
        _expect(tier.up_to > last.up_to, f"{where}.up_to", "a longer time than in the tier before", str(tier.up_to))
        before = last.price(last.up_to)
        dearer = tier.price(last.up_to + timedelta(seconds=1)) >= before
        _expect_of(where, tier, dearer, "deduct", f"no less than the {before:g} that the tier before ends with")
        last = tier


def _check_excused(excused: Sequence[Excused], deliverables: Sequence[Deliverable]) -> None:
    """Whether there is a test with this number, only its collection can tell."""
    for position, entry in enumerate(excused):
        where = f"excused[{entry.test}]"
        known = any(re.fullmatch(rf"{re.escape(d.number)}\.\d+", entry.test) for d in deliverables)
        _expect_of(where, entry, known, "test", 'a number such as "1.2.3", of a test of a deliverable that is on')
        new = all(entry.test != other.test for other in excused[:position])
        _expect(new, f"{where}.test", "a test that is not excused above", entry.test)
        _expect_of(where, entry, entry.points in EXCUSED, "points", f"one of {', '.join(EXCUSED)}")


def _check_part(part: Part, earlier: Sequence[Part]) -> None:
    where = f"part[{part.id}]"
    named = part.id.isidentifier() and part.id.isascii()
    _expect(named, f"{where}.id", "letters, digits and '_': it names folders and modules", part.id)
    for field in ("id", "number"):
        value = getattr(part, field)
        new = all(value != getattr(other, field) for other in earlier)
        _expect(new, f"{where}.{field}", "a value that no other part has", value)


def _check_deliverables(deliverables: Sequence[Deliverable], off: Collection[str]) -> None:
    _expect(len(off) < len(deliverables), "part.deliverable", "at least one that is on", None)
    earlier: set[str] = set()
    for deliverable in deliverables:
        expect = partial(_expect_of, f"part[{deliverable.part}].deliverable[{deliverable.id}]", deliverable)
        expect(deliverable.id not in earlier, "id", "an id that no other deliverable has")
        expect(_is_module(deliverable.file), "file", "models/... or theory/..., a .py file")
        expect(deliverable.points > 0, "points", "a positive number")
        expect(earlier.issuperset(deliverable.needs), "needs", "ids of deliverables that stand earlier")
        lacking = ", ".join(id for id in deliverable.needs if id in off)
        advice = f"deliverables that are on; switch {lacking} on, or {deliverable.id} off as well"
        expect(deliverable.id in off or not lacking, "needs", advice)
        earlier.add(deliverable.id)


def _is_module(path: str) -> bool:
    return re.fullmatch(r"(?a)(models|theory)(/\w+)+\.py", path) is not None
