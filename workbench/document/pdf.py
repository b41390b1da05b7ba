"""Markdown as PDF, without a LaTeX installation: the package typst sets the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote

import matplotlib
import typst
from PIL import Image

from workbench.document.markdown import Node, Span, parse, spans, table_of, text_of
from workbench.errors import WorkbenchError

PIXELS = 150  # an inch, of pictures
HIGHEST = 95  # millimetres, of a picture
LINE = 90  # characters, of a table
NARROW = 24  # characters: a column of a table that is wider than the page stays on one line up to here
TOGETHER = 35  # rows of a table that is not cut where a page ends
COLUMNS = 20  # of a table
TEMPLATE = """\
#set page("a4", margin: (x: 22mm, y: 20mm), numbering: "1")
#set text(font: ("DejaVu Sans",), size: 9.5pt)
#set par(leading: 0.75em, spacing: 1.2em)
#set heading(outlined: false, bookmarked: true)
#set table(
  stroke: (_, y) => (top: if y == 0 { none } else { 0.4pt + luma(190) }),
  fill: (_, y) => if y == 0 { rgb("#f2f4f7") },
  inset: (x: 1.5mm, y: 1.3mm),
)
#show heading.where(level: 1): set text(18pt)
#show heading.where(level: 2): set text(14pt)
#show heading.where(level: 3): set text(11pt)
#show heading: set block(above: 1.6em, below: 1em)
#show heading: set par(leading: 0.5em)
#show link: set text(rgb("#195096"))
#show raw: set text(font: ("DejaVu Sans Mono",), size: 8.5pt)
#show raw.where(block: true): block.with(fill: rgb("#f2f4f7"), inset: 2mm, width: 100%)
#show table: set text(8.5pt)
#show figure.caption: set text(8.5pt, luma(95), style: "italic")
#let quoted(body) = pad(left: 6mm, text(luma(95), style: "italic", body))
"""


def pdf(markdown: str, folder: Path, title: str) -> bytes:
    """Typeset a document.

    Args:
        folder: what its pictures are named from; they lie in it.

    Raises:
        WorkbenchError: a picture is not there or is none, or Typst refuses the document.
    """
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")  # they have umlauts and Greek letters
    source = (
        f"#set document(title: {_string(title)}, date: none)\n{TEMPLATE}\n{_blocks(parse(markdown).children, folder)}"
    )
    try:
        # Its types ask for a root of the source's type, which it does not take.
        return typst.compile(  # type: ignore[call-overload,no-any-return]
            source.encode(), root=folder, font_paths=[fonts], ignore_system_fonts=True, format="pdf"
        )
    except typst.TypstError as error:
        raise WorkbenchError(f"report.md cannot be set as PDF: {error}") from error


def _string(text: str) -> str:
    """A string of Typst's. All text of the document is in strings, so none of it is taken for markup."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _blocks(nodes: Sequence[Node], folder: Path) -> str:
    return "\n\n".join(_block(node, folder) for node in nodes)


def _block(node: Node, folder: Path) -> str:
    match node.type:
        case "heading":
            return f"#heading(level: {node.tag[1:]})[{_text(spans(node.children))}]"
        case "paragraph":
            pictures = [_picture(image, folder) for image in _pictures(node)]
            return "\n\n".join([*pictures, _text(spans(node.children))])
        case "bullet_list":
            return f"#list({_items(node, folder)})"
        case "ordered_list":
            return f"#enum(start: {node.attrs.get('start', 1)}, {_items(node, folder)})"
        case "blockquote":
            return f"#quoted[{_blocks(node.children, folder)}]"
        case "table":
            return _table(node)
        case "fence" | "code_block":
            return f"#raw(block: true, {_string(node.content)})"
        case "hr":
            return "#line(length: 100%)"
        case _:
            return ""


def _items(node: Node, folder: Path) -> str:
    return ", ".join(f"[{_blocks(item.children, folder)}]" for item in node.children)


def _pictures(paragraph: Node) -> list[Node]:
    return [node for inline in paragraph.children for node in inline.children if node.type == "image"]


def _picture(node: Node, folder: Path) -> str:
    name = unquote(str(node.attrs["src"]))
    try:
        with Image.open(folder / name) as content:
            width, height = (pixels / PIXELS * 25.4 for pixels in content.size)
    except OSError as error:
        reason = "is not there" if isinstance(error, FileNotFoundError) else "is no picture that can be shown"
        raise WorkbenchError(
            f"{folder / name} {reason}, and report.md names it: take it out of the text, or fill the report again with "
            "python -m workbench report RUN..."
        ) from error
    width *= min(1.0, HIGHEST / height)
    caption = _text(spans(node.children))
    options = f"caption: [{caption}], numbering: none, supplement: none" if text_of(node.children) else ""
    return f"#figure(box(width: calc.min({width:.1f}mm, 166mm), image({_string(name)}, width: 100%)), {options})"


def _table(node: Node) -> str:
    """Columns are as wide as their text; in a table that is wider than the page the wide ones share what is left."""
    table = table_of(node)
    if len(table.right) > COLUMNS:
        raise WorkbenchError(
            f"report.md has a table too wide for a page: expected at most {COLUMNS} columns, found "
            f"{len(table.right)}; make two of it"
        )
    lengths = [max(sum(len(span.text) for span in cell) for cell in column) for column in zip(*table.rows, strict=True)]
    columns = ["auto" if sum(lengths) < LINE or length <= NARROW else "1fr" for length in lengths]
    sides = ["right" if right else "left" for right in table.right]
    head, *body = [", ".join(f"[{_text(cell)}]" for cell in row) for row in table.rows]
    rows = ",\n  ".join([f"table.header({head})", *body])
    drawn = f"#table(columns: ({', '.join(columns)},), align: ({', '.join(sides)},),\n  {rows}\n)"
    return f"#show table.cell.where(y: 0): strong\n#block(breakable: {str(len(body) > TOGETHER).lower()})[{drawn}]"


def _text(content: Iterable[Span]) -> str:
    return "".join(map(_span, content))


def _span(span: Span) -> str:
    if span.text == "\n":
        return "#linebreak()"
    text = f"#{_string(span.text)}" if not span.code else f"#raw({_string(span.text)})"
    text = f"#strong[{text}]" if span.bold else text
    text = f"#emph[{text}]" if span.italic else text
    return f"#link({_string(span.link)})[{text}]" if span.link else text
