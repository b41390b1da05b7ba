"""docs/ta-guide/messages.md: from what a student reads to the mistakes that make the graders say so.

Messages that differ in numbers and shapes alone have one form, in which "…" stands for these.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

INTRODUCTION = """\
# From a message to the mistake

**In a minute:** search this page (Ctrl-F) for the number behind "got" in the student's message, such as
`-1.3869`, or for a shape, such as `(6, 2, 8)`. With the published inputs a known mistake gives the same numbers whoever
makes it; the last digit may differ. If the number is not here, search for words of the message: in each form "…"
stands for numbers and shapes, so search for the words between two of them. Forms are in alphabetical order below their
kind. If there is nothing, look up the failing tests on the [deliverable's page](README.md); if nothing fits there, the
student has another mistake, or several at once: `python -m autograder explain` shows all values and the traceback.

"""
SECTIONS = {
    "An error stops the code": r"models/\S+:\d+|this line of the test",
    "Parameters are missing, or have another shape": r"Your module lacks|Parameter ",
    "A result has another shape": r".*: expected shape ",
    "A result has another dtype": r".*: expected dtype ",
    "A result is not finite": r".* of the values are not finite",
    "The values differ": r".* values differ\.|.*: expected -?[\d.e+-]+, got -?[\d.e+-]+\.$",
    "The values are random": r"The values are random\.",
    "A result is something else than asked for": r"",
}
NUMBER = r"-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|inf|nan)%?"
TUPLE = re.compile(rf"[\[(]{NUMBER}(?:, {NUMBER})*,?[\])]")
ALONE = re.compile(rf"(?<![\w.]){NUMBER}(?!\w)")
NAMES = re.compile(r",? that is \([^)]*\)")  # of the sizes of a shape
ERROR = re.compile(r"[A-Z]\w*: |[A-Z]\w*(Error|Exception|Exit|Interrupt|Iteration)$")
LEFT_OUT = re.compile(r"In the case |Right in this test: |Of \d+ things that|All else that")
GOT = re.compile(r"got (" + TUPLE.pattern + "|" + NUMBER + ")")


@dataclass(frozen=True)
class Known:
    """A known mistake.

    Attributes:
        number: of its deliverable.
        link: to its entry on the deliverable's page.
        message: the lines of the message, joined by " / ".
    """

    number: str
    name: str
    link: str
    message: str


def index(mistakes: Iterable[Known], origin: str) -> str:
    """The page."""
    sections: dict[str, dict[str, list[Known]]] = {title: defaultdict(list) for title in SECTIONS}
    for mistake in mistakes:
        lines = [line for line in mistake.message.split(" / ") if not LEFT_OUT.match(line)]
        title = next(title for title, pattern in SECTIONS.items() if re.match(pattern, lines[0]))
        sections[title][form(lines)].append(mistake)
    filled = {title: forms for title, forms in sections.items() if forms}
    contents = [f"- [{title}](#{anchor(title)}): {len(forms)}\n" for title, forms in filled.items()]
    return "".join([INTRODUCTION, f"{origin}\n", *contents, *(_section(*section) for section in filled.items())])


def anchor(heading: str) -> str:
    """The anchor that Markdown's readers give a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def form(lines: Sequence[str]) -> str:
    """The lines of a message without numbers and shapes; of an error's message only the line with the exception."""
    errors = [line for line in lines[1:] if ERROR.match(line)]
    stops = re.match(SECTIONS["An error stops the code"], lines[0])
    return " / ".join(map(_form, errors[:1] if stops and errors else lines))


def _form(line: str) -> str:
    line = re.sub(r"^(models/\S+):\d+", r"\1:…", line)
    return ALONE.sub("…", TUPLE.sub("(…)", NAMES.sub("", line)))


def _section(title: str, forms: dict[str, list[Known]]) -> str:
    items = (f"- `{words}`\n{''.join(_links(forms[words]))}" for words in sorted(forms, key=str.casefold))
    return f"\n## {title}\n\n{''.join(items)}"


def _links(mistakes: Sequence[Known]) -> Iterator[str]:
    """A line for each deliverable; before each link what came, where the message says it."""
    numbers: dict[str, list[str]] = defaultdict(list)
    for mistake in mistakes:
        got = GOT.search(mistake.message)
        numbers[mistake.number].append(f"{f'got {got[1]}: ' if got else ''}[{mistake.name}]({mistake.link})")
    for number, links in numbers.items():
        yield f"  - {number} {'; '.join(links)}\n"
