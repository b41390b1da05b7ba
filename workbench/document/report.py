"""A report in report.md whose questions the student answers; report.pdf and report.tex are made of it.

Filling a report again keeps its answers, and keeps a copy of what was edited elsewhere.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.files import replace
from harness.submission.report import ANSWER, OPEN_ANSWER
from workbench.document.latex import latex
from workbench.document.pdf import pdf
from workbench.errors import WorkbenchError

TITLE = "Report: sequence models"
BEGIN = re.compile(r"<!-- answer: ([\w-]+) -->")
MADE = ".made.json"  # the digests of the files as they were written last
DIGEST = re.compile(r"(?<=<!-- made of )\w+")
HEADER = """\
<!-- made of {digest}
Write your answers between "answer" and "end", then `python -m workbench report` makes PDF and LaTeX of this file.
`python -m workbench report RUN...` fills in everything but your answers anew.
-->
"""


@dataclass(frozen=True)
class Question:
    """What the student is asked, and what a good answer addresses."""

    id: str
    asks: str
    addresses: str


def render(out: Path) -> list[str]:
    """Make PDF and LaTeX of the report.md that is there.

    Returns:
        Sentences on what has been put aside.

    Raises:
        WorkbenchError: there is none, or its answers or pictures cannot be found.
    """
    if not (out / "report.md").is_file():
        raise WorkbenchError(f"{out / 'report.md'} is not there yet; name the runs that it is to be made of")
    text = read_report(out / "report.md")
    answers(text)
    return write_files(rendered(text, out), out)


def answers(text: str) -> dict[str, str]:
    """The answers that a report holds, without the open ones.

    Raises:
        WorkbenchError: an answer's end cannot be found, or an answer is there twice.
    """
    texts = {match[1]: match[2].strip() for match in ANSWER.finditer(text)}
    starts = BEGIN.findall(text)
    for id in starts:
        if starts.count(id) > 1:
            raise WorkbenchError(f"report.md holds the answer {id} twice; put both texts into one of them")
        if id not in texts or BEGIN.search(texts[id]):
            raise WorkbenchError(
                f"report.md: the answer {id} has no end; put <!-- end --> on a line of its own after it"
            )
    return {id: answer for id, answer in texts.items() if answer not in ("", OPEN_ANSWER)}


def asked(question: Question) -> str:
    """A question with its place for the answer."""
    return f"### Question: {question.asks}\n\n> A good answer {question.addresses}\n\n{_place(question.id)}\n\n"


def no_longer_asked(kept: Mapping[str, str]) -> str:
    """Places for answers to questions that are no longer asked, so that no answer is lost."""
    if not kept:
        return ""
    places = "".join(f"### {id}\n\n{_place(id)}\n\n" for id in kept)
    return "## Answers to questions that are not asked any more\n\n" + places


def _place(id: str, answer: str = OPEN_ANSWER) -> str:
    """An answer between the marks by which programs find it."""
    return f"<!-- answer: {id} -->\n{answer}\n<!-- end -->"


def escaped(text: str) -> str:
    """A text escaped for Markdown."""
    return re.sub(r"([\\`*_\[\]<>|&~])", r"\\\1", text)


def read_report(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise WorkbenchError(f"{path} is not UTF-8 text; save it as UTF-8 in your editor") from None


def rendered(text: str, out: Path, pictures: Path | None = None) -> dict[str, bytes]:
    """The content of the files that are made of report.md.

    Args:
        pictures: a folder in `out` with pictures that are not in their place yet.
    """
    markdown = text
    for path in pictures.iterdir() if pictures else ():
        markdown = markdown.replace(f"]({path.name})", f"]({path.parent.name}/{path.name})")
    return {"report.tex": latex(text).encode(), "report.pdf": pdf(markdown, out, TITLE)}


def write_files(files: Mapping[str, bytes], out: Path) -> list[str]:
    """Write the report's files. Where another program has changed one of them, keep a copy beside it and say so."""
    made = _made(out)
    present = {name: (out / name).read_bytes() for name in files if name != "report.md" and (out / name).is_file()}
    foreign = {name: content for name, content in present.items() if made.get(name) != _sha256(content)}
    notes = [
        f"{name} was changed elsewhere; the old one is now {_aside(out / name, foreign[name])}." for name in foreign
    ]
    for name, content in files.items():  # in their order: the PDF is younger than its text
        try:
            replace(out / name, content)
        except PermissionError:  # Windows, for one, while a viewer shows it
            raise WorkbenchError(f"{out / name} cannot be written; close it in other programs") from None
    made |= {name: _sha256(content) for name, content in files.items()}
    replace(out / MADE, f"{json.dumps(made, indent=1)}\n".encode())
    return notes


def _made(out: Path) -> dict[str, str]:
    """The digests of the report's files when they were last written; empty if unknown."""
    try:
        made = json.loads((out / MADE).read_bytes())
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) else {}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _aside(path: Path, content: bytes) -> Path:
    """Keep a copy of a file beside it, and say where."""
    names = (path.with_name(f"{path.stem}-old-{i}{path.suffix}") for i in itertools.count(1))
    aside = next(path for path in names if not path.exists())
    replace(aside, content)
    return aside


def with_answers(body: str, kept: Mapping[str, str]) -> str:
    return ANSWER.sub(lambda answer: _place(answer[1], kept.get(answer[1], OPEN_ANSWER)), body)


def _digest(text: str) -> str:
    """A digest of the report without its answers: it changes when the report is edited outside of them."""
    body = text.partition("-->\n")[2] if text.startswith("<!-- made of") else text
    return hashlib.sha256(with_answers(body, {}).encode()).hexdigest()[:16]


def keep_edited_copy(old: str, out: Path) -> list[str]:
    """Keep a copy of a report that was edited outside of the answers."""
    made = DIGEST.search(old)
    if not old or (made and made[0] == _digest(old)):
        return []
    path = _aside(out / "report.md", old.encode())
    return [f"report.md was edited outside of the answers, and that is not in the new one; the old one is now {path}."]


def text_of_report(body: str, kept: Mapping[str, str]) -> str:
    """A body with the answers that are kept, below the header that says how the file is used."""
    return HEADER.format(digest=_digest(body)) + with_answers(body, kept)
