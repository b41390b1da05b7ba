"""A new part: a tiny solved exercise with everything that a part has, to be replaced piece by piece.

TEMPLATES mirrors the repository. In its paths PART, NAME and NOTEBOOK stand for the names of the part, of a deliverable
and of the notebook; a file with NAME in its path is written once for each deliverable. The files are Jinja templates.
"""

import keyword
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import jinja2

from autograder.prepare import course
from autograder.prepare.course import RUBRIC
from autograder.prepare.notebook import SOURCES

TEMPLATES = Path(__file__).parent / "part_template"
SUFFIX = ".jinja"
IMPORTS = re.compile(r"(?:^from workbench\b.*\n)+", re.MULTILINE)  # their order depends on the part's name


class NewPartError(Exception):
    """A part that cannot be made; the message says why."""


def write(root: Path, part: str, names: Sequence[str], workbench: bool = False, notebook: bool = False) -> list[Path]:
    """Write a part with these deliverables, the last one of the rubric, and return the files, relative to the root.

    Args:
        workbench: whether its models are trained.
        notebook: whether it has a notebook.

    Raises:
        NewPartError: for a name that is taken, or that Python does not allow.
        RubricError: where the rubric cannot be read.
    """
    rubric = course.load(root)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", part):
        raise NewPartError(f"{part}: expected small letters, digits and '_': the part's name is that of its folders")
    for name in names:
        if not re.fullmatch(r"[A-Za-z]\w*", name):
            raise NewPartError(f"{name}: expected letters, digits and '_': the name is that of a module and a class")
        if [other.lower() for other in names].count(name.lower()) > 1:
            raise NewPartError(f"{name}: two deliverables have this name, apart from capitals; rename one")
    for name in (part, *names, *map(_class, names)):
        if keyword.iskeyword(name):
            raise NewPartError(f"{name}: this is a keyword of Python, so no module or class can have the name")
    everything = (*rubric.deliverables, *rubric.off)
    number = max(int(deliverable.number.partition(".")[0]) for deliverable in everything) + 1
    files = dict(_files(part, names, number, workbench, notebook))
    entry = files.pop(Path(RUBRIC))
    for path in (path for path in files if (root / path).exists()):
        raise NewPartError(f"{path} is there already: name another part, or delete it first")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    with (root / RUBRIC).open("a", encoding="utf-8") as file:
        file.write(entry)
    return [Path(RUBRIC), *files]


def _files(part: str, names: Sequence[str], number: int, workbench: bool, notebook: bool) -> Iterator[tuple[Path, str]]:
    """The paths and texts of a part's files; that of the rubric is what is added to it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    deliverables = [_words_of(part, name, f"{number}.{place}") for place, name in enumerate(names, start=1)]
    known = {
        "part": part, "number": number, "title": part.replace("_", " ").capitalize(), "deliverables": deliverables,
        "command": part.replace("_", "-"), "workbench": workbench, "notebook": part.title(),
    }  # fmt: skip
    for template in environment.list_templates():
        if not _wanted(Path(template), workbench, notebook):
            continue
        for own in deliverables if "NAME" in template else [{"name": ""}]:
            path = template.removesuffix(SUFFIX)
            for word, name in {"PART": part, "NAME": own["name"], "NOTEBOOK": part.title()}.items():
                path = path.replace(word, name)
            text = environment.get_template(template).render(**known | own)
            yield Path(path), IMPORTS.sub(lambda lines: "".join(sorted(lines[0].splitlines(True))), text)


def _class(name: str) -> str:
    return name[:1].upper() + name[1:]


def _words_of(part: str, name: str, number: str) -> dict[str, str]:
    return {
        "name": name, "number": number, "class": _class(name), "model": name.lower(),
        "property": f"{part}_{name}".lower(),
    }  # fmt: skip


def _wanted(template: Path, workbench: bool, notebook: bool) -> bool:
    """Whether a file is written: those of the workbench and of the notebook only where they are asked for."""
    if template.is_relative_to(SOURCES) or template.name.startswith("test_notebook"):
        return notebook
    if "workbench" in template.parts:
        return workbench or (notebook and template.is_relative_to("tests") and template.name.startswith("__init__"))
    return True
