"""What the Markdown files promise: links and paths that exist, and lines that fit."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.conftest import ROOT

HANDOUT_README = "autograder/prepare/handout_root/README.md"
GENERATED = "docs/ta-guide/"
# Written by commands, or an example: not in a checkout.
MADE = ("DIR/", "build/", "runs/", "results/", ".secrets/", "models/", "answers/")
LINK = re.compile(r"!?\[[^]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:[\w.-]+/)+(?:[\w.-]+\.\w+|))(?:::[\w\[\]]+)?`")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def tracked(pattern: str) -> list[str]:
    """Paths that git knows, relative to the root; all that fit where there is no git."""
    command = ["git", "ls-files", "--deduplicate", pattern]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    paths = done.stdout.splitlines() or [str(path.relative_to(ROOT)) for path in ROOT.glob(f"docs/**/{pattern}")]
    return [name for name in paths if (ROOT / name).exists()]


DOCUMENTS = [name for name in tracked("*.md") if not name.startswith(GENERATED)]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(name: str) -> set[str]:
    """The anchors that GitHub gives the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", read(name)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def prose(name: str) -> Iterator[tuple[int, str]]:
    """The numbered lines of a document that are neither a table's nor in a block of code."""
    in_code = False
    for number, line in enumerate(read(name).splitlines(), start=1):
        in_code ^= line.startswith("```")
        if not (in_code or line.startswith(("|", "```"))):
            yield number, line


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    for target in LINK.findall(CODE.sub("", read(name))):
        if not target.startswith(("http://", "https://")):
            file, _, anchor = target.partition("#")
            path = ((ROOT / name).parent / file).resolve() if file else ROOT / name
            assert path.exists(), f"{name}: there is no {target}"
            assert not anchor or anchor in anchors(str(path.relative_to(ROOT))), f"{name}: there is no {target}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_paths_exist(name):
    """Relative to the root, or to the folder that a document of the workbench or the handout speaks of."""
    for path in PATH.findall(CODE.sub("", read(name))):
        places = [ROOT / path, ROOT / "docs" / path, ROOT / "harness" / path, ROOT / "workbench" / path]
        places += [ROOT / "autograder" / path, ROOT / "student" / path, ROOT / "tests/project/grade" / path]
        assert path.startswith(MADE) or any(place.exists() for place in places), f"{name}: there is no {path}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_lines_fit(name):
    """100 columns, but for tables, code and what cannot be broken, such as an address."""
    for number, line in prose(name):
        assert len(line) <= 100 or " " not in line.strip(), f"{name}:{number}: {len(line)} columns"


def test_pages_are_short():
    assert len(read("README.md").splitlines()) <= 60
    assert len(read("docs/instructor.md").splitlines()) <= 120  # two pages
    for name in DOCUMENTS:
        if name.startswith("docs/results"):
            assert len(read(name).splitlines()) <= 120, name


def test_every_page_of_results_is_linked():
    pages = {Path(name).name for name in DOCUMENTS if name.startswith("docs/results/")}
    assert pages == set(re.findall(r"\(results/([\w.]+)\)", read("docs/results.md")))


def test_what_the_readme_shows_of_the_watch_is_in_the_handouts():
    """Which test_watch.py compares with a real terminal."""
    shown = read("README.md").split("```")[1].strip("\n")
    assert shown in read(HANDOUT_README)


@pytest.mark.parametrize("name", tracked("*.svg"))
def test_pictures_show_no_path_of_a_machine(name):
    text = re.sub(r"<[^>]*>", "", read(name)).replace("&#160;", " ")
    assert not re.findall(r"(?<![\w.:/])/(?:\w+/)+|\bnote:|not isolated", text)
