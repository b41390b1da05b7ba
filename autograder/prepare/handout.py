"""The handout: what students get, derived from `solution/` and the rubric.

Everything that students write exists once, in `solution/`. `student/` holds the same files without their regions,
`assignment.json`, the public contract, and the notebooks; `drift` tells whether that still holds, `write` restores it.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import itertools
import json
import re
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.prepare import course, notebook, readme
from autograder.prepare.files import read_folder, replace, zipped
from autograder.prepare.keywords import given_by_name
from autograder.prepare.regions import HandoutError, Region, check_leaks, strip
from autograder.rubric import Deliverable, Rubric
from harness.submission.imports import statements
from harness.submission.source import definition
from harness.tree import PACKAGES

__all__ = [
    "HandoutError",
    "check_leaks",
    "checked",
    "derive",
    "drift",
    "edited",
    "handout_files",
    "solution_sources",
    "switched_on",
    "write",
    "write_zip",
]

README = "README.md"
COMMAND = "python -m autograder handout"
MADE = ".derived.json"  # in student/: the digests of the files that `write` has left there
REPLACED = ".secrets/replaced"  # which git ignores, and student code never sees
SHIPPED = (  # files that go into the handout as they are
    ("workbench", ""),
    ("harness", ".py"),
    ("tests/stress", ".py"),
    *((f"tests/{folder}", ".py") for folder in PACKAGES),
    ("tests/reference", ".safetensors"),
)
REQUIRED = (
    "collect_submission.py",
    "requirements.txt",
    "tests/__init__.py",
    "tests/__main__.py",
    "tests/conftest.py",
)


def derive(root: Path) -> dict[str, bytes]:
    """Make all derived files of the student tree, by their path in student/.

    Raises:
        HandoutError: for a mistake in a solution file.
        RubricError: for a mistake in the rubric.
    """
    rubric = course.load(root)
    files: dict[str, bytes] = {}
    everything = (*rubric.deliverables, *rubric.off)
    functions: dict[str, list[dict[str, Any]]] = {deliverable.id: [] for deliverable in everything}
    lines: dict[str, int] = {}
    sources = {f"solution/{name}": source for name, source in solution_sources(root).items()}
    for name in switched_on(rubric, sources):
        path = name.removeprefix("solution/")
        ids = [deliverable.id for deliverable in everything if deliverable.file == path]
        text, regions = strip(name, sources[name], ids)
        for deliverable in rubric.off:
            text = text.replace(f"# TODO({deliverable.id}): ", f"# Not graded ({deliverable.id}): ")
        files[path] = text.encode("utf-8")
        for id, entry in _functions(name, sources[name], text, regions):
            functions[id].append(entry)
        lines |= {region.deliverable: region.todo for region in reversed(regions)}
    for deliverable in rubric.deliverables:
        _check_evidence(deliverable, functions[deliverable.id], lines.get(deliverable.id, 1))
    tests = {name: data for folder in PACKAGES for name, data in read_folder(root, f"tests/{folder}", ".py").items()}
    contract = _contract(rubric, functions, files, {name: _lf(tests[name]) for name in switched_on(rubric, tests)})
    files["assignment.json"] = (json.dumps(contract, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
    files |= notebook.notebooks(root, {part.id: part.number for part in rubric.parts})
    return dict(sorted(files.items()))


def switched_on(rubric: Rubric, names: Collection[str]) -> list[str]:
    """The paths, from the repository's root, that belong to what the rubric switches on, in their order.

    Leaves out solution files, tests and references of deliverables that are off, and packages that hold nothing else.
    """
    on = {name for deliverable in rubric.deliverables for name in _files_of(deliverable)}
    off = {name for deliverable in rubric.off for name in _files_of(deliverable)} - on
    needed = {parent for name in on for parent in PurePosixPath(name).parents}
    emptied = {PurePosixPath(name).parent for name in off} - needed
    return [name for name in names if name not in off and PurePosixPath(name).parent not in emptied]


def _files_of(deliverable: Deliverable) -> tuple[str, ...]:
    reference = PurePosixPath("tests/reference", deliverable.tests)
    kept_beside = (str(reference.with_suffix(f"{kind}.safetensors")) for kind in ("", ".hints"))
    stress = f"tests/stress/{deliverable.part}.py"
    return f"solution/{deliverable.file}", f"tests/{deliverable.tests}", *kept_beside, stress


def solution_sources(root: Path) -> dict[str, str]:
    """The solution's Python files with their markers, by their path in solution/, with LF line ends."""
    try:
        return {name: _lf(data).decode("utf-8") for name, data in read_folder(root / "solution", suffix=".py").items()}
    except UnicodeDecodeError as error:
        raise HandoutError(f"solution: expected files in UTF-8, found: {error}; save them so") from error


def write(root: Path, derived: Mapping[str, bytes] | None = None) -> list[str]:
    """Bring student/ up to date, each file in one step, and return the paths in it that were written or removed.

    Removes only Python files in models/ and theory/, and notebooks that have a source here. A file that somebody has
    edited is copied to `REPLACED` first; see `edited`.

    Args:
        derived: what `derive` gives, where that is known already.
    """
    student, derived = root / "student", derive(root) if derived is None else derived
    superfluous = _superfluous(root, derived)
    changed = [name for name, data in derived.items() if _read(student / name) != data]
    aside = [name for name in edited(root, derived) if name in {*changed, *superfluous}]
    for name in aside:
        replace(_free(root / REPLACED / name), (student / name).read_bytes())
    for name in changed:
        replace(student / name, derived[name])
    for name in superfluous:
        (student / name).unlink()
    record = f"{json.dumps({name: _digest(data) for name, data in derived.items()}, indent=1)}\n".encode()
    if _read(student / MADE) != record:
        replace(student / MADE, record)
    return sorted(changed + superfluous)


def edited(root: Path, derived: Mapping[str, bytes]) -> list[str]:
    """The derived files of student/ that differ from what `write` has left there, and from git's last commit."""
    student = root / "student"
    made = json.loads((student / MADE).read_bytes()) if (student / MADE).is_file() else {}
    current = {name: _read(student / name) for name in [*derived, *_superfluous(root, derived)]}
    touched = {name: data for name, data in current.items() if data is not None and made.get(name) != _digest(data)}
    committed = _committed(student) if touched else {}
    return [name for name, data in touched.items() if data != derived.get(name) and committed.get(name) != _blob(data)]


def _committed(folder: Path) -> dict[str, str]:
    """The files of a folder in git's last commit, with the id of each one's content; none where there is no git."""
    command = ["git", "-C", str(folder), "ls-tree", "-r", "-z", "HEAD", "."]
    with contextlib.suppress(OSError):
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\0")
        return {name: about.split()[2] for about, tab, name in (line.partition("\t") for line in listed) if tab}
    return {}


def _blob(data: bytes) -> str:
    """git's id of a file with this content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _free(path: Path) -> Path:
    """The path, or a numbered one beside it, at which there is no file yet."""
    names = (path.with_name(f"{path.stem}-{i}{path.suffix}") for i in itertools.count(2))
    return path if not path.exists() else next(free for free in names if not free.exists())


def drift(root: Path, derived: Mapping[str, bytes] | None = None) -> str:
    """A unified diff from student/ as it is to what `write` would make of it; empty when they agree.

    Args:
        derived: what `derive` gives, where that is known already.
    """
    student, derived = root / "student", derive(root) if derived is None else derived
    names = sorted([*derived, *_superfluous(root, derived)])
    lines = [line for name in names for line in _difference(name, _read(student / name), derived.get(name))]
    return "\n".join([*lines, ""]) if lines else ""


def checked(root: Path) -> dict[str, bytes]:
    """What `derive` gives.

    Raises:
        HandoutError: where student/ differs from that, so that students would have another version.
    """
    derived = derive(root)
    if drift(root, derived):
        raise HandoutError(f"student/: expected what solution/ and the rubric give, found differences; run `{COMMAND}`")
    return derived


def handout_files(root: Path, derived: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Every file of the handout, by its path below the zip's top folder; student/ is derived afresh.

    Args:
        derived: what `derive` gives, where that is known already.

    Raises:
        HandoutError: for a file that is missing, and where solution text leaks into one.
    """
    rubric = course.load(root)
    files = read_folder(root / "autograder/prepare/handout_root")
    if not files:
        raise HandoutError("autograder/prepare/handout_root: expected the handout's README and settings, found no file")
    for name in [*REQUIRED, *(f"tests/{deliverable.tests}" for deliverable in rubric.deliverables)]:
        data = _read(root / name)
        if data is None:
            raise HandoutError(f"{name}: expected a file that the handout needs, found none; add it")
        files[name] = data
    for folder, suffix in SHIPPED:
        shipped = read_folder(root, folder, suffix)
        files |= {name: shipped[name] for name in switched_on(rubric, shipped)}
    if rubric.assignment.hints == "off":  # stale hints from before they were turned off
        files = {name: data for name, data in files.items() if not name.endswith(".hints.safetensors")}
    files |= {f"student/{name}": data for name, data in (derived or derive(root)).items()}
    if README in files:
        files[README] = readme.render(files[README].decode("utf-8"), files, notebook.parts(root)).encode("utf-8")
    check_leaks(files, solution_sources(root))
    return dict(sorted(files.items()))


def write_zip(root: Path, target: Path) -> None:
    """Write the handout's zip, below one top folder; the same files give the same bytes.

    Raises:
        HandoutError: where student/ has drifted from the solution, and for all that `handout_files` refuses.
    """
    top = course.load(root).assignment.name
    replace(target, zipped({f"{top}/{name}": data for name, data in handout_files(root, checked(root)).items()}))


# The contract.


def _functions(name: str, source: str, handed_out: str, regions: Sequence[Region]) -> Iterator[tuple[str, Any]]:
    """Deliverable and entry of each function with regions. A function of several deliverables is evidence for none."""
    places: dict[str, set[str]] = {}
    for region in regions:
        in_solution = definition(source, region.function)
        if in_solution is None or in_solution.line != region.defined:
            raise HandoutError(f"{name}:{region.defined}: expected the only {region.function} in this file; rename one")
        places.setdefault(region.function, set()).add(region.deliverable)
    for function, ids in places.items():
        in_handout = definition(handed_out, function)
        assert in_handout is not None, "a region does not hold the function that it is in"
        untouched = in_handout.fingerprint if len(ids) == 1 else None
        for id in ids:
            entry = {"name": function, "parameters": in_handout.parameters, "untouched": untouched}
            yield id, entry | ({"optional": True} if _is_optional(handed_out, function) else {})


def _is_optional(source: str, function: str) -> bool:
    """Whether a function's docstring says that it may be left out."""
    scope: ast.AST = ast.parse(source)
    for name in function.split("."):
        scope = next(node for node in ast.walk(scope) if getattr(node, "name", "") == name)
    assert isinstance(scope, ast.FunctionDef)
    return re.search(r"^Optional: ", ast.get_docstring(scope) or "", re.MULTILINE) is not None


def _check_evidence(deliverable: Deliverable, functions: Sequence[Mapping[str, Any]], line: int) -> None:
    """At least one function must reveal whether the deliverable, whose first TODO is in this line, was started."""
    if all(function["untouched"] is None for function in functions):
        raise HandoutError(
            f"solution/{deliverable.file}:{line}: expected `# TODO({deliverable.id}): what to do` and a region in a "
            "function of this deliverable alone, which tells whether it was started; add it, or change the rubric"
        )


def _contract(
    rubric: Rubric, functions: Mapping[str, Any], files: Mapping[str, bytes], tests: Mapping[str, bytes]
) -> dict[str, Any]:
    """assignment.json; its version is the rubric's and a hash of all that a student could tell apart."""
    contract = {
        **asdict(rubric.assignment),
        "files": list(dict.fromkeys(deliverable.file for deliverable in rubric.deliverables)),
        "parts": [asdict(part) for part in rubric.parts],
        "deliverables": [asdict(deliverable) for deliverable in rubric.deliverables],
    }
    for entry in contract["deliverables"]:
        called = [function for function in functions[entry["id"]] if not function.get("optional")]
        parameters = [name.partition("=")[0] for function in called for name in function["parameters"]]
        entry["by_name"] = given_by_name(tests.get(f"tests/{entry['tests']}", b""), parameters)
    if rubric.assignment.imports == "handed out":
        contract["imports_of"] = {name: _imports(files[name]) for name in contract["files"]}
    digest = hashlib.sha256(json.dumps(contract, sort_keys=True).encode("ascii"))
    for name, data in sorted({**files, **tests}.items()):
        digest.update(f"\0{name}\0{len(data)}\0".encode() + data)
    contract["version"] = f"{rubric.assignment.version}+{digest.hexdigest()[:8]}"
    for entry in contract["deliverables"]:
        entry["functions"] = functions[entry["id"]]
    return contract


def _imports(source: bytes) -> list[str]:
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return sorted({statement for node in nodes for statement in statements(node)})


# Files.


def _superfluous(root: Path, derived: Mapping[str, bytes]) -> list[str]:
    """Files of student/ that are not derived any more: Python below its derived folders, and our own notebooks."""
    student = root / "student"
    present = [name for folder in PACKAGES for name in read_folder(student, folder, ".py")]
    present += [name for name in notebook.names(root) if (student / name).is_file()]
    return [name for name in present if name not in derived]


def _lf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _difference(name: str, current: bytes | None, derived: bytes | None) -> list[str]:
    """Lines of a unified diff. Splitting at LF alone keeps an empty file and a missing one apart."""
    if current == derived:
        return []
    before, after = ([] if data is None else _lines(data) for data in (current, derived))
    old, new = ("/dev/null" if data is None else f"student/{name}" for data in (current, derived))
    return list(difflib.unified_diff(before, after, old, new, "as it is", "as derived", lineterm=""))


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", errors="backslashreplace").replace("\r", "\\r").split("\n")
